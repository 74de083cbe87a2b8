"""Who made a call, and by what.

Sessions are folded into the role that they are of, sessions of federated users into their user, since these hold the
permissions. Calls of AWS services and of other accounts, and of people before they have assumed a role, use no
permissions of a principal inside.
Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

CONSOLE, CLI, SERVICE, OTHER = "CONSOLE", "CLI", "SERVICE", "OTHER"


class Caller(NamedTuple):
    """`principal`: ARN of a role, a user or the root user; of a role without its path if only the session was told."""

    principal: str
    account: str
    session: str


class Nobody(NamedTuple):
    """The call belongs to no principal inside. `odd`: the record should have told one."""

    why: str
    odd: bool = False


SERVICES = Nobody("calls of AWS services")
OTHER_ACCOUNTS = Nobody("calls from other accounts")
BEFORE_A_ROLE = Nobody("people and workloads from outside, before they have assumed a role")
IDENTITY_CENTER = Nobody("users of IAM Identity Center, without a role")
NOT_TOLD = Nobody("no principal is told", odd=True)

_OUTSIDE = {
    "AWSService": SERVICES,
    "AWSAccount": OTHER_ACCOUNTS,
    "SAMLUser": BEFORE_A_ROLE,
    "WebIdentityUser": BEFORE_A_ROLE,
    "IdentityCenterUser": IDENTITY_CENTER,
}

_LASTING = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):(?:(?:role|user)/[!-~]{1,600}|root)", re.ASCII)
_ASSUMED = re.compile(r"arn:(aws[a-z-]*):sts::(\d{12}):assumed-role/([!-.0-~]{1,128})/([!-~]{1,128})", re.ASCII)


def caller(type_: str | None, arn: str | None, issuer: str | None, invoked_by: str | None) -> Caller | Nobody:
    """Of what `userIdentity` tells: `issuer` is the ARN of its session's issuer."""
    if outside := _OUTSIDE.get(type_ or ""):
        return outside
    assumed = _ASSUMED.fullmatch(arn or "")
    session = assumed[4] if assumed else ""
    if issuer and (found := _LASTING.fullmatch(issuer)):
        return Caller(issuer, found[1], session)
    if assumed:
        return Caller(f"arn:{assumed[1]}:iam::{assumed[2]}:role/{assumed[3]}", assumed[2], session)
    if arn and (found := _LASTING.fullmatch(arn)):
        return Caller(arn, found[1], "")
    return SERVICES if invoked_by else NOT_TOLD


_PAGES = re.compile(
    r"console\.amazonaws|console\.aws\.|signin\.amazonaws|^\[?S3Console|^Mozilla/|AWS-?Console", re.IGNORECASE
)
_TOOLS = re.compile(
    r"aws-cli|boto3|botocore|aws-sdk|sdk/|aws-toolkit|cdk|terraform|hashicorp|pulumi|powershell|ansible|cloudtrail-sdk"
    r"|eksctl|kubectl|exec-env|md/|apn/",
    re.IGNORECASE,
)


@lru_cache(maxsize=1 << 12)
def made_by(agent: str, by_service: bool, from_console: bool) -> str:
    """By what the request was made. A service that passes on the principal's session counts as service.

    `by_service`: whether the identity names a service that called, or a service's address is told.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
    """
    if by_service:
        return SERVICE
    if from_console or _PAGES.search(agent):
        return CONSOLE
    if agent.endswith(".amazonaws.com"):
        return SERVICE
    return CLI if _TOOLS.search(agent) else OTHER


_REFUSED = re.compile(
    r"Access.?Denied|Unauthori[sz]ed|NotAuthori[sz]ed|AuthorizationError|Forbidden|AuthFailure|InvalidClientTokenId"
    r"|UnrecognizedClient|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|AllAccessDisabled",
    re.IGNORECASE,
)


def refused(error: str | None) -> bool:
    """Whether the error says that the call was not authorized. All other errors come after that."""
    return bool(error and _REFUSED.search(error[:256]))
