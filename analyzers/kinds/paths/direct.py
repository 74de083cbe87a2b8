"""Who has access to a resource without any step, asked directly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .questions import Asking, Reply
from .target import Level, Target
from .world import World


@dataclass(frozen=True, slots=True)
class Direct:
    """By ARN, what was answered for each level; a *no* is left out. `complete`: everybody was asked."""

    replies: Mapping[str, Mapping[Level, Reply]]
    complete: bool = True

    @property
    def truths(self) -> dict[str, bool | None]:
        """Whether each has some access; None where all of it is not known."""
        return {
            arn: True if any(reply.truth for reply in replies.values()) else None
            for arn, replies in self.replies.items()
        }


def direct_access(world: World, target: Target, asking: Asking) -> Direct:
    """Everybody of the population. Past the asking's time the rest is *not known*."""
    found: dict[str, dict[Level, Reply]] = {}
    for member in world.population.members:
        caller = world.caller(member.arn)
        for question in target.questions:
            known = found.get(member.arn, {}).get(question.level)
            if known is not None and known.truth:
                continue
            reply = asking.ask(caller, question.actions, question.place)
            if reply.truth is not False and (known is None or reply.truth):
                found.setdefault(member.arn, {})[question.level] = reply
    return Direct(found, not asking.over)
