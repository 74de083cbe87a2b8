"""An S3 access control list as a policy that says the same.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html (mapping of permissions to actions)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from analyzers.policy import Policy, parse_value

BUCKET_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "READ": ("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"),
    "WRITE": ("s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"),
    "READ_ACP": ("s3:GetBucketAcl",),
    "WRITE_ACP": ("s3:PutBucketAcl",),
}
OBJECT_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "READ": ("s3:GetObject", "s3:GetObjectVersion"),
    "WRITE": (),
    "READ_ACP": ("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
    "WRITE_ACP": ("s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
}
ALL_USERS = "AllUsers"
AUTHENTICATED_USERS = "AuthenticatedUsers"
LOG_DELIVERY = "LogDelivery"
_GROUPS = (ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY)


def policy_from_acl(grants: Iterable[Mapping[str, Any]], bucket: str, *, ignore_public: bool = False) -> Policy | None:
    """The grants of a bucket's ACL; None if nothing is granted.

    A grant is `{"grantee": {"id": …} | {"uri": …}, "permission": …}` as in the API, or has a canonical id or one of
    AllUsers, AuthenticatedUsers, LogDelivery as its grantee. `ignore_public` leaves out what IgnorePublicAcls voids.
    Raises ValueError for an unknown permission or grantee.
    """
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return _policy(grants, BUCKET_ACTIONS, resources, ignore_public)


def policy_from_object_acl(
    grants: Iterable[Mapping[str, Any]], arn: str, *, ignore_public: bool = False
) -> Policy | None:
    """The same for the ACL of an object, which is told by its ARN: no pattern, whatever its key holds."""
    literal = "".join(f"${{{char}}}" if char in "$*?" else char for char in arn)
    return _policy(grants, OBJECT_ACTIONS, [literal], ignore_public)


def _policy(
    grants: Iterable[Mapping[str, Any]], table: Mapping[str, tuple[str, ...]], resources: list[str], ignore_public: bool
) -> Policy | None:
    statements = []
    for number, grant in enumerate(grants, 1):
        grantee = _grantee(grant.get("grantee"))
        if ignore_public and grantee in {ALL_USERS, AUTHENTICATED_USERS}:
            continue
        permission = str(grant.get("permission"))
        if permission != "FULL_CONTROL" and permission not in table:
            raise ValueError(f"ACL grant {number} has the unknown permission {permission!r}")
        chosen = table if permission == "FULL_CONTROL" else (permission,)
        actions = [action for name in chosen for action in table[name]]
        if not actions:
            continue
        statement: dict[str, Any] = {
            "Sid": f"Grant{number}",
            "Effect": "Allow",
            "Principal": _principal(grantee),
            "Action": actions,
            "Resource": resources,
        }
        if grantee == AUTHENTICATED_USERS:
            statement["Condition"] = {"Null": {"aws:PrincipalArn": "false"}}
        statements.append(statement)
    return parse_value({"Version": "2012-10-17", "Statement": statements}) if statements else None


def _grantee(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("uri") or value.get("id")
    if not isinstance(value, str) or not value:
        raise ValueError("an ACL grant has no grantee")
    group = value.rpartition("/")[2]
    return group if group in _GROUPS else value


def _principal(grantee: str) -> Any:
    if grantee == ALL_USERS:
        return "*"
    if grantee == AUTHENTICATED_USERS:
        return {"AWS": "*"}
    if grantee == LOG_DELIVERY:
        return {"Service": "logging.s3.amazonaws.com"}
    return {"CanonicalUser": grantee}
