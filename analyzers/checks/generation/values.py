"""What is generated from the activity of a principal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from analyzers.checks.recommendation.values import Answer, Proof


class Trail(NamedTuple):
    """A trail that the activity was read from. `regions`: none if all were read."""

    arn: str
    regions: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """`TrailProperties` of the API."""
        told: dict[str, Any] = {"cloudTrailArn": self.arn, "allRegions": not self.regions}
        return told | ({"regions": list(self.regions)} if self.regions else {})


class Doing(NamedTuple):
    """An action with the resources that it was used on; none if it is not known on which."""

    action: str
    resources: tuple[str, ...] = ()
    last: datetime | None = None


class Needed(NamedTuple):
    """An action that another one needs besides, and that no source records."""

    action: str
    needs: str


@dataclass(frozen=True, slots=True)
class Generated:
    """`policies`: documents, pretty JSON; several if one would be too large. `done`: what they are made from.

    `services_only`: services that were used, it is not known for what (the service-level template names them).
    `denied_only`: actions that were only ever refused: they are left out. `outside`: used, but not within the
    guardrail. `placeholders`: whether there are `${...}` to fill in. `gaps`: why activity may be missing. `refused`:
    why there is no policy.
    """

    principal: str
    start: datetime
    end: datetime
    policies: tuple[str, ...] = ()
    done: tuple[Doing, ...] = ()
    services_only: tuple[str, ...] = ()
    denied_only: tuple[str, ...] = ()
    outside: tuple[Doing, ...] = ()
    needed: tuple[Needed, ...] = ()
    placeholders: bool = False
    gaps: tuple[str, ...] = ()
    proofs: tuple[Proof, ...] = ()
    refused: str = ""
    trails: tuple[Trail, ...] = ()
    seconds: float = 0.0

    @property
    def proved(self) -> bool:
        """Whether there is a policy, and all that is claimed of it is proven."""
        return bool(self.policies) and not self.refused and all(one.verdict is Answer.PROVED for one in self.proofs)

    @property
    def is_complete(self) -> bool:
        """Whether all actions that were used are known and in the policies."""
        return not (self.services_only or self.outside or self.gaps or self.refused)

    def as_json(self) -> dict[str, Any]:
        """`GeneratedPolicyResult` of the API; instants as ISO texts."""
        properties: dict[str, Any] = {"isComplete": self.is_complete, "principalArn": self.principal}
        if self.trails:
            properties["cloudTrailProperties"] = {
                "trailProperties": [trail.as_json() for trail in self.trails],
                "startTime": self.start.isoformat(),
                "endTime": self.end.isoformat(),
            }
        return {"properties": properties, "generatedPolicies": [{"policy": text} for text in self.policies]}
