"""All the policies that meet in one decision.

The wire shape is that of `manage.py simulate`; docs/simulate.md describes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analyzers.policy import Policy, PolicyError, parse, parse_value

Documents = tuple[Policy, ...]
Levels = Mapping[str, Documents]

FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
OWNERSHIPS = ("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter")
_LISTS = ("identity", "resource", "trust", "key_policy")
_LIMITS = ("boundary", "session")
_LEVELS = ("scp_levels", "rcp_levels")
_KEYS = frozenset((*_LISTS, *_LIMITS, *_LEVELS, "bpa", "acl", "ownership", "principal_account_is_management"))


@dataclass(frozen=True, slots=True)
class PolicySet:
    """What is given is all there is: a list that is empty says nothing, a limit that is None does not limit.

    `boundary`, `session`: documents that unite. `scp_levels`: of the caller's account, `rcp_levels`: of the
    resource's, from the organization's root down; None where the organization does not use them. `bpa`: the
    effective Block Public Access flags. `acl`: grants of the bucket or object asked for.
    """

    identity: Documents = ()
    resource: Documents = ()
    boundary: Documents | None = None
    session: Documents | None = None
    scp_levels: Levels | None = None
    rcp_levels: Levels | None = None
    trust: Documents = ()
    key_policy: Documents = ()
    bpa: Mapping[str, bool] = field(default_factory=dict)
    acl: tuple[Mapping[str, Any], ...] = ()
    ownership: str = ""
    principal_account_is_management: bool = False

    @classmethod
    def from_json(cls, data: Any) -> PolicySet:
        """Raises ValueError, which names the element, for what is not understood; nothing is passed over."""
        if not isinstance(data, Mapping):
            raise ValueError("policies must be an object")
        unknown = sorted(str(key) for key in data.keys() - _KEYS)
        if unknown:
            raise ValueError(f"policies has no element {unknown[0][:60]!r}")
        given: dict[str, Any] = {name: _documents(data.get(name), name) for name in _LISTS}
        given |= {name: _documents(data[name], name) for name in _LIMITS if data.get(name) is not None}
        given |= {name: _levels(data[name], name) for name in _LEVELS if data.get(name) is not None}
        ownership = data.get("ownership") or ""
        if ownership and ownership not in OWNERSHIPS:
            raise ValueError(f"ownership must be one of {', '.join(OWNERSHIPS)}")
        management = data.get("principal_account_is_management")
        if management not in (None, True, False):
            raise ValueError("principal_account_is_management must be true or false")
        return cls(
            **given,
            bpa=_flags(data.get("bpa")),
            acl=_grants(data.get("acl")),
            ownership=ownership,
            principal_account_is_management=bool(management),
        )


def _documents(value: Any, name: str) -> Documents:
    if value is None:
        return ()
    if not isinstance(value, list):
        return (_document(value, name),)
    return tuple(_document(item, f"{name}[{number}]") for number, item in enumerate(value))


def _document(value: Any, name: str) -> Policy:
    try:
        return parse(value) if isinstance(value, str) else parse_value(value)
    except PolicyError as error:
        where = f" ({error.where})" if error.path else ""
        raise ValueError(f"{name}: {error.message}{where}") from error


def _levels(value: Any, name: str) -> Levels:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be an object of lists of documents")
    return {str(level): _documents(documents, f"{name}.{level}") for level, documents in value.items()}


def _flags(value: Any) -> Mapping[str, bool]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError("bpa must be an object")
    for name, flag in value.items():
        if name not in FLAGS or not isinstance(flag, bool):
            raise ValueError(f"bpa must hold {', '.join(FLAGS)}, each true or false")
    return dict(value)


def _grants(value: Any) -> tuple[Mapping[str, Any], ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(grant, Mapping) for grant in value):
        raise ValueError("acl must be a list of objects")
    return tuple(value)
