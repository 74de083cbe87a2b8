"""What AWS documents about global condition keys, as far as the reasoning depends on it.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
and, for keys that limit who, the list of the Access Analyzer guide and of S3's "meaning of public".
Keys are in lower case.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network

from analyzers.policy.values import network

MULTIVALUED = frozenset(
    {
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:principalservicenameslist",
        "aws:resourceorgpaths",
        "aws:sourceorgpaths",
        "aws:tagkeys",
        "aws:vpceorgpaths",
        "kms:encryptioncontextkeys",
        "kms:grantoperations",
        "dynamodb:attributes",
        "dynamodb:leadingkeys",
        "ec2:attribute",
        "s3:requestobjecttagkeys",
        "sts:transitivetagkeys",
    }
)

SINGLE_VALUED = frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principalorgid",
        "aws:principalservicename",
        "aws:principaltype",
        "aws:referer",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:resourceorgid",
        "aws:securetransport",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpcarn",
        "aws:sourcevpce",
        "aws:tokenissuetime",
        "aws:useragent",
        "aws:userid",
        "aws:username",
        "aws:viaawsservice",
        "aws:vpceaccount",
        "aws:vpceorgid",
        "aws:vpcsourceip",
        "elasticfilesystem:accessedviamounttarget",
        "kms:calleraccount",
        "lambda:eventsourcetoken",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "s3express:dataaccesspointaccount",
        "s3express:dataaccesspointarn",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "sts:externalid",
        "sts:rolesessionname",
    }
)
SINGLE_VALUED_PREFIXES = ("aws:principaltag/", "aws:requesttag/", "aws:resourcetag/")
"""Keys with one value, also where a set operator compares them. Any other key may have several then."""

CALLER_ACCOUNT = frozenset({"aws:principalaccount", "kms:calleraccount"})
"""Keys that name the account of the caller: the same fact as the account in aws:PrincipalArn."""

SIGNED_ONLY = frozenset(
    {"aws:principalarn", "aws:principalisawsservice", "aws:principalorgid", "aws:principalorgpaths"} | CALLER_ACCOUNT
)
"""Keys that a request without a signature cannot carry; so do the aws:PrincipalTag/ keys."""

SERVICE_ONLY = frozenset({"aws:principalservicename", "aws:principalservicenameslist"})
"""Keys that only a service principal carries; service principals are not reported."""

SOURCE_ACCOUNT = frozenset(
    {
        "aws:sourceaccount",
        "aws:sourceowner",
        "aws:vpceaccount",
        "s3:dataaccesspointaccount",
        "s3express:dataaccesspointaccount",
    }
)
"""Keys that name the account through which a call comes: one inside the zone of trust is not outside access."""

SOURCE_ORGANIZATION = frozenset({"aws:sourceorgid", "aws:vpceorgid"})
SOURCE_ARN = frozenset({"aws:sourcearn", "aws:sourcevpcarn", "s3:dataaccesspointarn", "s3express:dataaccesspointarn"})

TIES = frozenset(
    {
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceip",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:sourceorgpaths",
        "aws:vpceorgpaths",
        "aws:userid",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "lambda:eventsourcetoken",
        "elasticfilesystem:accessedviamounttarget",
    }
    | CALLER_ACCOUNT
    | SOURCE_ACCOUNT
    | SOURCE_ORGANIZATION
    | SOURCE_ARN
)
"""Keys whose fixed value ties a request to somebody or somewhere: strangers cannot choose it."""

_PROVIDER = re.compile(r".*:(aud|app_id|sub|oaud|amr|azp)\Z")


def by_identity_provider(key: str) -> bool:
    """Whether an identity provider, not the caller, sets the key (`accounts.google.com:aud`)."""
    return bool(_PROVIDER.match(key)) and not key.startswith("aws:")


def limits_who(key: str) -> bool:
    """Whether the key belongs into a finding's `condition`."""
    return key in TIES or key == "s3express:sessionmode" or by_identity_provider(key)


_PRIVATE = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
WIDEST_IPV4 = 8
WIDEST_IPV6 = 32
"""Prefix lengths below which an address range counts as public (S3, "The meaning of public")."""


def is_fixed(key: str, value: str) -> bool:
    """Whether the value ties the request to somebody in particular, so that it is not open to the public.

    Wildcards are allowed where the owner is fixed all the same: after the account of an ARN, after an organization
    id, after the id of a role in aws:userid.
    """
    if key not in TIES and not by_identity_provider(key):
        return False
    if key == "aws:sourceip":
        return _is_narrow(network(value))
    wild = "*" in value or "?" in value or "${" in value
    if key == "elasticfilesystem:accessedviamounttarget":
        return value.lower() == "true"  # from within the VPC, which is not open to the public
    if not wild:
        return bool(value)
    if key == "aws:principalarn" or key in SOURCE_ARN:
        fields = value.split(":", 5)
        return len(fields) == 6 and bool(fields[4]) and not set("*?$") & set(fields[4])
    if key in {"aws:principalorgpaths", "aws:sourceorgpaths", "aws:vpceorgpaths"}:
        return bool(re.match(r"o-[a-z0-9]+/", value))
    if key == "aws:userid":
        return bool(re.match(r"A[A-Z]{3}[A-Z0-9]{12,}:", value))
    return key.endswith(":sub") and bool(re.match(r"[a-z_]+:[^*?$/]+/", value))


def _is_narrow(block: IPv4Network | IPv6Network | None) -> bool:
    if block is None:
        return False
    if isinstance(block, IPv6Network):
        return block.prefixlen >= WIDEST_IPV6
    return block.prefixlen >= WIDEST_IPV4 or any(block.subnet_of(private) for private in _PRIVATE)
