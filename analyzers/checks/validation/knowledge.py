"""What the catalogue knows, laid out for looking up. Read service by service, as a policy names them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import NamedTuple

from analyzers import catalogue
from analyzers.catalogue import Action
from analyzers.policy.pattern import tokens
from analyzers.reasoning.matching import glob_matches

from . import global_keys

_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|<[^>]*>|(?<=/)tag-key\Z")
_CLOSED = (
    "codestar crowd deepcomposer deeplens deepracer elastic-inference evidently gamesparks iot1click iotevents "
    "iotroborunner mobilehub sagemaker-groundtruth-synthetic sumerian zocalo"
)
_RETIRED = frozenset(_CLOSED.split())
"""Services that AWS has closed, and that its own policies still name: the catalogue has nothing of them any more."""

_LONGEST = 128
"""No name of the catalogue is longer; of what is, nothing near is looked for."""


class Key(NamedTuple):
    """A condition key with its type as the catalogue has it: String, ArrayOfString, Numeric, ..."""

    name: str
    type: str

    @property
    def multivalued(self) -> bool:
        return self.type.startswith("ArrayOf")

    @property
    def base(self) -> str:
        return self.type.removeprefix("ArrayOf")


class Template(NamedTuple):
    """The ARN of a resource type, placeholders as `*`."""

    region: str
    account: str
    resource: str


def is_service(prefix: str) -> bool:
    return catalogue.service(prefix) is not None or is_retired(prefix)


def is_retired(prefix: str) -> bool:
    """Whether the service is one of those of which nothing is known any more."""
    return prefix.lower() in _RETIRED


@lru_cache(maxsize=512)
def actions(prefix: str) -> dict[str, Action]:
    """The actions of a service, by name in lower case."""
    return {action.name.lower(): action for action in catalogue.actions_of(prefix)}


def action(name: str) -> Action | None:
    prefix, _, wanted = name.lower().partition(":")
    return actions(prefix).get(wanted) if len(name) <= _LONGEST else None


@lru_cache(maxsize=8192)
def matching(pattern: str) -> tuple[Action, ...]:
    """The actions of the one service that the pattern, in lower case, names; none if the service has a wildcard."""
    prefix, _, wanted = pattern.partition(":")
    if not is_wild(wanted):
        found = actions(prefix).get(wanted)
        return (found,) if found else ()
    test = tokens(wanted, wildcards=True, variables=False)
    return tuple(action for name, action in actions(prefix).items() if glob_matches(test, name))


def is_wild(text: str) -> bool:
    return "*" in text or "?" in text


def matches(pattern: str, text: str) -> bool:
    """Whether a glob matches a text: linear in the text for each piece."""
    return glob_matches(tokens(pattern, wildcards=True, variables=False), text)


def nearest(name: str, names: Iterable[str]) -> str:
    """The most similar of the names; empty if none is similar."""
    if len(name) > _LONGEST:
        return ""
    spelled = {one.lower(): one for one in names}
    close = difflib.get_close_matches(name.lower(), spelled, n=1, cutoff=0.75)
    return spelled[close[0]] if close else ""


def nearest_service(prefix: str) -> str:
    return nearest(prefix, (service.prefix for service in catalogue.services()))


# -- condition keys ------------------------------------------------------------------------------------------------


class _Keys(NamedTuple):
    """`patterns` by what stands before the colon; empty, if that is a part of the pattern."""

    exact: dict[str, Key]
    patterns: dict[str, list[tuple[re.Pattern[str], Key]]]

    def find(self, lower: str) -> Key | None:
        if lower in self.exact:
            return self.exact[lower]
        tests = self.patterns.get(lower.partition(":")[0], []) + self.patterns.get("", [])
        return next((key for test, key in tests if test.fullmatch(lower)), None)


def _lay_out(found: Iterable[tuple[str, str]]) -> _Keys:
    exact: dict[str, Key] = {}
    patterns: dict[str, list[tuple[re.Pattern[str], Key]]] = {}
    for name, kind in dict.fromkeys(found):
        if _PLACEHOLDER.search(name):
            prefix = name.lower().partition(":")[0]
            pieces = map(re.escape, _PLACEHOLDER.split(name.lower()))
            test = re.compile(".+".join(pieces), re.DOTALL)
            patterns.setdefault("" if "$" in prefix else prefix, []).append((test, Key(name, kind)))
        else:
            exact[name.lower()] = Key(name, kind)
    return _Keys(exact, patterns)


@lru_cache(maxsize=512)
def _keys_of(prefix: str) -> _Keys:
    return _lay_out((key.key, key.type) for key in catalogue.condition_keys_of(prefix))


@cache
def _keys_of_all() -> _Keys:
    """For the rare key that another service than that of its prefix lists."""
    return _lay_out(
        (key.key, key.type) for service in catalogue.services() for key in catalogue.condition_keys_of(service.prefix)
    )


def key_names(prefix: str) -> list[str]:
    keys = _keys_of(prefix)
    patterns = (key.name for listed in keys.patterns.values() for _, key in listed)
    return [*(key.name for key in keys.exact.values()), *patterns]


def is_provider(prefix: str) -> bool:
    """Whether a key's prefix is that of an identity provider, whose claims nobody lists."""
    return "." in prefix or prefix in {"saml", "cognito-identity-auth", "cognito-identity-unauth"}


