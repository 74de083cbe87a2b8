"""Pages of policy checks: playground, runs, guardrails, tokens; what is hostile is shown as text."""

from __future__ import annotations

import json
import zipfile
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from analyzers.actions import AssignGuardrail, CreateCheckToken, SaveCheck, SaveGuardrail
from analyzers.check_runs import listing
from analyzers.check_runs.trying import MOST, Typed, answer, mended
from analyzers.models import CheckPipeline, CheckRun, CheckToken, SavedCheck, StoredGuardrail
from analyzers.views.outcomes import https
from analyzers.views.playground import EXAMPLE
from tests.checks.test_portal_guardrails import NEEDY, TEXT
from tests.checks.test_portal_runs import PRIVATE, PUBLIC

HOSTILE = "<script>alert(1)</script>\u202e"
IDENTITY = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}'


@pytest.fixture(autouse=True)
def forget() -> None:
    cache.clear()


@pytest.fixture
def reader(client: Client, auditor: User) -> Client:
    client.force_login(auditor)
    return client


def run(**more: Any) -> CheckRun:
    outcome = {
        "check": "no-public-access",
        "rule": "not-public",
        "why": "",
        "guardrail": "ours@1",
        "result": "FAIL",
        "message": "Statement 0 gives public access.",
        "policy": {"file": "b.json", "line": 1, "name": "", "element": "", "resourceType": "AWS::S3::Bucket"},
        "problems": [
            {
                "code": "no-public-access",
                "level": "error",
                "message": "x",
                "file": "b.json",
                "line": 4,
                "column": 1,
                "statementIndex": 0,
                "elements": [{"line": 4, "text": "*"}],
                "request": "Anybody could call it.",
                "learnMoreLink": "javascript:alert(1)",
            }
        ],
        "missing": [{"name": "Partner", "why": "a parameter"}],
        "mends": [{"summary": "Narrow it.", "diff": "--- a\n+++ b\n-old\n+new", "text": "", "proof": ["It passes."]}],
    }
    fields: dict[str, Any] = {
        "pipeline": "shop",
        "result": "FAIL",
        "failed": 1,
        "source": "SENT",
        "finished_at": timezone.now(),
        "outcomes": [outcome],
        "guardrails": ["ours@1"],
        "documents": [{"file": "b.json", "name": "", "element": "", "text": PUBLIC}],
    }
    row = CheckRun.objects.create(**fields | more)
    CheckPipeline.objects.update_or_create(name=row.pipeline, defaults={"latest": row})
    return row


# -- playground ----------------------------------------------------------------------------------------------------


def typed(client: Client, address: str = "/checks/answer/", **fields: str) -> str:
    answered = client.post(address, fields)
    assert answered.status_code == 200
    return str(answered.content.decode())


@pytest.mark.django_db
def test_strangers_are_sent_to_the_door(client: Client) -> None:
    for path in ("/checks/", "/checks/playground/x/", "/checks/runs/", "/checks/guardrails/", "/checks/tokens/"):
        assert client.get(path)["Location"].startswith("/login/")
    with pytest.raises(PermissionDenied):
        SaveCheck({}, AnonymousUser())()


def test_the_answer_comes_while_somebody_types(reader: Client) -> None:
    page = typed(reader, policy=EXAMPLE.policy, reference=EXAMPLE.reference)
    assert "allows what the reference does not" in page
    assert "999988887777" in page
    assert 'class="hit"' in page
    assert "Only the policy allows" in page
    assert "The policy allows" in page or "Each allows" in page
    assert 'id="policy-findings"' in page
    assert 'hx-swap-oob="true"' in page
    assert SavedCheck.objects.count() == 0
    mends = typed(reader, "/checks/mends/", policy=EXAMPLE.policy, reference=EXAMPLE.reference)
    assert "Mend:" in mends
    assert "The check passes with it." in mends


