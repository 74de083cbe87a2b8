"""Records and files as CloudTrail writes them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from .tallies import ACCOUNT


def event(day: date, name: str = "ListBuckets", source: str = "s3", **more: Any) -> dict[str, Any]:
    account = more.pop("account", ACCOUNT)
    role = more.pop("role", "app")
    return {
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": f"arn:aws:sts::{account}:assumed-role/{role}/session",
            "accountId": account,
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "arn": f"arn:aws:iam::{account}:role/{role}", "accountId": account}
            },
        },
        "eventTime": f"{day}T12:00:00Z",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2",
        "eventID": f"{day}-{name}-{role}",
        "eventType": "AwsApiCall",
        "recipientAccountId": account,
        **more,
    }


def packed(records: Iterable[dict[str, Any]]) -> bytes:
    return gzip.compress(json.dumps({"Records": list(records)}).encode(), mtime=0)


def file_name(day: date, number: int = 0, account: str = ACCOUNT, region: str = "us-east-1") -> str:
    return f"{account}_CloudTrail_{region}_{day:%Y%m%d}T1210Z_{number:016d}.json.gz"


def key_of(day: date, number: int = 0, account: str = ACCOUNT, region: str = "us-east-1", home: str = "") -> str:
    """As it lies in a trail's bucket."""
    folder = f"AWSLogs/{home}{account}/CloudTrail/{region}/{day:%Y/%m/%d}/"
    return folder + file_name(day, number, account, region)
