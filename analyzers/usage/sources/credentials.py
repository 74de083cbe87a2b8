"""With which credentials a feed is read: those that collecting uses, and the role in the account where the logs are."""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from analyzers.collect.access import DEFAULT_ROLE, Access
from analyzers.collect.place import told
from analyzers.models import UsageFeed

from . import NotRead

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
PREFIX = re.compile(r"[\w!.*'()/=+@,:~-]{0,900}\Z", re.ASCII)
_LOCATION = re.compile(r"s3://([^/]+)(?:/(.*))?\Z", re.DOTALL)


def access_of(feed: UsageFeed) -> Access:
    """Raises NoCredentials."""
    return Access(
        profile=feed.settings.get("profile", ""),
        role=feed.settings.get("role_name", "") or DEFAULT_ROLE,
        external_id=feed.settings.get("external_id", ""),
        attempts=settings.COLLECT_ATTEMPTS,
    )


def client_of(feed: UsageFeed, access: Access, service: str, region: str = "") -> Any:
    """In the account that the feed names, or the caller's own."""
    account = feed.settings.get("account", "") or access.caller().account
    return access.client(account, service, region or feed.settings.get("region", "") or access.region)


def bucket_and_prefix(location: str) -> tuple[str, str]:
    """Of `s3://bucket/prefix`; the prefix is empty or ends with a slash. Raises ValueError, in words."""
    match = _LOCATION.match(location)
    bucket, prefix = (match[1], match[2] or "") if match else ("", "")
    if not BUCKET.match(bucket) or ".." in bucket or PREFIX.match(prefix) is None:
        raise ValueError("The location of files in S3 is written s3://bucket/prefix.")
    return bucket, prefix if not prefix or prefix.endswith("/") else prefix + "/"


def failed(error: ClientError | BotoCoreError, what: str, permission: str) -> NotRead:
    """A call that failed, as a sentence."""
    problem = told(error, what, permission)
    lacks = f" Allow {problem.permission}." if problem.permission else ""
    return NotRead(f"{what} failed: {problem.code}: {problem.message}{lacks}")
