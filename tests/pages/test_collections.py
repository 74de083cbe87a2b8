"""Reading from AWS on the pages: who may begin, what is shown, and that nothing secret is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from analyzers.collect import permissions
from analyzers.models import Analyzer, Collection, CollectionPart, CollectionSchedule, LastReading
from analyzers.tasks import schedule_collections

ACCOUNT, SECRET = "111122223333", "an-id-that-nobody-should-see"
HOSTILE = "<script>alert(1)</script>"
PROBLEM = {
    "call": "S3 ListBuckets",
    "code": "AccessDenied",
    "message": HOSTILE,
    "permission": "s3:ListAllMyBuckets",
    "about": "",
}


@pytest.fixture(autouse=True)
def own_profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzers.views.credentials.profiles", lambda: ["audit", "work"])
    monkeypatch.setattr("analyzers.tasks.wake_collection", lambda pk: True)


@pytest.fixture
def admin(administrator: User, client: Client) -> Client:
    client.force_login(administrator)
    return client


@pytest.fixture
def collection(db: None) -> Collection:
    made = Collection.objects.create(by_organization=True, role_name="R", external_id=SECRET, status="COMPLETED")
    parts = [
        ("iam", "READ", []),
        ("s3", "NOT_READ", [PROBLEM]),
        ("sqs", "NOT_OFFERED", [PROBLEM]),
        ("kms", "PARTLY", []),
    ]
    for service, status, problems in parts:
        CollectionPart.objects.create(
            collection=made, account=ACCOUNT, region="", service=service, status=status, problems=problems, calls=3
        )
    return made


def text(client: Client, path: str, **headers: str) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_administrator_begins_with_a_profile_of_the_server(admin: Client) -> None:
    form = text(admin, "/inventory/aws/new/")
    assert "profile audit" in form
    asked = {
        "what": "organization",
        "profile": "audit",
        "role_name": "R",
        "external_id": SECRET,
        "regions": "eu-central-1, us-east-1",
    }
    answer = admin.post("/inventory/aws/new/", asked)
    collection = Collection.objects.get()
    assert answer["Location"] == f"/inventory/aws/{collection.pk}/"
    assert (collection.by_organization, collection.profile, collection.external_id) == (True, "audit", SECRET)
    assert collection.regions == ["eu-central-1", "us-east-1"]
    assert collection.schedule is None
    for path in ("/inventory/aws/", f"/inventory/aws/{collection.pk}/"):
        assert SECRET not in text(admin, path)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"profile": "somebody-elses"}, "Select a valid choice"),
        ({"what": "accounts", "accounts": "12"}, "twelve digits"),
        ({"regions": "nowhere"}, "Names of regions"),
        ({"role_name": "a b"}, "The name of a role"),
        ({"aggregator": "a b"}, "The name of an aggregator"),
        ({"aggregator": "all", "what": "accounts", "accounts": ACCOUNT}, "name none"),
    ],
)
def test_what_is_wrong_is_told_without_the_external_id(admin: Client, more: dict[str, str], said: str) -> None:
    answer = admin.post("/inventory/aws/new/", {"what": "organization", "external_id": SECRET, **more})
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert said in shown
    assert SECRET not in shown
    assert not Collection.objects.exists()


def test_a_repeated_one_is_begun_when_it_is_due_and_can_be_ended(admin: Client) -> None:
    admin.post("/inventory/aws/new/", {"what": "accounts", "accounts": ACCOUNT, "external_id": SECRET, "every": "60"})
    schedule = CollectionSchedule.objects.get()
    first = Collection.objects.get()
    assert first.schedule == schedule
    schedule_collections()
    assert Collection.objects.count() == 1, "it still runs"
    Collection.objects.update(status="COMPLETED")
    schedule_collections()
    assert Collection.objects.count() == 1, "it is not due"
    Collection.objects.update(created_at=timezone.now() - timedelta(minutes=61))
    schedule_collections()
    again = Collection.objects.first()
    assert again is not None
    assert (again.pk != first.pk, again.reason, again.external_id, again.accounts) == (
        True,
        "scheduled",
        SECRET,
        [ACCOUNT],
    )
    assert "Repeated" in text(admin, "/inventory/aws/")
    admin.post(f"/inventory/aws/schedules/{schedule.pk}/end/")
    Collection.objects.update(created_at=timezone.now() - timedelta(minutes=61), status="COMPLETED")
    schedule_collections()
    assert Collection.objects.count() == 2


@pytest.mark.parametrize("path", ["new/", "{collection}/again/", "{collection}/cancel/", "schedules/{schedule}/end/"])
def test_others_may_only_look(auditor: User, client: Client, collection: Collection, path: str) -> None:
    schedule = CollectionSchedule.objects.create(every=60)
    client.force_login(auditor)
    assert "Read again" not in text(client, f"/inventory/aws/{collection.pk}/")
    path = path.format(collection=collection.pk, schedule=schedule.pk)
    assert client.post(f"/inventory/aws/{path}", {"what": "organization"}).status_code == 403


def test_the_page_tells_what_was_not_read_and_why(admin: Client, collection: Collection) -> None:
    shown = text(admin, f"/inventory/aws/{collection.pk}/")
    assert "<code>s3:ListAllMyBuckets</code>" in shown
    assert "AccessDenied" in shown
    assert HOSTILE not in shown
    assert SECRET not in shown
    assert "with an external id" in shown
    assert "Read again what was not read" in shown
    assert "hx-trigger" not in shown
    assert shown.count("S3 ListBuckets") == 1, "a service that is not offered is no problem"


def test_progress_is_followed_while_it_runs(admin: Client, collection: Collection) -> None:
    Collection.objects.update(status="RUNNING")
    CollectionPart.objects.filter(service="iam").update(status="LEASED")
    fragment = text(admin, f"/inventory/aws/{collection.pk}/", HX_Request="true")
    assert fragment.startswith('<div id="collection" hx-get')
    assert "3 of 4 parts" in fragment
    admin.post(f"/inventory/aws/{collection.pk}/cancel/")
    collection.refresh_from_db()
    assert collection.status == "CANCELED"
    admin.post(f"/inventory/aws/{collection.pk}/again/")
    collection.refresh_from_db()
    assert collection.status == "RUNNING"
    waiting = collection.parts.filter(status="PENDING").values_list("service", flat=True)
    assert set(waiting) == {"iam", "s3", "kms"}


def test_the_page_costs_the_same_for_many_parts(
    admin: Client, collection: Collection, django_assert_max_num_queries: Any
) -> None:
    for number in range(200):
        CollectionPart.objects.create(
            collection=collection,
            account=f"{number:012d}",
            region="",
            service="s3",
            status="NOT_READ",
            problems=[PROBLEM],
        )
    with django_assert_max_num_queries(12):
        shown = text(admin, f"/inventory/aws/{collection.pk}/")
    assert "and 196 more" in shown


def test_files_can_be_had_and_nothing_else(admin: Client) -> None:
    for name, content in permissions.files().items():
        answer = admin.get(f"/inventory/aws/files/{name}")
        assert answer.content.decode() == content
        assert "attachment" in answer["Content-Disposition"]
    assert admin.get("/inventory/aws/files/other").status_code == 404


def test_an_analyzer_says_what_of_its_zone_was_not_read(admin: Client, analyzer: Analyzer) -> None:
    now = timezone.now()
    assert "Not read from AWS" not in text(admin, f"/analyzers/{analyzer.pk}/")
    LastReading.objects.create(
        account=ACCOUNT, service="s3", status="NOT_READ", problems=[PROBLEM], problem_count=1, at=now
    )
    LastReading.objects.create(account=ACCOUNT, service="iam", status="READ", at=now, read_at=now)
    LastReading.objects.create(account="999988887777", service="kms", status="NOT_READ", problems=[PROBLEM], at=now)
    shown = text(admin, f"/analyzers/{analyzer.pk}/")
    assert "Not read from AWS" in shown
    assert "Findings of what was not read are kept" in shown
    assert "s3:ListAllMyBuckets" in shown
    assert "never" in shown
    assert HOSTILE not in shown
    assert "kms" not in shown
