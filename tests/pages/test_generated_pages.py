"""Policies from activity: list, form, job, what is in it and what is not; who may, and how many."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone
from kombu.exceptions import OperationalError

from analyzers.actions import CancelPolicyGeneration, QuotaExceeded, StartPolicyGeneration
from analyzers.generating import shown
from analyzers.generating import work as generating
from analyzers.models import Account, PolicyGeneration, Principal, UsageCoverage, UsageFeed
from analyzers.usage.evidence import Evidence, Use
from tests.recommending import ROLE, evidence, role, told

LIST = "/policies/generated/"
GUARDRAIL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})


@pytest.fixture
def principal(account: Account, monkeypatch: pytest.MonkeyPatch) -> Principal:
    told(monkeypatch, evidence())
    return role(account)


@pytest.fixture
def reader(client: Client, reviewer: User) -> Client:
    client.force_login(reviewer)
    return client


def start(user: Any = None, **more: Any) -> PolicyGeneration:
    now = timezone.now()
    fields = {"principal": ROLE, "since": now - timedelta(days=90), "until": now, "user": user, "wake": False}
    return StartPolicyGeneration(**fields | more)()


def done(user: Any = None, **more: Any) -> PolicyGeneration:
    job = start(user, **more)
    generating.work(str(job.pk))
    job.refresh_from_db()
    return job


# -- the way there -----------------------------------------------------------------------------------------------------


def test_a_principal_leads_to_its_policy(reader: Client, principal: Principal) -> None:
    text = reader.get("/access/principal/", {"arn": ROLE}).content.decode()
    assert f"{LIST}new/?principal=arn%3Aaws%3Aiam" in text
    form = reader.get(f"{LIST}new/", {"principal": ROLE}).content.decode()
    assert f'value="{ROLE}"' in form
    today = timezone.now().date()
    assert f'value="{today}"' in form
    assert f'value="{today - timedelta(days=90)}"' in form
    asked = {"principal": ROLE, "since": today - timedelta(days=90), "until": today}
    answer = reader.post(f"{LIST}new/", asked)
    job = PolicyGeneration.objects.get()
    assert answer["Location"] == f"{LIST}{job.pk}/"
    waiting = reader.get(answer["Location"]).content.decode()
    assert "Still computing" in waiting
    assert 'hx-trigger="every 1s"' in waiting
    assert "/cancel/" in waiting
    generating.work(str(job.pk))
    text = reader.get(answer["Location"]).content.decode()
    assert "3 actions of 2 services" in text
    assert "Proven:" in text
    assert "hx-trigger" not in text
    part = reader.get(answer["Location"], headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="generation"')


def test_placeholders_are_marked_and_can_be_left_out(reader: Client, principal: Principal) -> None:
    job = done()
    text = reader.get(f"{LIST}{job.pk}/").content.decode()
    assert '<mark class="placeholder">${BucketName}</mark>' in text
    assert "Fill in what is" in text
    plain = reader.get(f"{LIST}{job.pk}/", {"placeholders": "no"}).content.decode()
    assert "${BucketName}" not in plain
    file = json.loads(reader.get(f"{LIST}{job.pk}/policy-1/", {"placeholders": "no"}).content)
    assert {action for one in file["Statement"] for action in one["Action"]} == {
        "s3:GetObject",
        "s3:PutObject",
        "sqs:ReceiveMessage",
    }


def test_lines_keep_policy_variables_apart_from_placeholders() -> None:
    (line,) = shown.lines('"arn:${Partition}:s3:::${aws:username}/x"')
    assert [part.text for part in line if part.placeholder] == ["${Partition}"]
    assert "".join(part.text for part in line) == '"arn:${Partition}:s3:::${aws:username}/x"'


def test_what_lies_outside_of_the_guardrail_is_told(reader: Client, principal: Principal) -> None:
    job = done(guardrail=GUARDRAIL)
    text = reader.get(f"{LIST}{job.pk}/").content.decode()
    assert "The policy allows nothing that the guardrail does not." in text
    outside = text.split("Outside of the guardrail")[1].split("</ul>")[0]
    assert "sqs:ReceiveMessage" in outside
    assert "The guardrail</summary>" in text


def test_where_the_events_come_from_is_told(reader: Client, principal: Principal) -> None:
    day = timezone.now().date()
    for kind, place, settings in (("S3", "s3://logs/<b>", {}), ("FOLDER", "/logs", {"trail": "arn:aws:cloudtrail:x"})):
        feed = UsageFeed.objects.create(kind=kind, location=place, settings=settings)
        UsageCoverage.objects.create(
            feed=feed,
            account=principal.account_id,
            first_day=day,
            last_day=day,
            regions=["*"] if settings else ["eu-west-1"],
        )
    job = done()
    text = reader.get(f"{LIST}{job.pk}/").content.decode()
    assert "s3://logs/&lt;b&gt;" in text
    assert "arn:aws:cloudtrail:x" in text
    trails = reader.get(f"/api/v1/policy-generations/{job.pk}/").json()["generatedPolicyResult"]["properties"]
    assert {"cloudTrailArn": "arn:aws:cloudtrail:x", "allRegions": True} in trails["cloudTrailProperties"][
        "trailProperties"
    ]


# -- when there is none ------------------------------------------------------------------------------------------------


def test_no_use_is_no_policy(reader: Client, principal: Principal, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch)
    job = done()
    assert (job.status, job.error_code) == ("FAILED", "SERVICE_ERROR")
    text = reader.get(f"{LIST}{job.pk}/").content.decode()
    assert "There is no policy" in text
    assert "No use is recorded in this time." in text
    assert reader.get(f"{LIST}{job.pk}/policy-1/").status_code == 404
    assert reader.get(f"{LIST}{job.pk}/api/").status_code == 404


def test_a_principal_that_is_gone_is_an_error(principal: Principal) -> None:
    job = start()
    principal.delete()
    generating.work(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.error_code) == ("FAILED", "RESOURCE_NOT_FOUND_ERROR")


def test_a_mistake_of_ours_and_a_time_out_are_failures(principal: Principal, monkeypatch: pytest.MonkeyPatch) -> None:
    from celery.exceptions import SoftTimeLimitExceeded

    for raised, words in ((ZeroDivisionError, "worker's log"), (SoftTimeLimitExceeded, "The time was over")):

        def fail(*args: Any, error: type[Exception] = raised, **more: Any) -> None:
            raise error

        monkeypatch.setattr(generating, "generated", fail)
        job = done()
        assert job.status == "FAILED"
        assert words in job.error_message


def test_a_cancelled_job_stays_cancelled(reader: Client, principal: Principal, monkeypatch: pytest.MonkeyPatch) -> None:
    job = start()
    original = generating._answer

    def cancelled(asked: PolicyGeneration) -> dict[str, Any]:
        answer = original(asked)
        reader.post(f"{LIST}{asked.pk}/cancel/")
        return answer

    monkeypatch.setattr(generating, "_answer", cancelled)
    generating.work(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.result) == ("CANCELED", {})
    text = reader.get(f"{LIST}{job.pk}/").content.decode()
    assert "Start again" in text
    monkeypatch.setattr(generating, "_answer", original)
    assert "finished already" in reader.post(f"{LIST}{done().pk}/cancel/", follow=True).content.decode()


def test_a_lost_worker_and_a_broker_that_is_away_are_told(
    principal: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start()
    assert generating.give_up_lost() == 0
    PolicyGeneration.objects.update(started_at=timezone.now() - timedelta(minutes=7))
    assert generating.give_up_lost() == 1
    job.refresh_from_db()
    assert "was lost" in job.error_message

    def away(*args: Any) -> None:
        raise OperationalError

    monkeypatch.setattr("analyzers.tasks.generate_policy.delay", away)
    assert "No worker could be told" in start(wake=True).error_message


def test_a_hostile_guardrail_is_told_at_its_field(reader: Client, principal: Principal) -> None:
    today = timezone.now().date()
    asked = {"principal": ROLE, "since": today - timedelta(days=9), "until": today, "guardrail": '{"a": <script>'}
    answer = reader.post(f"{LIST}new/", asked)
    assert answer.status_code == 422
    assert "<script>" not in answer.content.decode().split("<main")[1]
    assert not PolicyGeneration.objects.exists()
    odd = {**asked, "guardrail": "", "since": "0001-01-01", "until": "9999-12-31"}
    assert reader.post(f"{LIST}new/", odd).status_code == 422
    unknown = reader.post(f"{LIST}new/", {**asked, "guardrail": "", "principal": "arn:aws:iam::1:role/x"})
    assert "No user or role of this ARN" in unknown.content.decode()


def test_hostile_names_are_shown_and_never_run(
    reader: Client, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = "arn:aws:iam::111122223333:role/<script>alert(1)</script>\u202e"
    role(account, arn=arn)
    now = timezone.now()
    use = Use("s3:GetObject", "arn:aws:s3:::<script>/*", False, "CLI", "r", now, now, {now.date(): 1})
    told(monkeypatch, Evidence(arn, (use,)))
    job = done(principal=arn)
    for path in (f"{LIST}{job.pk}/", LIST):
        text = reader.get(path).content.decode()
        assert "<script>alert" not in text
        assert "\u202e" not in text
    assert "<" not in reader.get(f"{LIST}{job.pk}/api/")["Content-Disposition"]


# -- the list, who may, and how many -----------------------------------------------------------------------------------


def test_the_list_is_of_seven_days_as_the_api_s_or_of_all(reader: Client, principal: Principal) -> None:
    assert "None in the last seven days" in reader.get(LIST).content.decode()
    old, new = done(), done()
    PolicyGeneration.objects.filter(pk=old.pk).update(started_at=timezone.now() - timedelta(days=8))
    text = reader.get(LIST).content.decode()
    assert f"{LIST}{new.pk}/" in text
    assert f"{LIST}{old.pk}/" not in text
    assert f"{LIST}{old.pk}/" in reader.get(LIST, {"all": "1"}).content.decode()
    assert "None yet" in reader.get(LIST, {"principal": "other"}).content.decode()
    listed = reader.get("/api/v1/policy-generations/").json()["policyGenerations"]
    assert [one["jobId"] for one in listed] == [str(new.pk)]
    assert listed[0]["principalArn"] == ROLE


def test_quotas_of_a_person(reviewer: User, principal: Principal, settings: Any) -> None:
    job = start(reviewer)
    with pytest.raises(QuotaExceeded, match="at a time"):
        start(reviewer)
    start(None)  # the command line has none
    CancelPolicyGeneration(job, reviewer)()
    settings.POLICY_GENERATIONS_A_DAY = 2
    job = done(reviewer)
    with pytest.raises(QuotaExceeded, match="24 hours"):
        start(reviewer)
    PolicyGeneration.objects.filter(pk=job.pk).update(started_at=timezone.now() - timedelta(hours=25))
    start(reviewer)


def test_auditors_see_and_do_not_start(client: Client, auditor: User, principal: Principal) -> None:
    client.force_login(auditor)
    job = done()
    assert client.get(f"{LIST}{job.pk}/").status_code == 200
    assert "Reviewers have policies generated" not in client.get(LIST).content.decode()
    assert "new/" not in client.get(LIST).content.decode()
    assert f"{LIST}new/" not in client.get("/access/principal/", {"arn": ROLE}).content.decode()
    assert client.get(f"{LIST}new/").status_code == 403
    assert client.post(f"{LIST}{job.pk}/cancel/").status_code == 403
    with pytest.raises(PermissionDenied, match="Reviewers"):
        start(auditor)
    api = client.post("/api/v1/policy-generations/", {}, content_type="application/json")
    assert api.status_code == 403


def test_strangers_are_sent_to_the_door(client: Client, principal: Principal) -> None:
    job = done()
    for path in (LIST, f"{LIST}new/", f"{LIST}{job.pk}/", f"{LIST}{job.pk}/policy-1/"):
        assert client.get(path)["Location"].startswith("/login/")
    assert client.get("/api/v1/policy-generations/").status_code == 403


def test_times_that_make_no_sense_are_refused(principal: Principal) -> None:
    now = timezone.now()
    for since, until in ((now, now), (now - timedelta(days=500), now)):
        with pytest.raises(ValidationError):
            start(since=since, until=until)


# -- over HTTP ---------------------------------------------------------------------------------------------------------


def test_the_api_starts_gets_and_cancels(reader: Client, principal: Principal) -> None:
    path = "/api/v1/policy-generations/"
    wanted = {"policyGenerationDetails": {"principalArn": ROLE}, "guardrailPolicy": GUARDRAIL}
    started = reader.post(path, wanted, content_type="application/json")
    assert started.status_code == 202
    key = started.json()["jobId"]
    assert reader.get(f"{path}{key}/").json()["jobDetails"]["status"] == "IN_PROGRESS"
    second = reader.post(path, wanted, content_type="application/json")
    assert second.status_code == 402
    generating.work(key)
    found = reader.get(f"{path}{key}/").json()
    assert found["jobDetails"]["status"] == "SUCCEEDED"
    assert found["generatedPolicyResult"]["properties"]["principalArn"] == ROLE
    (policy,) = found["generatedPolicyResult"]["generatedPolicies"]
    assert "s3:GetObject" in policy["policy"]
    assert "${BucketName}" not in policy["policy"]
    filled = reader.get(f"{path}{key}/?includeResourcePlaceholders=true").json()
    assert "${BucketName}" in filled["generatedPolicyResult"]["generatedPolicies"][0]["policy"]
    other = reader.post(path, wanted, content_type="application/json").json()["jobId"]
    assert reader.post(f"{path}{other}/cancel/").json() == {}
    assert reader.get(f"{path}{other}/").json()["jobDetails"]["status"] == "CANCELED"
    assert reader.get(path, {"principalArn": "other"}).json() == {"policyGenerations": []}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"policyGenerationDetails": []},
        {"policyGenerationDetails": {"principalArn": 3}},
        {"policyGenerationDetails": {"principalArn": "x\x00"}},
        {"policyGenerationDetails": {"principalArn": ROLE}, "startTime": "yesterday"},
        {"policyGenerationDetails": {"principalArn": ROLE}, "startTime": "2026-99-01T00:00:00Z"},
        {"policyGenerationDetails": {"principalArn": ROLE}, "endTime": "0001-01-01T00:00:00Z"},
        {"policyGenerationDetails": {"principalArn": ROLE}, "guardrailPolicy": "{"},
    ],
)
def test_the_api_refuses_what_it_does_not_understand(reader: Client, principal: Principal, body: Any) -> None:
    answer = reader.post("/api/v1/policy-generations/", json.dumps(body), content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["message"]
