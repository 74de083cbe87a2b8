"""Small organizations with what a test plants in them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analyzers.kinds.paths.graph import Graph
from analyzers.kinds.paths.questions import Asking
from analyzers.kinds.paths.search import Path, Paths, paths
from analyzers.kinds.paths.target import Target, target_of
from analyzers.kinds.paths.world import Surroundings, World
from analyzers.kinds.policy_sets import side_of
from analyzers.kinds.population import ROLE, USER, Home, Member, Population
from analyzers.kinds.subject import ChannelDocument, Subject

HERE, THERE = "111122223333", "444455556666"
ORGANIZATION = "o-planted"
BUCKET = "arn:aws:s3:::vault"


def arn(kind: str, name: str, account: str = HERE) -> str:
    return f"arn:aws:iam::{account}:{kind}/{name}"


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return allow(action, resource, **more) | {"Effect": "Deny"}


def trust(*principals: Any, **more: Any) -> str:
    return document(
        *({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more} for principal in principals)
    )


def user(name: str, *statements: Mapping[str, Any], account: str = HERE, **more: Any) -> Member:
    identity = (document(*statements),) if statements else ()
    return Member(arn("user", name, account), USER, account, f"AIDA{name.upper()}", identity, **more)


def role(name: str, *statements: Mapping[str, Any], trust: str, account: str = HERE, **more: Any) -> Member:
    identity = (document(*statements),) if statements else ()
    return Member(arn("role", name, account), ROLE, account, f"AROA{name.upper()}", identity, trust=trust, **more)


FULL = document(allow("*"))


@dataclass
class Planted:
    """A bucket of the account HERE, and the members. Control policies: one level each, by account."""

    members: Sequence[Member]
    policy: str | None = None
    scps: Mapping[str, str] = field(default_factory=dict)
    rcps: Mapping[str, str] = field(default_factory=dict)
    around: Surroundings = field(default_factory=Surroundings)
    subject: Subject | None = None
    asking: Asking = field(default_factory=lambda: Asking(seconds=60))

    @property
    def world(self) -> World:
        homes = {
            account: Home(
                account,
                path=f"{ORGANIZATION}/r-1/",
                scp_levels={"root": (self.scps.get(account, FULL),)},
                rcp_levels={"root": (self.rcps[account],)} if account in self.rcps else None,
            )
            for account in (HERE, THERE)
        }
        return World(Population(tuple(self.members), homes, ORGANIZATION), self.around)

    def target(self, *actions: str) -> Target:
        documents = (ChannelDocument("POLICY", "", self.policy),) if self.policy else ()
        subject = self.subject or Subject(BUCKET, "AWS::S3::Bucket", HERE, documents)
        home = self.world.population.homes[HERE]
        return target_of(side_of(subject, home), subject.type, actions)

    def graph(self) -> Graph:
        return Graph(self.world, self.asking)

    def direct(self, *actions: str) -> dict[str, bool | None]:
        from analyzers.kinds.paths.direct import direct_access

        return direct_access(self.world, self.target(*actions), self.asking).truths

    def paths(self, *actions: str, length: int = 3) -> Paths:
        return paths(self.graph(), self.target(*actions), self.direct(*actions), length=length)

    def ways(self, *actions: str, length: int = 3) -> dict[str, Path]:
        """By the name of the principal."""
        found = self.paths(*actions, length=length)
        assert found.complete
        return {path.principal.rsplit("/", 1)[-1]: path for path in found.found}


def names(path: Path) -> list[str]:
    return [step.method.name for step in path.steps]
