"""From "this function role has all permissions" to a proven policy: the pages, without a browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone
from kombu.exceptions import OperationalError

from analyzers.models import Account, Document, LastAccessedReport, Principal, PrincipalPolicy
from findings import recommending
from findings.actions import Recommend
from findings.models import Event, Finding, Recommendation
from tests.recommending import ROLE, SOME, USED, WIDE, evidence, finding_of, give, role, told

TRACKED = ("ListBucket", "ListBucketVersions", "PutBucketPolicy")
READS = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:PutBucketPolicy", "sqs:*"], "Resource": "*"},
    ],
}
HOSTILE = '<script>alert(1)</script>\u202e"=cmd|\x07'


@pytest.fixture
def reader(client: Client, reviewer: User) -> Client:
    client.force_login(reviewer)
    return client


@pytest.fixture
def finding(account: Account, monkeypatch: pytest.MonkeyPatch) -> Finding:
    told(monkeypatch, evidence())
    return finding_of(role(account))


def page_of(finding: Finding, more: str = "") -> str:
    return f"/findings/{finding.pk}/recommendation/{more}"


def computed(finding: Finding, variant: str = "standard") -> Recommendation:
    row = Recommend(finding, None, variant, wake=False)()
    recommending.work(row.pk)
    row.refresh_from_db()
    return row


def keeps(finding: Finding) -> str:
    """What the verdict of the standard variant says."""
    found = finding.recommendations.get(variant="standard").details
    assert 3 <= found["actions_after"] < found["actions_before"]
    return f"Keeps {found['actions_after']} of {found['actions_before']} actions"


# -- the way there -----------------------------------------------------------------------------------------------------


def test_a_finding_leads_there_in_one_click(reader: Client, finding: Finding) -> None:
    text = reader.get(f"/findings/{finding.pk}/").content.decode()
    assert f'action="/findings/{finding.pk}/recommend/"' in text
    answer = reader.post(f"/findings/{finding.pk}/recommend/")
    assert answer.status_code == 302
    assert answer["Location"] == page_of(finding, "?variant=standard")
    row = Recommendation.objects.get()
    assert (row.status, row.requested_by) == ("IN_PROGRESS", User.objects.get(username="rev"))
    event = finding.events.get()
    assert (event.kind, event.actor, event.details) == (
        Event.Kind.RECOMMENDED,
        row.requested_by,
        {"variant": "standard"},
    )
    waiting = reader.get(page_of(finding)).content.decode()
    assert "Still computing" in waiting
    assert 'hx-trigger="every 1s"' in waiting
    assert f'href="{page_of(finding)}">Reload' in waiting
    recommending.work(row.pk)
    text = reader.get(page_of(finding)).content.decode()
    assert keeps(finding) in text
    assert "nothing new is allowed, and nothing in use is lost" in text
    assert "hx-trigger" not in text
    assert page_of(finding) in reader.get(f"/findings/{finding.pk}/").content.decode()
    assert "Recommendation asked for" in reader.get(f"/findings/{finding.pk}/").content.decode()


def test_the_part_for_htmx_is_no_whole_page(reader: Client, finding: Finding) -> None:
    computed(finding)
    text = reader.get(page_of(finding), headers={"HX-Request": "true"}).content.decode()
    assert text.lstrip().startswith('<div id="recommendation"')
    assert "<html" not in text


def test_nothing_is_computed_by_looking(reader: Client, finding: Finding) -> None:
    text = reader.get(page_of(finding)).content.decode()
    assert "Not computed yet" in text
    assert not Recommendation.objects.exists()


def test_one_that_is_being_computed_is_not_begun_again(finding: Finding) -> None:
    first, second = Recommend(finding, None, wake=False)(), Recommend(finding, None, wake=False)()
    assert first.pk == second.pk
    assert first.started_at == second.started_at
    assert finding.events.count() == 1


# -- what is shown -----------------------------------------------------------------------------------------------------


def test_proofs_old_and_new_and_reasons_are_shown(reader: Client, finding: Finding) -> None:
    computed(finding)
    text = reader.get(page_of(finding)).content.decode()
    assert "The new policies allow nothing that the old ones do not." in text
    assert "Whatever was used, or may have been, is still allowed wherever it was." in text
    assert "Proven statement by statement" in text
    assert "s3:PutObject" in text
    assert "were not used since" in text
    assert '<table class="sides">' in text
    assert "<del>" in text
    assert "<ins>" in text


def test_shorter_evidence_tells_what_would_be_gone(reader: Client, finding: Finding) -> None:
    computed(finding)
    text = reader.get(page_of(finding)).content.decode()
    assert "Were it 30 days shorter" in text
    assert "sqs:*" in text.split('id="shorter"')[1].split("</section>")[0]
    week = reader.get(page_of(finding, "?shorter=7")).content.decode()
    assert "With evidence that is 7 days shorter the recommendation would take away nothing more." in week
    whole = reader.get(page_of(finding, "?shorter=90")).content.decode()
    assert "nothing of the evidence would be left" in whole
    assert "Were it 30 days shorter" in reader.get(page_of(finding, "?shorter=x%00")).content.decode()


def test_variants_are_kept_apart(reader: Client, finding: Finding) -> None:
    computed(finding)
    text = reader.get(page_of(finding)).content.decode()
    assert 'name="variant" value="strict"' in text
    strict = reader.get(page_of(finding, "?variant=strict")).content.decode()
    assert "Not computed yet" in strict
    computed(finding, "strict")
    assert "Not computed yet" not in reader.get(page_of(finding, "?variant=strict")).content.decode()
    assert finding.recommendations.count() == 2
    assert keeps(finding) in reader.get(page_of(finding, "?variant=nonsense")).content.decode()


def test_a_change_of_policies_or_of_use_makes_it_out_of_date(
    reader: Client, finding: Finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = computed(finding)
    assert "Out of date" not in reader.get(page_of(finding)).content.decode()
    told(monkeypatch, evidence(timezone.now() + timedelta(minutes=1)))
    assert not recommending.is_out_of_date(row, timezone.now()), "the same actions were used again"
    told(monkeypatch, evidence(used={**USED, "dynamodb:GetItem": 1}))
    assert "Out of date" in reader.get(page_of(finding)).content.decode()
    told(monkeypatch, evidence())
    assert "Out of date" not in reader.get(page_of(finding)).content.decode()
    give(Principal.objects.get(), "another", {"Version": "2012-10-17", "Statement": []})
    text = reader.get(page_of(finding)).content.decode()
    assert "Out of date" in text
    assert "Compute again" in text
    assert "Out of date" not in page_after_again(reader, finding)


def page_after_again(reader: Client, finding: Finding) -> str:
    computed(finding)
    return reader.get(page_of(finding)).content.decode()


def test_what_leaves_the_period_makes_it_out_of_date(finding: Finding) -> None:
    row = computed(finding)
    assert not recommending.is_out_of_date(row, timezone.now() + timedelta(days=5))
    assert recommending.is_out_of_date(row, timezone.now() + timedelta(days=20)), "sqs:ReceiveMessage was 75 days ago"


# -- when there is none ------------------------------------------------------------------------------------------------


def test_a_policy_without_text_is_left_and_said_so(reader: Client, finding: Finding) -> None:
    give(
        Principal.objects.get(), "secret", None, kind=PrincipalPolicy.Kind.MANAGED, arn="arn:aws:iam::aws:policy/Secret"
    )
    computed(finding)
    text = reader.get(page_of(finding)).content.decode()
    assert "Left as it is" in text
    assert "Its text is not known." in text


def test_without_evidence_nothing_is_taken_away(
    reader: Client, finding: Finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(monkeypatch)
    row = computed(finding)
    assert (row.status, row.steps) == ("SUCCEEDED", [])
    text = reader.get(page_of(finding)).content.decode()
    assert "Nothing to take away" in text
    assert "download" not in text.split("<main")[1]


def test_a_time_out_is_told_with_what_to_do(reader: Client, finding: Finding, monkeypatch: pytest.MonkeyPatch) -> None:
    from celery.exceptions import SoftTimeLimitExceeded

    def late(*args: Any, **more: Any) -> None:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr("analyzers.recommending.compute.recommendation", late)
    row = computed(finding)
    assert (row.status, row.error_code) == ("FAILED", "TIMEOUT")
    text = reader.get(page_of(finding)).content.decode()
    assert "There is no recommendation" in text
    assert "The time was over before everything was proven." in text
    assert "Compute it again when the machine has less to do" in text
    assert "Compute again" in text


def test_a_refusal_shows_which_claim_failed(reader: Client, finding: Finding, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzers.checks.recommendation.proving.nothing_new", lambda *args: "It is wider.")
    monkeypatch.setattr("analyzers.recommending.compute.SECONDS", 0.0)
    found = recommending.inputs_for(finding, timezone.now())
    assert found is not None
    row = Recommend(finding, None, wake=False)()
    original = recommending.compute.recommendation
    monkeypatch.setattr(
        "analyzers.recommending.compute.recommendation",
        lambda inputs, resources: original(inputs, resources=resources, seconds=0.0),
    )
    recommending.work(row.pk)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("FAILED", "NOT_PROVEN")
    text = reader.get(page_of(finding)).content.decode()
    assert "Not known" in text
    assert "It is wider." in text
    assert reader.get(page_of(finding, "policy-1/")).status_code == 404


def test_a_mistake_of_ours_is_a_failure_and_not_the_end_of_the_worker(
    finding: Finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzers.recommending.shown.of", lambda *args: 1 / 0)
    row = computed(finding)
    assert (row.status, row.error_code) == ("FAILED", "INTERNAL_ERROR")


def test_a_lost_worker_is_given_up(finding: Finding) -> None:
    row = Recommend(finding, None, wake=False)()
    assert recommending.give_up_lost() == 0
    Recommendation.objects.update(started_at=timezone.now() - timedelta(minutes=7))
    assert recommending.give_up_lost() == 1
    recommending.work(row.pk)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("FAILED", "WORKER_LOST")


def test_a_broker_that_is_away_is_told_at_once(
    reader: Client, finding: Finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any) -> None:
        raise OperationalError

    monkeypatch.setattr("findings.tasks.compute_recommendation.delay", away)
    reader.post(f"/findings/{finding.pk}/recommend/")
    assert "No worker could be told" in reader.get(page_of(finding)).content.decode()


def test_an_answer_that_comes_after_a_newer_question_is_thrown_away(
    finding: Finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = Recommend(finding, None, wake=False)()
    original = recommending._answer

    def slowly(asked: Recommendation) -> dict[str, Any]:
        Recommendation.objects.update(started_at=timezone.now())
        return original(asked)

    monkeypatch.setattr(recommending, "_answer", slowly)
    recommending.work(row.pk)
    row.refresh_from_db()
    assert row.status == "IN_PROGRESS"


def test_a_principal_that_is_gone_is_told(reader: Client, finding: Finding) -> None:
    row = computed(finding)
    Principal.objects.all().delete()
    assert recommending.is_out_of_date(row, timezone.now())
    assert computed(finding).error_code == "RESOURCE_NOT_FOUND"
    assert "not in the inventory any more" in reader.get(page_of(finding)).content.decode()


# -- downloads ---------------------------------------------------------------------------------------------------------


def test_files_have_safe_names_and_their_types(reader: Client, finding: Finding) -> None:
    computed(finding)
    types = dict.fromkeys(("policy-1", "json", "cloudformation", "terraform", "api"), "application/json")
    for kind in (*types, "cli", "plan"):
        answer = reader.get(page_of(finding, f"{kind}/"))
        assert answer.status_code == 200
        assert answer["Content-Type"] == types.get(kind, "text/plain; charset=utf-8")
        assert answer["Content-Disposition"].startswith('attachment; filename="thumbnailer.')
        assert answer["X-Content-Type-Options"] == "nosniff"
    api = json.loads(reader.get(page_of(finding, "api/")).content)
    assert api["status"] == "SUCCEEDED"
    steps = [step["unusedPermissionsRecommendedStep"] for step in api["recommendedSteps"]]
    assert [step["recommendedAction"] for step in steps] == ["CREATE_POLICY", "DETACH_POLICY"]
    assert "s3:GetObject" in steps[0]["recommendedPolicy"]
    assert reader.get(page_of(finding, "exe/")).status_code == 404
    assert reader.get(page_of(finding, "policy-1/?variant=strict")).status_code == 404


def test_hostile_names_are_shown_and_never_run(
    reader: Client, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = f"arn:aws:iam::111122223333:role/{HOSTILE}\r\nX: y"
    document = {"Version": "2012-10-17", "Statement": [{**WIDE["Statement"][0], "Sid": HOSTILE}]}
    principal = role(account, arn=arn, **{HOSTILE: document})
    told(monkeypatch, evidence(arn=arn))
    finding = finding_of(principal)
    row = computed(finding)
    assert row.status == "SUCCEEDED", row.error_message
    text = reader.get(page_of(finding)).content.decode()
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert "⟨U+202E⟩" in text
    answer = reader.get(page_of(finding, "policy-1/"))
    assert answer.status_code == 200
    assert "\r" not in answer["Content-Disposition"]
    assert "<" not in answer["Content-Disposition"]


def test_a_character_that_no_database_keeps_does_not_end_the_worker(
    reader: Client, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps({**SOME, "Statement": [{**SOME["Statement"][0], "Sid": "a\0b"}]})
    told(monkeypatch, evidence())
    finding = finding_of(role(account, odd=text))
    row = computed(finding)
    assert row.status == "SUCCEEDED", row.error_message
    assert row.details["policies"][0]["changes"][0]["sid"] == "a␀b"
    created = row.steps[0]["unusedPermissionsRecommendedStep"]["recommendedPolicy"]
    assert json.loads(created)["Statement"][0]["Sid"] == "a\0b", "the policy itself is what was proven"
    assert reader.get(page_of(finding)).status_code == 200


def test_a_huge_policy_is_shown_in_part_and_does_not_take_the_page_down(
    reader: Client, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = [
        {
            "Sid": f"S{number}",
            "Effect": "Allow",
            "Action": ["s3:*", "ec2:*"],
            "Resource": f"arn:aws:s3:::bucket-{number}/*",
        }
        for number in range(60)
    ]
    told(monkeypatch, evidence())
    finding = finding_of(role(account, large={"Version": "2012-10-17", "Statement": statements}))
    row = computed(finding)
    assert row.completed_at is not None
    answer = reader.get(page_of(finding))
    assert answer.status_code == 200
    assert len(answer.content) < 3_000_000


# -- who may -----------------------------------------------------------------------------------------------------------


def test_auditors_see_it_and_cannot_ask(client: Client, auditor: User, finding: Finding) -> None:
    client.force_login(auditor)
    assert "Reviewers can have a policy recommended" in client.get(f"/findings/{finding.pk}/").content.decode()
    assert client.post(f"/findings/{finding.pk}/recommend/").status_code == 403
    with pytest.raises(PermissionDenied, match="Reviewers"):
        Recommend(finding, auditor)()
    assert "Reviewers can have it computed" in client.get(page_of(finding)).content.decode()
    computed(finding)
    text = client.get(page_of(finding)).content.decode()
    assert keeps(finding) in text
    assert "Compute again" not in text
    assert client.get(page_of(finding, "policy-1/")).status_code == 200


def test_strangers_are_sent_to_the_door(client: Client, finding: Finding) -> None:
    for path in (page_of(finding), page_of(finding, "policy-1/")):
        assert client.get(path)["Location"].startswith("/login/")


def test_other_findings_have_none(reader: Client, make_finding: Callable[..., Finding]) -> None:
    other = make_finding()
    assert "recommend/" not in reader.get(f"/findings/{other.pk}/").content.decode()
    assert reader.get(page_of(other)).status_code == 404
    with pytest.raises(ValidationError, match="unused permissions only"):
        Recommend(other, None)()
    answer = reader.post(f"/findings/{other.pk}/recommend/", follow=True)
    assert "unused permissions only" in answer.content.decode()


# -- over HTTP ---------------------------------------------------------------------------------------------------------


def test_the_api_has_the_service_s_shape(reader: Client, finding: Finding) -> None:
    path = f"/api/v1/findings/{finding.pk}/recommendation/"
    assert reader.get(path).status_code == 404
    asked = reader.post(path)
    assert asked.status_code == 202
    assert asked.json()["status"] == "IN_PROGRESS"
    recommending.work(Recommendation.objects.get().pk)
    told = reader.get(path).json()
    assert told["recommendationType"] == "UnusedPermissionRecommendation"
    assert (told["status"], told["resourceArn"], told["outOfDate"]) == ("SUCCEEDED", ROLE, False)
    assert told["completedAt"].endswith("Z")
    assert told["details"]["actions_after"] < told["details"]["actions_before"]
    assert "files" not in told["details"]
    assert reader.post(f"{path}?variant=other").status_code == 400


def test_the_api_asks_who_it_is(client: Client, auditor: User, finding: Finding) -> None:
    path = f"/api/v1/findings/{finding.pk}/recommendation/"
    assert client.get(path).status_code == 403
    client.force_login(auditor)
    assert client.post(path).status_code == 403
    assert not Recommendation.objects.exists()


def test_policies_are_taken_from_groups_and_boundaries_too(account: Account) -> None:
    from analyzers.recommending.inputs import held

    user = Principal.objects.create(arn="arn:aws:iam::111122223333:user/u", account=account, kind="USER", name="u")
    group = Principal.objects.create(arn="arn:aws:iam::111122223333:group/g", account=account, kind="GROUP", name="g")
    user.groups = [group.arn]
    user.save()
    give(user, "own", WIDE)
    give(user, "limit", WIDE, kind=PrincipalPolicy.Kind.BOUNDARY, arn="arn:aws:iam::111122223333:policy/limit")
    give(group, "shared", WIDE)
    assert [(one.name, str(one.kind), one.via) for one in held(user)] == [
        ("limit", "BOUNDARY", ""),
        ("own", "INLINE", ""),
        ("shared", "INLINE", group.arn),
    ]
    assert Document.objects.count() == 1


def test_the_tables_of_usage_are_what_it_rests_on(reader: Client, account: Account) -> None:
    now = timezone.now()
    principal = role(account, reads=READS)
    used = (now - timedelta(days=3)).isoformat()
    actions = [{"action": name, "last_accessed": used if name == "ListBucket" else None} for name in TRACKED]
    LastAccessedReport.objects.create(
        principal=principal.arn,
        asked_at=now,
        by_action=True,
        services=[
            {"service": "s3", "last_accessed": used, "region": "", "actions": actions},
            {"service": "sqs", "last_accessed": None, "region": "", "actions": []},
        ],
    )
    finding = finding_of(principal)
    row = computed(finding)
    assert row.status == "SUCCEEDED", row.error_message
    step = row.steps[0]["unusedPermissionsRecommendedStep"]
    assert json.loads(step["recommendedPolicy"])["Statement"][0]["Action"] == ["s3:ListBucket"]
    assert not recommending.is_out_of_date(row, now)
    LastAccessedReport.objects.update(asked_at=now - timedelta(days=30))
    assert recommending.is_out_of_date(row, now), "nothing tells of the last 30 days any more"