@lru_cache(maxsize=32768)
def key(name: str) -> Key | None:
    """A condition key, in any case; None if it is not known."""
    lower = name.lower()
    prefix, _, _ = lower.partition(":")
    if prefix == "aws":
        kind = global_keys.TYPES.get(lower)
        if kind is None and any(lower.startswith(tag) and len(lower) > len(tag) for tag in global_keys.TAG_PREFIXES):
            kind = "String"
        return Key(name, kind) if kind else None
    if lower in global_keys.CROSS_SERVICE:
        return Key(name, global_keys.CROSS_SERVICE[lower])
    for owner in (prefix, *catalogue.foreign_key_prefixes().get(prefix, ())):
        if found := _keys_of(owner).find(lower):
            return found
    if is_provider(prefix) or len(name) > 4 * _LONGEST:
        return None
    return _keys_of_all().find(lower)


@lru_cache(maxsize=8192)
def supports(action: Action, name: str) -> bool:
    """Whether requests for the action can carry the key, by its entry and those of its resource types."""
    lower = name.lower()
    return _keys_of_action(action).find(lower) is not None


@lru_cache(maxsize=2048)
def _keys_of_action(action: Action) -> _Keys:
    types = {one.key: one for one in catalogue.resource_types_of(action.service)}
    names = set(action.condition_keys)
    for name in action.resource_types:
        names |= set(types[name].condition_keys) if name in types else set()
    return _lay_out((name, "") for name in sorted(names))


# -- ARNs ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def _templates_of(prefix: str) -> tuple[tuple[str, Template], ...]:
    found = []
    for one in catalogue.resource_types_of(prefix):
        fields = _PLACEHOLDER.sub("*", one.arn).split(":", 5)
        if len(fields) == 6:
            found.append((fields[2], Template(fields[3], fields[4], fields[5])))
    return tuple(found)


@lru_cache(maxsize=512)
def templates(arn_service: str) -> tuple[Template, ...]:
    """The ARNs of the resource types that the service of this prefix lists under its own name, or under any."""
    return tuple(template for name, template in _templates_of(arn_service) if name in {arn_service, "*"})


@cache
def templates_anywhere() -> dict[str, tuple[Template, ...]]:
    """All ARNs by their service field: services list those of others too."""
    found: dict[str, list[Template]] = {}
    for service in catalogue.services():
        for name, template in _templates_of(service.prefix):
            found.setdefault(name, []).append(template)
    return {name: tuple(dict.fromkeys(listed)) for name, listed in found.items()}