def test_without_javascript_a_button_keeps_and_answers(reader: Client) -> None:
    sent = reader.post("/checks/", EXAMPLE.as_data())
    assert sent.status_code == 302
    page = reader.get(sent["Location"]).content.decode()
    assert "allows what the reference does not" in page
    assert "?mends=1" in page
    assert "Mend:" in reader.get(sent["Location"] + "?mends=1").content.decode()
    assert sent["Location"] in reader.get("/checks/").content.decode()
    assert reader.get("/checks/playground/nothing/").status_code == 404


def test_findings_stand_beside_the_text_with_their_line(reader: Client) -> None:
    page = typed(reader, policy=IDENTITY.replace("s3:Get*", "s3:Nothing"), reference="{\n")
    assert "<strong>line 1</strong>" in page
    assert "INVALID_ACTION" in page
    assert "JSON_SYNTAX_ERROR" in page
    assert "The reference cannot be read yet" in page


def test_what_is_listed_must_not_be_granted() -> None:
    found = answer(Typed(policy=IDENTITY, actions="s3:GetObject, iam:*\nsqs:*"))
    assert [(one["check"], one["result"]) for one in found["outcomes"]] == [("access-not-granted", "FAIL")]
    found = answer(Typed(policy=IDENTITY, resources="arn:aws:sqs:*"))
    assert found["outcomes"][0]["result"] == "PASS"


def test_policies_of_different_kinds_are_not_compared() -> None:
    found = answer(Typed(policy=IDENTITY, reference=PUBLIC))
    assert found["outcomes"] == []
    assert found["relation"] is None
    assert "different types" in found["notes"][0]


def test_equal_policies_are_called_equal() -> None:
    found = answer(Typed(policy=IDENTITY, reference=IDENTITY))
    assert found["relation"]["relation"] == "equal"
    assert [part["answer"] for part in found["relation"]["parts"]] == ["proved", "proved", "refuted"]
    assert mended(Typed(policy=IDENTITY, reference=IDENTITY)) == []


DEEP = ["[" * 20_000, '{"a":' * 20_000]
BROKEN = [
    "{",
    "[]",
    "null",
    "[" * 20_000,
    '{"a":' * 20_000,
    '{"Statement": 1}',
    '"\\ud800"',
    "\x00",
    "\ue000x\ue001",
    "{}",
]


def test_no_text_breaks_the_playground(reader: Client) -> None:
    for text in BROKEN:
        for fields in (
            {"policy": text},
            {"policy": IDENTITY, "reference": text},
            {"policy": IDENTITY, "actions": text},
        ):
            assert reader.post("/checks/answer/", fields).status_code == 200, text[:20]
            assert reader.post("/checks/mends/", fields).status_code == 200, text[:20]
            sent = reader.post("/checks/", fields)
            assert reader.get(sent["Location"]).status_code == 200, text[:20]


def test_too_much_is_said_to_be_too_much(reader: Client) -> None:
    page = typed(reader, policy="x" * (MOST + 1))
    assert f"at most {MOST:,} are checked here" in page
    assert reader.post("/checks/", {"policy": "x" * (MOST + 1)}).status_code == 422
    assert SavedCheck.objects.count() == 0


def test_hostile_text_is_shown_as_text(reader: Client) -> None:
    policy = PUBLIC.replace("Everybody", HOSTILE)
    page = typed(reader, policy=policy, reference=PRIVATE, resource_type=HOSTILE, policy_type=HOSTILE)
    assert "<script>alert" not in page
    assert "⟨U+202E⟩" in page
    page = reader.get(f"/checks/playground/{SaveCheck(Typed(policy=policy).as_data(), User.objects.get())().pk}/")
    assert "<script>alert" not in page.content.decode()


def test_one_question_at_a_time_for_each_person(reader: Client, auditor: User) -> None:
    cache.set(f"checks:busy:{auditor.pk}", 1, 60)
    assert "still being checked" in typed(reader, policy=IDENTITY)
    cache.clear()
    assert "still being checked" not in typed(reader, policy=IDENTITY)


def test_the_oldest_make_room(auditor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SavedCheck, "KEPT", 2)
    keys = [SaveCheck({}, auditor)().pk for _ in range(3)]
    assert set(SavedCheck.objects.values_list("pk", flat=True)) == set(keys[1:])


