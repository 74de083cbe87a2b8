"""Events in the form that CloudTrail's documentation shows, with what a test says of them."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime
from typing import Any

from analyzers.usage import decode
from analyzers.usage.tally import Key, Tally

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app/Worker"
USER = f"arn:aws:iam::{ACCOUNT}:user/staff/Alice"
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)

ALICE = {
    "type": "IAMUser",
    "principalId": "AIDACKCEVSQ6C2EXAMPLE",
    "arn": USER,
    "accountId": ACCOUNT,
    "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
    "userName": "Alice",
}


def session(name: str = "i-0123456789abcdef0", **more: Any) -> dict[str, Any]:
    return {
        "type": "AssumedRole",
        "principalId": f"AROAIDPPEZS35WEXAMPLE:{name}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Worker/{name}",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAIDPPEZS35WEXAMPLE",
                "arn": ROLE,
                "accountId": ACCOUNT,
                "userName": "Worker",
            },
            "attributes": {"creationDate": "2026-03-04T01:00:00Z", "mfaAuthenticated": "false"},
        },
        **more,
    }


def event(call: str = "ec2:DescribeRegions", **more: Any) -> dict[str, Any]:
    service, _, name = call.partition(":")
    return {
        "eventVersion": "1.09",
        "userIdentity": ALICE,
        "eventTime": "2026-03-04T05:06:07Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.15.10 Python/3.11.6 Linux/6.1.66",
        "requestParameters": None,
        "responseElements": None,
        "requestID": "8eabb0a8-d1a8-4f3b-9c7a-aaaaaaaaaaaa",
        "eventID": "9b5a1b1c-1f1d-4d6d-8a4e-bbbbbbbbbbbb",
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        **more,
    }


def log(*events: dict[str, Any]) -> bytes:
    return json.dumps({"Records": events}, separators=(",", ":")).encode()


def read(data: bytes, name: str = "log.json") -> Tally:
    return decode.read(io.BytesIO(data), name, UNTIL)


def read_packed(data: bytes) -> Tally:
    return read(gzip.compress(data, mtime=0), "log.json.gz")


def only_key(found: dict[str, Any]) -> Key:
    """The one use that one event tells of."""
    (key,) = decode.tally_events([found], UNTIL).uses
    return key
