"""What S3 adds to a bucket's policy: access control lists, object ownership, Block Public Access.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
"""

from __future__ import annotations

from collections.abc import Callable

from analyzers.policy import arn as arns
from analyzers.policy.model import Condition, Effect, Policy, PrincipalKind, SetQualifier, Statement
from analyzers.policy.operators import Family, lookup

from .acl import policy_from_acl, policy_from_object_acl
from .keys import is_fixed
from .matching import Truth, any_of
from .policy_set import PolicySet

IsPublic = Callable[[Policy], Truth]

PUBLIC_PROVIDER = "graph.facebook.com"
"""A provider that S3 counts as everybody."""


def acl_policies(policies: PolicySet, resource: str) -> tuple[Policy, ...]:
    """The access control list as policies; none where ownership disables it or Block Public Access voids it.

    Raises ValueError for a grant that is not understood.
    """
    fields = arns.split(resource)
    if not policies.acl or fields is None or policies.ownership == "BucketOwnerEnforced":
        return ()
    ignore = policies.bpa.get("IgnorePublicAcls", False)
    bucket, slash, _ = fields[5].partition("/")
    found = [policy_from_acl(policies.acl, bucket, ignore_public=ignore)]
    if slash:
        found.append(policy_from_object_acl(policies.acl, resource, ignore_public=ignore))
    return tuple(policy for policy in found if policy is not None)


def public_by_form(policy: Policy) -> Truth:
    """Whether a bucket policy is public as a whole, as far as its form tells; None where that takes a proof.

    Public: some Allow is for everybody and no condition ties it to a fixed value. Denies may take that back.
    """
    said = any_of(_statement_is_public(statement) for statement in policy.statements)
    denies = any(statement.effect is Effect.DENY for statement in policy.statements)
    if said is False:
        return None if policy.opaque else False
    return None if denies or policy.opaque else said


def _statement_is_public(statement: Statement) -> Truth:
    if statement.effect is Effect.DENY or not _for_everybody(statement):
        return False
    if any(_ties(condition) for condition in statement.conditions):
        return False
    unknown = statement.opaque or any(not condition.operator.known for condition in statement.conditions)
    return None if unknown else True


def _for_everybody(statement: Statement) -> bool:
    principals = statement.principals
    if principals is None or principals.negated:
        return True
    return any(
        entry.value == "*" or (entry.kind is PrincipalKind.FEDERATED and entry.value == PUBLIC_PROVIDER)
        for entry in principals.entries
    )


def _ties(condition: Condition) -> bool:
    """Whether it holds only for fixed values: absence or negation of the key does not satisfy it."""
    operator = condition.operator
    rule = lookup(operator.name) if operator.known else None
    if rule is None or rule.negated or operator.if_exists or operator.qualifier is SetQualifier.FOR_ALL_VALUES:
        return False
    if rule.family not in {Family.STRING, Family.ARN, Family.IP, Family.BOOL}:
        return False
    return all(is_fixed(condition.key.lower(), value) for value in condition.values)