# -- runs ----------------------------------------------------------------------------------------------------------


def test_a_run_shows_everything_that_is_known(reader: Client) -> None:
    row = run(commit="0123abcd", commit_url="https://git.example.com/c/0123abcd", url="javascript:alert(1)")
    other = run(commit="0123abcd", pipeline="docs", result="PASS")
    page = reader.get(f"/checks/runs/{row.pk}/").content.decode()
    assert 'href="https://git.example.com/c/0123abcd"' in page
    assert 'href="javascript' not in page
    assert "Anybody could call it." in page
    assert "<code>Partner</code>: a parameter" in page
    assert "Narrow it." in page
    assert page.count('class="hit"') >= 3
    assert str(other.pk) in page, "other runs of the commit"
    told = json.loads(reader.get(f"/checks/runs/{row.pk}/run.json").content)
    assert told["outcomes"] == row.outcomes
    assert reader.get("/checks/runs/00000000-0000-4000-8000-000000000000/").status_code == 404


def test_a_run_that_is_not_finished_says_so(reader: Client) -> None:
    row = run(result="", finished_at=None, outcomes=[], asked={"policies": [], "guardrails": []})
    page = reader.get(f"/checks/runs/{row.pk}/").content.decode()
    assert "still being checked" in page
    assert 'badge ok"' not in page


def test_what_a_pipeline_sends_is_shown_as_text(reader: Client) -> None:
    row = run(**dict.fromkeys(("pipeline", "repository", "branch", "message"), HOSTILE), unreadable=[HOSTILE])
    row.outcomes[0]["message"] = HOSTILE
    row.outcomes[0]["mends"][0]["diff"] = f"+{HOSTILE}"
    row.guardrails = [HOSTILE]
    row.save()
    for path in (f"/checks/runs/{row.pk}/", "/checks/runs/", "/checks/pipelines/"):
        page = reader.get(path).content.decode()
        assert "<script>alert" not in page
        assert "⟨U+202E⟩" in page


FILTERS: list[tuple[str, set[str]]] = [
    ("", {"a", "b", "c"}),
    ("pipeline=a", {"a"}),
    ("branch=main", {"a", "b"}),
    ("repository=r", {"c"}),
    ("commit=01", {"a"}),
    ("result=FAIL", {"a"}),
    ("result=HUGE", {"a", "b", "c"}),
    ("guardrail=ours", {"a", "b"}),
    ("guardrail=ours@2", {"b"}),
    ("guardrail=our", set()),
    ("since=2026-01-02", {"b", "c"}),
    ("until=2026-01-02", {"a", "b"}),
    ("since=2026-99-99&until=9999-12-31", {"a", "b", "c"}),
    ("pipeline=%00a", {"a"}),
    ("guardrail=%27%29--", set()),
]


def test_filters(reader: Client) -> None:
    start = timezone.datetime(2026, 1, 1, 12, tzinfo=timezone.get_default_timezone())
    run(pipeline="a", branch="main", commit="0123", created_at=start)
    day = timedelta(days=1)
    run(pipeline="b", branch="main", result="PASS", guardrails=["ours@2"], created_at=start + day)
    run(pipeline="c", repository="r", result="UNKNOWN", guardrails=["other@1"], created_at=start + 2 * day)
    for query, expected in FILTERS:
        context = reader.get(f"/checks/runs/?{query}").context
        assert {row.pipeline for row in context["page"].rows} == expected, query


