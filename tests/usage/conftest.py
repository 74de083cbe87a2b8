"""Feeds to read into."""

from __future__ import annotations

import pytest

from analyzers.models import UsageFeed


@pytest.fixture
def feed(db: None) -> UsageFeed:
    return UsageFeed.objects.create(kind="FOLDER", location="/logs")


@pytest.fixture
def other_feed(db: None) -> UsageFeed:
    return UsageFeed.objects.create(kind="S3", location="s3://trail/")
