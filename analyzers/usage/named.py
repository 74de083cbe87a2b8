"""The resources that a record names, as far as they are what the permission was asked for.

Either the parameters of the request name them, by the table below, or the record lists their ARNs. Objects of S3 are
folded into all of their bucket. Nothing is told where a name may mean something else (an access point, a secret without
the end that its ARN has), since what is told is used to narrow policies. Roles, users and groups of IAM are told
without their path, which requests do not hold. Source: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

import msgspec

from analyzers import catalogue

from .records import Record
from .special_events import IN_OLD_VERSION

Parameters = tuple[str | None, ...]
Decode = Callable[[msgspec.Raw], msgspec.Struct | None]
NO_PARAMETERS = (msgspec.DecodeError, UnicodeDecodeError)

MOST = 10
"""Resources of one event; if it names more, none is told."""
_LONGEST = 1600


class Place(NamedTuple):
    """Where a call was made: what an ARN needs besides a name."""

    partition: str
    region: str
    account: str


class _Rule(NamedTuple):
    """`parameter` of the request and the ARN behind `arn:PARTITION:`, if the value has the form `form`."""

    parameter: str
    form: re.Pattern[str]
    arn: str


def _rule(parameter: str, form: str, arn: str) -> _Rule:
    return _Rule(parameter, re.compile(form, re.ASCII), arn)


_ANY = r"([\w+=,.@-]{1,128})"

_RULES: dict[str, dict[str, _Rule]] = {
    "dynamodb": {"table": _rule("tableName", r"([\w.-]{3,255})", "dynamodb:{region}:{account}:table/{0}")},
    "ecr": {"repository": _rule("repositoryName", r"([a-z0-9._/-]{2,256})", "ecr:{region}:{account}:repository/{0}")},
    "iam": {
        "group": _rule("groupName", _ANY, "iam::{account}:group/{0}"),
        "instance-profile": _rule("instanceProfileName", _ANY, "iam::{account}:instance-profile/{0}"),
        "policy": _rule("policyArn", r"(?!)", ""),
        "role": _rule("roleName", _ANY, "iam::{account}:role/{0}"),
        "user": _rule("userName", _ANY, "iam::{account}:user/{0}"),
    },
    "kinesis": {"stream": _rule("streamName", r"([\w.-]{1,128})", "kinesis:{region}:{account}:stream/{0}")},
    "kms": {"key": _rule("keyId", r"((?:mrk-)?[0-9a-f-]{32,36})", "kms:{region}:{account}:key/{0}")},
    "lambda": {"function": _rule("functionName", r"([\w-]{1,140})", "lambda:{region}:{account}:function:{0}")},
    "s3": {
        "bucket": _rule("bucketName", r"((?!.*--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias))", "s3:::{0}"),
        "object": _rule("bucketName", r"((?!.*--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias))", "s3:::{0}/*"),
    },
    "secretsmanager": {"Secret": _rule("secretId", r"(?!)", "")},
    "sns": {"topic": _rule("topicArn", r"(?!)", "")},
    "sqs": {"queue": _rule("queueUrl", r"https://[\w.-]+/(\d{12})/([\w.-]{1,80})", "sqs:{region}:{0}:{1}")},
    "ssm": {"parameter": _rule("name", r"/?([\w./-]{1,1011})", "ssm:{region}:{account}:parameter/{0}")},
    "states": {"statemachine": _rule("stateMachineArn", r"(?!)", "")},
    "sts": {"role": _rule("roleArn", r"(?!)", "")},
}
"""By prefix and resource type of the catalogue. A value that is an ARN of the service stands for itself."""

_BESIDE = {
    "dynamodb": {"index", "stream", "global-table"},
    "kms": {"alias"},
    "s3": {"accesspoint", "accesspointobject"},
    "sts": {"self-session"},
}
"""Resource types that an action may have besides, and which no rule here tells of: the request would name them so."""

_WHOLE = {
    "secretsmanager": re.compile(
        r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}", re.ASCII
    ),
    "s3": re.compile(r"(?!)", re.ASCII),
}
"""What an ARN in a parameter must look like, where not every ARN is whole."""

_OF_OTHERS = {"sts": "iam"}
"""Services whose actions concern resources of another."""

_MORE = {"dynamodb": ("indexName",), "lambda": ("qualifier",), "s3": ("versionId", "x-amz-copy-source")}
_ARN = re.compile(r"arn:aws[a-z-]*:([a-z0-9-]+):[a-z0-9-]*:(?:\d{12}|aws)?:[!-~]+", re.ASCII)
_SOURCE = re.compile(r"/?((?!arn:)[^/?]+)/", re.ASCII)


class Wanted(NamedTuple):
    """What is read of the records of an event for one action."""

    action: str
    prefix: str
    types: tuple[str, ...]
    by_rule: bool


@lru_cache(maxsize=1 << 14)
def wanted(action: str) -> Wanted | None:
    """None if the action has no resources."""
    prefix = action.partition(":")[0]
    types = _types(prefix).get(action, ())
    if not types:
        return None
    rules = _RULES.get(prefix, {})
    own = tuple(one for one in types if one in rules)
    by_rule = bool(own) and set(types) <= set(rules) | _BESIDE.get(prefix, set())
    return Wanted(action, prefix, own if by_rule else (), by_rule)


@cache
def decoder_of(prefix: str) -> Decode | None:
    """Reads those parameters of a request that the rules of a service want, in the order of `_names`, and no others.

    It raises `NO_PARAMETERS` where they have another form. None itself if there are no rules.
    """
    told = _names(prefix)
    if not told:
        return None
    fields = [
        (re.sub(r"\W", "_", name), str | None, msgspec.field(default=None, name=name))  # one of them has hyphens
        for name in told
    ]
    shape = msgspec.defstruct("Parameters", fields, gc=False)
    return msgspec.json.Decoder(shape | None).decode


@lru_cache(maxsize=1 << 14)
def by_parameters(values: Parameters, want: Wanted, place: Place) -> tuple[str, ...]:
    """ARNs, out of the parameters alone; empty if these do not tell them."""
    if not want.by_rule or not values:
        return ()
    told = dict(zip(_names(want.prefix), values, strict=True))
    if want.action == "s3:GetObject" and (copied := told.get("x-amz-copy-source")):
        source = _SOURCE.match(copied)
        told = {"bucketName": source[1] if source else ""}
    found = []
    for one in want.types:
        rule = _RULES[want.prefix][one]
        value = told.get(rule.parameter)
        arn = _arn(value, rule, want.prefix, place) if value and len(value) <= _LONGEST else None
        if arn:
            found.append(arn + _more(told, want.prefix))
    return tuple(found)


def listed(record: Record, want: Wanted) -> tuple[str, ...]:
    """The ARNs that the record lists; empty if it lists none of the service, or very many."""
    arns = {one.arn for one in record.resources or () if one.arn and len(one.arn) <= _LONGEST}
    service = _OF_OTHERS.get(want.prefix, want.prefix)
    of_service = sorted(arn for arn in arns if (match := _ARN.fullmatch(arn)) and match[1] == service)
    if want.prefix == "s3":
        of_service = _buckets(of_service, want)
    return tuple(of_service) if len(of_service) <= MOST else ()


def spelled_for_version(action: str, values: Parameters) -> str:
    """The action that S3 asks for, if the request names a version of the object."""
    other = IN_OLD_VERSION.get(action)
    return other if other and values and values[_names("s3").index("versionId")] else action


def _arn(value: str, rule: _Rule, prefix: str, place: Place) -> str | None:
    if value.startswith("arn:"):
        match = (_WHOLE.get(prefix) or _ARN).fullmatch(value)
        return value if match and value.split(":", 3)[2] == _OF_OTHERS.get(prefix, prefix) else None
    found = rule.form.fullmatch(value)
    if found is None:
        return None
    named = rule.arn.format(*found.groups(), region=place.region, account=place.account)
    return f"arn:{place.partition}:{named}"


def _more(told: Mapping[str, str | None], prefix: str) -> str:
    """An index has permissions of its own, and so has a version of a function."""
    if prefix == "dynamodb" and (index := told.get("indexName")) and re.fullmatch(r"[a-zA-Z0-9_.-]{3,255}", index):
        return f"/index/{index}"
    if (
        prefix == "lambda"
        and (qualifier := told.get("qualifier"))
        and re.fullmatch(r"[a-zA-Z0-9_$-]{1,128}", qualifier)
    ):
        return f":{qualifier}"
    return ""


def _buckets(arns: list[str], want: Wanted) -> list[str]:
    found = set()
    for arn in arns:
        start, _, name = arn.partition(":::")
        bucket = name.partition("/")[0]
        if _RULES["s3"]["bucket"].form.fullmatch(bucket):
            found.add(f"{start}:::{bucket}" + ("/*" if "object" in want.types else ""))
    return sorted(found)


@cache
def _types(prefix: str) -> dict[str, tuple[str, ...]]:
    return {action.full_name: action.resource_types for action in catalogue.actions_of(prefix)}


@cache
def _names(prefix: str) -> tuple[str, ...]:
    return tuple(sorted({rule.parameter for rule in _RULES.get(prefix, {}).values()} | set(_MORE.get(prefix, ()))))