def test_pages_begin_after_the_last_run_seen(reader: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzers.views.check_runs.SIZE", 2)
    same = timezone.now()
    keys = {str(run(created_at=same).pk) for _ in range(5)}
    seen: list[str] = []
    after = ""
    for _ in range(3):
        page = reader.get("/checks/runs/", {"after": after}).context["page"]
        seen += [str(row.pk) for row in page.rows]
        after = page.next
    assert after == ""
    assert len(seen) == 5
    assert set(seen) == keys
    assert "does not exist" in reader.get("/checks/runs/?after=nonsense").content.decode()


def test_the_list_does_not_read_outcomes_and_takes_few_queries(
    reader: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        run(pipeline=f"p{number}")
    with django_assert_max_num_queries(10) as seen:
        reader.get("/checks/runs/")
        reader.get("/checks/pipelines/")
    assert not any('"outcomes"' in query["sql"] for query in seen.captured_queries)


@pytest.mark.django_db
def test_the_trend_counts_days_and_leaves_out_what_is_not_finished() -> None:
    today = date(2026, 7, 30)
    noon = timezone.datetime(2026, 7, 30, 12, tzinfo=timezone.get_default_timezone())
    run(created_at=noon)
    run(created_at=noon, result="PASS")
    run(created_at=noon - timedelta(days=1), result="UNREADABLE")
    run(created_at=noon - timedelta(days=60))
    run(created_at=noon, result="", finished_at=None)
    found = listing.trend(CheckRun.objects.all(), today)
    assert found.totals == {"pass": 1, "unknown": 1, "fail": 1}
    assert [one.total for one in found.days[-3:]] == [0, 1, 2]
    assert (len(found.days), found.most) == (30, 2)
    assert all(bar.y >= 0 and bar.y + bar.height <= listing.HEIGHT + 0.01 for bar in found.bars)
    assert listing.trend(CheckRun.objects.none(), today).bars == []


def test_the_newest_state_of_each_pipeline(reader: Client) -> None:
    run(created_at=timezone.now() - timedelta(days=1))
    newest = run(result="PASS")
    page = reader.get("/checks/pipelines/").content.decode()
    assert f"/checks/runs/{newest.pk}/" in page
    assert "Nothing matches" in reader.get("/checks/pipelines/?q=zzz").content.decode()


@pytest.mark.parametrize(
    ("address", "linked"),
    [
        ("https://git.example.com/a?b=c#d", True),
        ("http://git.example.com/", False),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("https://user@evil.example/", False),
        ("https://e.example/\u202e", False),
        ('https://e.example/"onclick', False),
        ("https://[", False),
        ("//e.example", False),
        ("", False),
    ],
)
def test_only_plain_https_addresses_are_linked(address: str, linked: bool) -> None:
    assert https(address) == (address if linked else "")


# -- guardrails and tokens -----------------------------------------------------------------------------------------


def test_a_guardrail_from_the_library_to_a_pipeline(admin: Client) -> None:
    assert "no-public-access" in admin.get("/checks/guardrails/").content.decode()
    assert "Use a copy" in admin.get("/checks/guardrails/library/github-oidc/").content.decode()
    page = admin.post("/checks/guardrails/copy/", {"name": "github-oidc"}, follow=True).content.decode()
    row = StoredGuardrail.objects.get()
    assert "github-organization" in page
    address = f"/checks/guardrails/{row.pk}/"
    fields = {"target": "PIPELINE", "pattern": "shop-*", "version": ""}
    refused = admin.post(f"{address}assign/", fields)
    assert refused.status_code == 422
    assert "Give a value for github-organization" in refused.content.decode()
    assert 'value="shop-*"' in refused.content.decode(), "what was typed in is kept"
    admin.post(f"{address}assign/", fields | {"value:github-organization": "example", "version": "1"})
    held = row.assignments.get()
    assert "github-organization=example" in admin.get(address).content.decode()
    admin.post(f"/checks/guardrails/assignments/{held.pk}/withdraw/")
    assert not row.assignments.exists()
    assert "It does not hold" not in admin.get(f"{address}delete/").content.decode()
    admin.post(f"{address}delete/")
    assert "Deleted" in admin.get("/checks/guardrails/").content.decode()


def test_an_edit_is_refused_at_its_line_and_kept_as_a_version(admin: Client) -> None:
    wrong = TEXT.replace("no-public-access", "no-check")
    refused = admin.post("/checks/guardrails/new/", {"text": wrong})
    assert refused.status_code == 422
    assert "Line 6, column" in refused.content.decode()
    assert "no-check" in refused.content.decode()
    admin.post("/checks/guardrails/new/", {"text": TEXT})
    row = StoredGuardrail.objects.get()
    admin.post(f"/checks/guardrails/{row.pk}/edit/", {"text": TEXT.replace("What is ours.", HOSTILE)})
    page = admin.get(f"/checks/guardrails/{row.pk}/diff/?to=2").content.decode()
    assert "-about: What is ours." in page
    assert "<script>alert" not in page
    assert "They are the same" in admin.get(f"/checks/guardrails/{row.pk}/diff/?from=1&to=1").content.decode()
    old = admin.get(f"/checks/guardrails/{row.pk}/?version=1").content.decode()
    assert "What is ours." in old
    for number in ("9", "x", "9" * 30, "²"):
        assert admin.get(f"/checks/guardrails/{row.pk}/", {"version": number}).status_code == 404
    file = admin.get(f"/checks/guardrails/{row.pk}/file/?version=1")
    assert file.content.decode() == TEXT
    assert file["Content-Disposition"] == 'attachment; filename="ours.yaml"'


def test_files_are_imported_and_exported(admin: Client) -> None:
    files = [SimpleUploadedFile("a.yaml", TEXT.encode()), SimpleUploadedFile("b.yaml", NEEDY.encode())]
    admin.post("/checks/guardrails/import/", {"files": files})
    with zipfile.ZipFile(BytesIO(admin.get("/checks/guardrails/export.zip").content)) as archive:
        assert sorted(archive.namelist()) == ["needy.yaml", "ours.yaml"]
    refused = admin.post("/checks/guardrails/import/", {"files": [SimpleUploadedFile("<b>.yaml", b"x: 1\n")]})
    assert refused.status_code == 422
    assert "&lt;b&gt;.yaml" in refused.content.decode()


def test_who_may_not_change_guardrails_reads_them(reader: Client, administrator: User) -> None:
    row = SaveGuardrail(TEXT, administrator)().guardrail
    AssignGuardrail(row, "PIPELINE", "*", administrator)()
    page = reader.get(f"/checks/guardrails/{row.pk}/").content.decode()
    assert "no-public-access" in page
    assert '<form method="post"' not in page.split("<main")[1]
    for path in ("new/", f"{row.pk}/edit/", f"{row.pk}/delete/"):
        assert reader.get(f"/checks/guardrails/{path}").status_code == 403
    for path in ("new/", "copy/", "import/", f"{row.pk}/edit/", f"{row.pk}/assign/", f"{row.pk}/delete/"):
        assert reader.post(f"/checks/guardrails/{path}", {"text": TEXT}).status_code == 403
    assert row.versions.count() == 1


def test_a_secret_is_in_one_answer_only(client: Client, reviewer: User, administrator: User, auditor: User) -> None:
    client.force_login(reviewer)
    made = client.post("/checks/tokens/", {"name": HOSTILE, "pipelines": "shop-*", "days": "30"})
    page = made.content.decode()
    assert "<script>alert" not in page
    token = CheckToken.objects.get()
    assert page.count("apc_") >= 1
    assert "no-store" in made["Cache-Control"]
    again = client.get("/checks/tokens/").content.decode()
    assert made.context["secret"] not in again
    assert token.beginning in again
    assert "of_portal" not in again
    assert client.post("/checks/tokens/", {"name": "x", "days": "0", "pipelines": "*"}).status_code == 422
    CreateCheckToken("portal’s", 1, administrator, of_portal=True)()
    assert "portal’s" not in client.get("/checks/tokens/").content.decode()
    client.post(f"/checks/tokens/{token.pk}/revoke/")
    assert "revoked" in client.get("/checks/tokens/").content.decode()
    client.force_login(auditor)
    assert client.post("/checks/tokens/", {"name": "x", "pipelines": "*", "days": "30"}).status_code == 403
    client.force_login(administrator)
    assert "portal’s" in client.get("/checks/tokens/").content.decode()
