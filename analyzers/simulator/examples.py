"""Requests to begin with."""

from __future__ import annotations

from typing import Any, NamedTuple


class Example(NamedTuple):
    key: str
    title: str
    data: dict[str, Any]


_HOME, _ABROAD = "111122223333", "444455556666"


def _document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def _request(principal: str, action: str = "s3:GetObject", **context: Any) -> dict[str, Any]:
    return {
        "principal": principal,
        "action": action,
        "resource": "arn:aws:s3:::reports/2026/july.csv",
        "resourceAccount": _HOME,
        "context": context,
    }


_BUCKET = "arn:aws:s3:::reports/*"
_BOB = f"arn:aws:iam::{_HOME}:user/bob"

EXAMPLES = (
    Example(
        "other-account",
        "Another account reads an object: both sides must allow",
        {
            "request": _request(f"arn:aws:iam::{_ABROAD}:role/reader"),
            "policies": {
                "resource": _document(_allow("s3:GetObject", _BUCKET, Principal={"AWS": _ABROAD})),
                "identity": [_document(_allow("s3:Get*"))],
            },
        },
    ),
    Example(
        "boundary",
        "A permissions boundary stands in the way",
        {
            "request": _request(_BOB),
            "policies": {"identity": [_document(_allow("s3:*"))], "boundary": _document(_allow("ec2:*"))},
        },
    ),
    Example(
        "control-policy",
        "A service control policy denies what everything else allows",
        {
            "request": _request(_BOB, "s3:DeleteObject"),
            "policies": {
                "identity": [_document(_allow("s3:*"))],
                "scp_levels": {
                    "root": [_document(_allow("*"))],
                    "production": [
                        _document(
                            _allow("*"),
                            {"Sid": "KeepObjects", "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"},
                        )
                    ],
                },
            },
        },
    ),
    Example(
        "absent-key",
        "A condition on a key that the request does not carry",
        {
            "request": _request(_BOB),
            "policies": {
                "identity": [
                    _document(
                        _allow("s3:*"),
                        {
                            "Sid": "OnlyWithMfa",
                            "Effect": "Deny",
                            "Action": "*",
                            "Resource": "*",
                            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
                        },
                    )
                ]
            },
        },
    ),
)


def example(key: str) -> dict[str, Any] | None:
    return next((one.data for one in EXAMPLES if one.key == key), None)
