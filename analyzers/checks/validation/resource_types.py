"""What belongs into the policy of a bucket, an access point, a table, a role.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from analyzers.policy.errors import quote

from . import knowledge
from .document import TRUST, TRUST_ACTIONS, Document
from .rule import Found, Rule, found
from .values import FindingType


class Kind(NamedTuple):
    """`services` of its actions; `works_on`: keys of resource types, one of which a named action works on (none: any).
    `arns` match its resources."""

    services: tuple[str, ...]
    works_on: frozenset[str]
    arns: re.Pattern[str]


KINDS = {
    "AWS::S3::Bucket": Kind(
        ("s3",),
        frozenset({"bucket", "object"}),
        re.compile(r"arn:[^:]*:s3:(?:\*?):(?:\*?):(?!accesspoint).*\Z", re.DOTALL),
    ),
    "AWS::S3::AccessPoint": Kind(
        ("s3",), frozenset(), re.compile(r"arn:[^:]*:s3:[^:]*:[^:]*:(accesspoint[/:]|[^:]*[*?]).*\Z", re.DOTALL)
    ),
    "AWS::S3::MultiRegionAccessPoint": Kind(
        ("s3",), frozenset(), re.compile(r"arn:[^:]*:s3:(?:\*?):[^:]*:(accesspoint[/:]|[^:]*[*?]).*\Z", re.DOTALL)
    ),
    "AWS::S3ObjectLambda::AccessPoint": Kind(
        ("s3-object-lambda",),
        frozenset(),
        re.compile(r"arn:[^:]*:s3-object-lambda:[^:]*:[^:]*:(accesspoint[/:]|[^:]*[*?]).*\Z", re.DOTALL),
    ),
    "AWS::DynamoDB::Table": Kind(
        ("dynamodb",),
        frozenset({"table", "index", "stream"}),
        re.compile(r"arn:[^:]*:dynamodb:[^:]*:[^:]*:(table/|[^:]*[*?]).*\Z", re.DOTALL),
    ),
}
_OWN = {
    "s3:resourceaccount": ("AWS::S3::Bucket", "AWS::S3::AccessPoint", "AWS::S3::MultiRegionAccessPoint"),
    "aws:resourceaccount": tuple(KINDS),
    "aws:resourceorgid": tuple(KINDS),
    "aws:resourceorgpaths": tuple(KINDS),
}
"""Keys about the resource itself: in its own policy their value is always the same."""


def unsupported_action(document: Document) -> Iterator[Found]:
    for statement in document.statements if document.resource_type else ():
        for action in statement.texts("Action"):
            if not _fits(action.lower, document.resource_type):
                yield found(
                    f"{quote(action.value)} has no place in the policy of {_name(document)}: it does nothing to it. "
                    "Remove it, or allow it elsewhere.",
                    action.path,
                )


def _fits(action: str, resource_type: str) -> bool:
    prefix, colon, _ = action.partition(":")
    if not colon or knowledge.is_wild(prefix):
        return True
    if resource_type == TRUST:
        return prefix == "sts" and (knowledge.is_wild(action) or action in TRUST_ACTIONS)
    kind = KINDS[resource_type]
    if prefix not in kind.services:
        return not knowledge.is_service(prefix)  # what does not exist at all is told elsewhere
    known = None if knowledge.is_wild(action) else knowledge.action(action)
    return known is None or not kind.works_on or not kind.works_on.isdisjoint(known.resource_types)


def unsupported_resource_arn(document: Document) -> Iterator[Found]:
    kind = KINDS.get(document.resource_type)
    for statement in document.statements if kind else ():
        for resource in statement.texts("Resource"):
            whole = resource.value.startswith("arn:") and resource.value.count(":") > 4
            if kind and whole and not kind.arns.match(resource.value):
                yield found(
                    f"{quote(resource.value)} is not {_name(document)} or a part of one. Name the resource that "
                    "the policy is attached to.",
                    resource.path,
                )


def irrelevant_condition_key(document: Document) -> Iterator[Found]:
    for statement in document.statements if document.resource_type else ():
        for line in statement.lines_of(*_OWN):
            if document.resource_type in _OWN[line.lower]:
                yield found(
                    f"{line.key} is the same for all requests to {_name(document)}. Remove the condition; use it in "
                    "the policies of users and roles.",
                    line.path,
                )


_NAMES = {
    "AWS::S3::Bucket": "a bucket",
    "AWS::S3::AccessPoint": "an access point",
    "AWS::S3::MultiRegionAccessPoint": "a Multi-Region access point",
    "AWS::S3ObjectLambda::AccessPoint": "an Object Lambda access point",
    "AWS::DynamoDB::Table": "a table",
    TRUST: "a role",
}


def _name(document: Document) -> str:
    return _NAMES[document.resource_type]


def s3_prefix_in_negative_context(document: Document) -> Iterator[Found]:
    for statement in document.statements:
        for line in statement.lines_of("s3:prefix"):
            if line.compares and (statement.denies, line.negated) in {(True, False), (False, True)}:
                yield found(
                    "Whoever asks for a shorter prefix gets round this, and sees the same objects. Allow with "
                    "StringLike what may be listed, or deny with StringNotLike all else.",
                    line.path,
                )


def dynamodb_attributes_without_select(document: Document) -> Iterator[Found]:
    for statement in document.allowing:
        select = [
            line
            for line in statement.lines_of("dynamodb:select")
            if not line.negated and [value.value for value in line.values] == ["SPECIFIC_ATTRIBUTES"]
        ]
        for line in statement.lines_of("dynamodb:attributes"):
            if line.compares and not select:
                yield found(
                    "Whoever asks for no attributes in particular gets all of them. Add the condition that "
                    "dynamodb:Select is SPECIFIC_ATTRIBUTES to the same statement.",
                    line.path,
                )


RULES = (
    Rule(
        "UNSUPPORTED_ACTION_IN_POLICY",
        FindingType.ERROR,
        unsupported_action,
        "needs the resource type; of access points only the service",
    ),
    Rule("UNSUPPORTED_RESOURCE_ARN_IN_POLICY", FindingType.ERROR, unsupported_resource_arn, "needs the resource type"),
    Rule(
        "IRRELEVANT_CONDITION_KEY_IN_POLICY",
        FindingType.SUGGESTION,
        irrelevant_condition_key,
        "of keys about the resource itself (s3:ResourceAccount is documented); needs the resource type",
    ),
    Rule("S3_PREFIX_IN_NEGATIVE_CONTEXT", FindingType.SECURITY_WARNING, s3_prefix_in_negative_context),
    Rule("DYNAMODB_ATTRIBUTES_WITHOUT_SELECT", FindingType.SECURITY_WARNING, dynamodb_attributes_without_select),
)
