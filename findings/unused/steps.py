"""What to do about unused access: first take it away in a way that can be taken back, then watch, then remove it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from typing import NamedTuple

from findings.models import Finding, FindingType

WATCH = "Watch for as long as the tracking period before the last step: what runs once a quarter shows only then."
DENY_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
DENY_NAME = "deny-unused-role"


class Step(NamedTuple):
    """`commands`: of the AWS command line, each one line that a shell can take."""

    text: str
    commands: tuple[str, ...] = ()


class Held(NamedTuple):
    """A policy of the principal. `arn` of a managed one, else empty."""

    name: str
    arn: str = ""


def steps(finding: Finding, name: str, held: Iterable[Held] = ()) -> list[Step]:
    """`name` of the role or user, without its path."""
    match finding.finding_type:
        case FindingType.UNUSED_ACCESS_KEY:
            return _key(name, str(finding.details.get("access_key_id", "")))
        case FindingType.UNUSED_PASSWORD:
            return _password(name)
        case FindingType.UNUSED_IAM_ROLE:
            return _role(name, list(held))
        case _:
            return _permissions(name, "role" if finding.resource_type == "AWS::IAM::Role" else "user")


def _key(user: str, key: str) -> list[Step]:
    names = {"user-name": user, "access-key-id": key}
    return [
        Step(
            "Deactivate the key. Nothing is lost: it can be made active again at once. In the console: IAM, Users, "
            f"{user}, Security credentials, Access keys, Actions, Deactivate.",
            (_iam("update-access-key", **names, status="Inactive"),),
        ),
        Step(
            f"{WATCH} If something stops working, make the key active again.",
            (
                _iam("get-access-key-last-used", **{"access-key-id": key}),
                _iam("update-access-key", **names, status="Active"),
            ),
        ),
        Step("Delete the key. This cannot be taken back.", (_iam("delete-access-key", **names),)),
    ]


def _password(user: str) -> list[Step]:
    names = {"user-name": user}
    return [
        Step(
            f"Ask {user} or the owner. A password cannot be switched off and on: it is deleted, and a new one is set "
            "if it is missed. Access keys of the user go on working.",
            (_iam("get-login-profile", **names),),
        ),
        Step(
            "Delete the password. In the console: IAM, Users, "
            f"{user}, Security credentials, Console sign-in, Manage, Disable.",
            (_iam("delete-login-profile", **names),),
        ),
        Step("If nothing else of the user is used, delete the user as well."),
    ]


def _role(role: str, held: list[Held]) -> list[Step]:
    names = {"role-name": role}
    remove = [
        _iam("detach-role-policy", **names, **{"policy-arn": one.arn})
        if one.arn
        else _iam("delete-role-policy", **names, **{"policy-name": one.name})
        for one in held
    ]
    denied = {**names, "policy-name": DENY_NAME}
    return [
        Step(
            "Deny everything with one more policy. The role and its policies stay as they are, so this can be taken "
            f"back at once. In the console: IAM, Roles, {role}, Add permissions, Create inline policy, JSON.",
            (_iam("put-role-policy", **denied, **{"policy-document": json.dumps(DENY_ALL, separators=(",", ":"))}),),
        ),
        Step(
            f"{WATCH} If something stops working, remove the denying policy.",
            (_iam("get-role", **names), _iam("delete-role-policy", **denied)),
        ),
        Step(
            "Delete the role: first what hangs on it, then itself. Instance profiles that the first command lists "
            "must let go of it (remove-role-from-instance-profile).",
            (
                _iam("list-instance-profiles-for-role", **names),
                *remove,
                _iam("delete-role-policy", **denied),
                _iam("delete-role", **names),
            ),
        ),
    ]


def _permissions(name: str, kind: str) -> list[Step]:
    return [
        Step("Look at what is used but seldom (above) and at what is not told; both stay for now."),
        Step(
            "Replace the policies by ones without what is unused, and keep the old text: the old version of a managed "
            "policy can be made the default again.",
            (
                _iam(f"list-attached-{kind}-policies", **{f"{kind}-name": name}),
                _iam(f"list-{kind}-policies", **{f"{kind}-name": name}),
            ),
        ),
        Step(WATCH),
    ]


def _iam(command: str, **options: str) -> str:
    """Quoted for a shell. A value that begins with a dash is tied to its option, so that it is not taken for one."""
    words = ["aws", "iam", command]
    for option, value in options.items():
        dashed = value.startswith("-")
        words += [f"--{option}={shlex.quote(value)}"] if dashed else [f"--{option}", shlex.quote(value)]
    return " ".join(words)
