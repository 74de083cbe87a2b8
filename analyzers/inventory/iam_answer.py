"""A raw `aws iam get-account-authorization-details` answer, part by part, as parts of an inventory file.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from analyzers.policy import arn as arns

SECTIONS = {"UserDetailList": "USER", "GroupDetailList": "GROUP", "RoleDetailList": "ROLE"}
POLICIES = "Policies"
IGNORED = frozenset({"IsTruncated", "Marker", "ResponseMetadata"})


class NotUnderstood(ValueError):
    """A part that is not as IAM writes it."""


def is_section(name: str) -> bool:
    return name in SECTIONS or name == POLICIES


def principal(section: str, value: Any, account: str | None) -> dict[str, Any]:
    """A user, group or role as in `principals` of an inventory file. Raises NotUnderstood."""
    if not isinstance(value, Mapping):
        raise NotUnderstood("An object is expected.")
    kind = SECTIONS[section]
    name = value.get(f"{kind.capitalize()}Name")
    arn = value.get("Arn")
    if not arn and account and name:
        arn = f"arn:aws:iam::{account}:{kind.lower()}{value.get('Path', '/')}{name}"
    if not isinstance(arn, str) or not arns.is_account(arns.account_of(arn)):
        raise NotUnderstood("The ARN is missing or has no account; give the account with --account.")
    owner = arns.account_of(arn)
    found: dict[str, Any] = {
        "arn": arn,
        "kind": kind,
        "unique_id": value.get(f"{kind.capitalize()}Id") or "",
        "created_at": value.get("CreateDate"),
        "tags": {str(tag["Key"]): str(tag["Value"]) for tag in value.get("Tags") or [] if "Key" in tag},
        "inline_policies": [
            {"name": str(item.get("PolicyName", "")), "document": document(item.get("PolicyDocument"))}
            for item in value.get(f"{kind.capitalize()}PolicyList") or []
        ],
        "managed_policies": [
            str(item["PolicyArn"]) for item in value.get("AttachedManagedPolicies") or [] if item.get("PolicyArn")
        ],
    }
    boundary = value.get("PermissionsBoundary")
    if isinstance(boundary, Mapping) and boundary.get("PermissionsBoundaryArn"):
        found["permissions_boundary"] = str(boundary["PermissionsBoundaryArn"])
    if kind == "USER":
        found["groups"] = [f"arn:aws:iam::{owner}:group/{group}" for group in value.get("GroupList") or []]
    if kind == "ROLE":
        found["trust_policy"] = document(value.get("AssumeRolePolicyDocument"))
        used = value.get("RoleLastUsed")
        found["last_used_at"] = used.get("LastUsedDate") if isinstance(used, Mapping) else None
        found["last_used_known"] = isinstance(used, Mapping)
    return found


def managed_policy(value: Any) -> dict[str, Any]:
    """A managed policy with its default version. Raises NotUnderstood."""
    if not isinstance(value, Mapping) or not isinstance(value.get("Arn"), str):
        raise NotUnderstood("A policy with an Arn is expected.")
    versions = value.get("PolicyVersionList") or []
    chosen = next((item for item in versions if item.get("IsDefaultVersion")), versions[0] if versions else None)
    if not isinstance(chosen, Mapping):
        raise NotUnderstood("The policy has no version with a document.")
    return {"arn": value["Arn"], "document": document(chosen.get("Document")), "updated_at": value.get("UpdateDate")}


def document(value: Any) -> Any:
    """A policy as an object; IAM's own answer has it as URL-encoded text."""
    if not isinstance(value, str):
        return value
    text = unquote(value) if value.lstrip().startswith("%7B") else value
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
