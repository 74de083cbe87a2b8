"""Conditions in words.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

from analyzers.policy.model import Condition, SetQualifier
from analyzers.policy.operators import Family, OperatorRule, lookup

MOST = 8
_KEYS = {
    "aws:calledvia": "the services that pass the call on",
    "aws:currenttime": "the time",
    "aws:multifactorauthpresent": "whether a second factor was used to sign in",
    "aws:multifactorauthage": "the seconds since the second factor was used",
    "aws:principalaccount": "the account of the caller",
    "aws:principalarn": "the caller",
    "aws:principalisawsservice": "whether an AWS service calls by itself",
    "aws:principalorgid": "the organization of the caller",
    "aws:principalorgpaths": "where the caller's account is in its organization",
    "aws:principalservicename": "the AWS service that calls",
    "aws:principaltype": "the kind of caller",
    "aws:referer": "the page that the browser says it comes from (anybody can claim any)",
    "aws:requestedregion": "the region that is called",
    "aws:resourceaccount": "the account of the resource",
    "aws:resourceorgid": "the organization of the resource",
    "aws:securetransport": "whether the connection is encrypted",
    "aws:sourceaccount": "the account on whose behalf an AWS service calls",
    "aws:sourcearn": "the resource on whose behalf an AWS service calls",
    "aws:sourceip": "the internet address of the caller",
    "aws:sourceorgid": "the organization on whose behalf an AWS service calls",
    "aws:sourcevpc": "the virtual network (VPC) that the call comes from",
    "aws:sourcevpce": "the VPC endpoint that the call comes through",
    "aws:tagkeys": "the names of the tags in the call",
    "aws:useragent": "what the program calls itself (anybody can claim any)",
    "aws:userid": "the unique id of the caller",
    "aws:username": "the name of the user",
    "aws:viaawsservice": "whether an AWS service calls on the caller's behalf",
    "kms:calleraccount": "the account of the caller",
    "kms:viaservice": "the AWS service through which the key is used",
    "s3:prefix": "the beginning of the names that are listed",
    "s3:x-amz-acl": "the access control list that is set",
    "sts:externalid": "the external id that the caller must know",
    "iam:passedtoservice": "the service that the role is given to",
    "iam:permissionsboundary": "the permissions boundary that is set",
}
_TAGS = {
    "aws:principaltag/": "the caller's tag {}",
    "aws:resourcetag/": "the resource's tag {}",
    "aws:requesttag/": "the tag {} in the call",
}
_COMPARED = {"lt": "less than", "le": "at most", "gt": "more than", "ge": "at least", "eq": "", "ne": "not"}
_DATES = {"lt": "before", "le": "at or before", "gt": "after", "ge": "at or after", "eq": "exactly", "ne": "not"}


def condition_in_words(condition: Condition) -> str:
    """`the organization of the caller (aws:PrincipalOrgID) is o-a1b2`."""
    operator = condition.operator
    rule = lookup(operator.name) if operator.known else None
    key = _key(condition.key)
    if rule is None:
        return f"{key} passes the test {operator.name}, which is not an operator that AWS documents"
    if rule.family is Family.NULL:
        absent = [value.lower() == "true" for value in condition.values]
        return f"the request does {'not ' if all(absent) else ''}tell {key}"
    test = f"{key} {_test(rule, condition.values)}"
    if operator.qualifier is SetQualifier.FOR_ALL_VALUES:
        test = f"each value of {test} (also if there is none at all)"
    elif operator.qualifier is SetQualifier.FOR_ANY_VALUE:
        test = f"at least one value of {test}"
    if operator.if_exists:
        test += " (or the request does not tell it)"
    elif rule.negated and operator.qualifier is None:
        test += " (also if the request does not tell it)"
    return test


def _key(key: str) -> str:
    lower = key.lower()
    about = _KEYS.get(lower)
    for prefix, words in _TAGS.items():
        if lower.startswith(prefix):
            about = words.format(key[len(prefix) :])
    return f"{about} ({key})" if about else key


def _test(rule: OperatorRule, values: tuple[str, ...]) -> str:
    shown = [f'"{value}"' if not value or " " in value else value for value in values[:MOST]]
    more = f", or {len(values) - MOST} more" if len(values) > MOST else ""
    listed = " or ".join(shown) + more
    if rule.family is Family.BOOL:
        return f"is {listed}"
    if rule.family is Family.DATE:
        return f"is {_DATES[rule.comparison or 'eq']} {listed}"
    if rule.family is Family.NUMERIC:
        return " ".join(filter(None, ["is", _COMPARED[rule.comparison or "eq"], listed]))
    if rule.family is Family.IP:
        return f"is {'outside' if rule.negated else 'within'} {listed}"
    likes = rule.glob and any(set("*?") & set(value) for value in values)
    verb = ("does not look like" if rule.negated else "looks like") if likes else ("is not" if rule.negated else "is")
    return f"{verb} {listed}" + (" (in any case of letters)" if rule.ignore_case else "")
