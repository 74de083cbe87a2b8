"""Which actions stay and which go, by the evidence: service by service, over all action names that are known.

Known are those of the catalogue, and those that the evidence names besides. An action goes only if it is told to be
UNUSED; what is USED or not known stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import NamedTuple

from analyzers import catalogue
from analyzers.usage.evidence import Evidence, State, Told
from analyzers.usage.unseen import silent

from .inclusion import Actions, is_plain

_TAKE_NO_ROLE = Actions(
    [
        *(
            "sqs:*",
            "kms:*",
            "secretsmanager:*",
            "dynamodb:*",
            "execute-api:*",
            "xray:put*",
            "ses:send*",
            "sns:publish*",
        ),
        *("s3:put*object*", "s3:*deleteobject*", "s3:putbucket*", "s3:abort*", "s3:restoreobject", "s3:*bucket"),
        *("logs:putlogevents", "logs:createlogstream", "logs:createloggroup", "logs:putretentionpolicy"),
        *("events:putevents", "kinesis:putrecord*", "firehose:putrecord*", "cloudwatch:putmetricdata"),
        *("lambda:invoke*", "states:start*execution", "ssm:putparameter", "bedrock:invoke*"),
    ]
)
"""Writing actions that are common, and surely hand neither a role nor anything else on to a service."""

NeededBy = Callable[[], str]
"""An action that stays and may need rights that are `silent`, or an empty text."""


class Name(NamedTuple):
    """An action (spelled as the catalogue has it), whether it stays, and what is told of it."""

    text: str
    stays: bool
    told: Told


class ServiceNames(NamedTuple):
    """All known actions of a service. `told`: of the service as a whole; `names`: by full name in lower case, sorted.
    `known`: whether the catalogue has the service."""

    prefix: str
    told: Told
    names: Mapping[str, Name]
    known: bool

    @property
    def unused(self) -> bool:
        """Whether no request is made to the service; rights that are `silent` may stay all the same."""
        return self.told.state is State.UNUSED and self.known

    @property
    def goes(self) -> bool:
        """Whether nothing of the service stays."""
        return self.told.state is State.UNUSED and not any(name.stays for name in self.names.values())


class Judge:
    """`needed_by` is asked of rights that are `silent`: no request is made for them alone."""

    def __init__(self, evidence: Evidence, since: datetime, now: datetime) -> None:
        self.evidence, self.since, self.now = evidence, since, now
        self.needed_by: NeededBy = lambda: ""
        self._services: dict[str, ServiceNames] = {}

    def service(self, prefix: str) -> ServiceNames:
        prefix = prefix.lower()
        found = self._services.get(prefix)
        if found is None:
            found = self._services[prefix] = self._judge(prefix)
        return found

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """Of all services that are known."""
        named = {use.action.partition(":")[0].lower() for use in self.evidence.uses}
        reported = self.evidence.report.services.keys() if self.evidence.report else ()
        return tuple(sorted({one.prefix for one in catalogue.services()} | named | {p.lower() for p in reported}))

    def action(self, name: str) -> Name:
        """Of any action, also one that is not known."""
        lower = name.lower()
        known = self.service(lower.partition(":")[0])
        return known.names.get(lower) or self._name(lower, name, known.known)

    def is_unused(self, prefix: str) -> bool:
        """Of a service: whether no request is made to it."""
        return self.evidence.of_service(prefix, self.since, self.now).state is State.UNUSED

    def may_be_used(self, action: str) -> bool:
        """Of an action that requests are made for."""
        return self.evidence.of_action(action, self.since, self.now).state is not State.UNUSED

    def in_full(self, action: str) -> bool:
        """Whether a trail tells every use of the action in the period, so that there are no others than it names."""
        trails = replace(self.evidence, uses=(), report=None)
        return trails.of_action(action, self.since, self.now).state is State.UNUSED

    @cached_property
    def _named(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Actions that the evidence names, by service: (lower case, spelled)."""
        found: dict[str, dict[str, str]] = {}
        for use in self.evidence.uses:
            found.setdefault(use.action.partition(":")[0].lower(), {})[use.action.lower()] = use.action
        for prefix, access in (self.evidence.report.services if self.evidence.report else {}).items():
            for name in access.actions:
                found.setdefault(prefix.lower(), {}).setdefault(name.lower(), name)
        return {prefix: tuple(names.items()) for prefix, names in found.items()}

    def _judge(self, prefix: str) -> ServiceNames:
        told = self.evidence.of_service(prefix, self.since, self.now)
        known = catalogue.service(prefix) is not None
        spelled = {**dict(self._named.get(prefix, ())), **_spelled(prefix)}
        own = {lower for lower, _ in self._named.get(prefix, ())}
        unused = Told(State.UNUSED) if told.state is State.UNUSED and known else None
        names = {
            lower: Name(spelled[lower], False, unused)
            if unused and lower not in own and not silent(lower)
            else self._name(lower, spelled[lower], known)
            for lower in sorted(spelled)
        }
        return ServiceNames(prefix, told, MappingProxyType(names), known)

    def _name(self, lower: str, spelled: str, known: bool) -> Name:
        told = self.evidence.of_action(lower, self.since, self.now)
        if known and silent(lower) and told.state is not State.USED:
            return self._silent(spelled, told)
        if told.state is not State.UNUSED:
            return Name(spelled, True, told)
        if not known:
            return Name(spelled, True, Told(State.UNKNOWN, told.last, "The catalogue does not know the service."))
        return Name(spelled, False, told)

    def _silent(self, spelled: str, told: Told) -> Name:
        """It is exercised within requests for actions that need it only: without any that stays, nothing is lost."""
        if by := self.needed_by():
            return Name(spelled, True, Told(State.UNKNOWN, told.last, f"No source records it, and {by} may need it."))
        return Name(spelled, False, Told(State.UNUSED, told.last, "Nothing that stays can need it."))


@lru_cache(maxsize=1024)
def _spelled(prefix: str) -> Mapping[str, str]:
    return {one.full_name.lower(): one.full_name for one in catalogue.actions_of(prefix)}


@lru_cache(maxsize=1)
def _taking_a_role() -> Mapping[str, tuple[str, ...]]:
    """Actions that may hand a role, a connection or a log on to a service, by service. The catalogue does not tell
    which do, so: all that write something, but those that surely do not."""
    return {
        service.prefix: tuple(
            one.full_name
            for one in catalogue.actions_of(service.prefix)
            if one.access_level in {"Write", "Permissions management"}
            and not _TAKE_NO_ROLE.match(one.full_name.lower())
            and not silent(one.full_name)
        )
        for service in catalogue.services()
        if service.prefix not in {"iam", "sts"}
    }


def needing(granted: Sequence[Granted], judge: Judge) -> NeededBy:
    """`granted`: the statements that allow."""

    @lru_cache(maxsize=1)
    def needed_by() -> str:
        candidates = _taking_a_role()
        for statement in granted:
            for prefix in sorted(statement.services or candidates):
                for name in () if judge.is_unused(prefix) else candidates.get(prefix, ()):
                    if statement.match(name.lower()) and judge.may_be_used(name):
                        return name
        return ""

    return needed_by


class Granted:
    """The action names of a statement that allows. `services`: the only ones that it names; None: any."""

    def __init__(self, patterns: Sequence[str], negated: bool) -> None:
        self._actions, self._negated = Actions(patterns), negated
        named = {one.partition(":")[0].lower() for one in patterns}
        self.services = None if negated or not all(map(is_plain, named)) else named

    def match(self, action: str) -> bool:
        """Whether it allows the action (lower case)."""
        return self._actions.match(action) != self._negated
