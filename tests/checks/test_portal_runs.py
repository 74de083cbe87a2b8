"""Runs of pipelines: what is sent and asked over HTTP, what a token may do, what is kept and for how long."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from analyzers import tasks
from analyzers.actions import AssignGuardrail, CopyFromLibrary, CreateCheckToken, RevokeCheckToken, SaveGuardrail
from analyzers.check_runs import carry_out as carrying
from analyzers.check_runs import store
from analyzers.check_runs.carry_out import carry_out
from analyzers.check_runs.reading import found_policy
from analyzers.checks.asking import no_public_access
from analyzers.checks.cli.output.json import write
from analyzers.checks.found import mark
from analyzers.models import CheckPipeline, CheckRun, CheckToken
from tests.checks.test_portal_guardrails import NEEDY, TEXT

RUNS, CHECKS = "/api/checks/runs/", "/api/checks/"
PUBLIC = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Everybody", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
    {"Sid": "Own", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:PutObject",
     "Resource": "arn:aws:s3:::b/*"}]
}"""
PRIVATE = PUBLIC.replace('"*", "Action"', '{"AWS": "111122223333"}, "Action"')
ABOUT = {"pipeline": "shop", "repository": "example/shop", "branch": "main", "commit": "0123abcd"}
OUTCOME: dict[str, Any] = {
    "check": "no-public-access",
    "result": "PASS",
    "message": "fine",
    "policy": {"file": "a.json"},
}

Send = Callable[..., Any]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr("analyzers.api.checks.wake_for_check", lambda pk: True)


@pytest.fixture
def token(reviewer: User) -> tuple[CheckToken, str]:
    return CreateCheckToken("shop", 30, reviewer)()


@pytest.fixture
def send(client: Client, token: tuple[CheckToken, str]) -> Send:
    def send(address: str, body: Any, secret: str = token[1]) -> Any:
        data = body if isinstance(body, (bytes, str)) else json.dumps(body)
        headers = {"Authorization": f"Bearer {secret}"}
        return client.post(address, data, content_type="application/json", headers=headers)

    return send


def sent(*results: str, **more: Any) -> dict[str, Any]:
    outcomes = [OUTCOME | {"result": result} for result in results]
    return ABOUT | {"output": {"result": "PASS", "outcomes": outcomes, "unreadable": []}} | more


def asked(*texts: str, **more: Any) -> dict[str, Any]:
    policies = [{"text": text, "file": f"{n}.json", "resourceType": "AWS::S3::Bucket"} for n, text in enumerate(texts)]
    return ABOUT | {"policies": policies} | more


# -- sending -------------------------------------------------------------------------------------------------------


def test_what_the_command_line_writes_is_kept_with_its_commit(send: Send) -> None:
    found = found_policy(
        {"text": PUBLIC, "file": "b.json", "name": "", "policyType": "", "resourceType": "", "variants": []}
    )
    output = json.loads(write([no_public_access(found).mended()], [], colour=False))
    answer = send(RUNS, ABOUT | {"output": output, "guardrails": ["baseline"]})
    assert answer.status_code == 201, answer.content
    run = CheckRun.objects.get(pk=answer.json()["id"])
    assert (run.result, run.failed, run.commit, run.guardrails) == ("FAIL", 1, "0123abcd", ["baseline"])
    assert run.outcomes[0]["problems"][0]["statementId"] == "Everybody"
    assert run.outcomes[0]["mends"][0]["diff"]
    assert CheckPipeline.objects.get(name="shop").latest == run


def test_the_result_follows_from_the_outcomes_whatever_the_pipeline_claims(send: Send) -> None:
    for results, unreadable, expected in (
        (["PASS", "PASS"], [], "PASS"),
        (["PASS", "UNKNOWN"], [], "UNKNOWN"),
        (["PASS", "UNKNOWN", "FAIL"], ["x"], "FAIL"),
        (["PASS"], ["x"], "UNREADABLE"),
        ([], [], "UNKNOWN"),
    ):
        body = sent(*results)
        body["output"]["unreadable"] = unreadable
        assert send(RUNS, body).json()["result"] == expected


MISSHAPEN: list[Any] = [
    "{",
    "[]",
    b"\xff",
    '{"a": NaN}',
    "[" * 100_000,
    {},
    ABOUT,
    sent("MAYBE"),
    sent("PASS", commit="../../x"),
    sent("PASS", pipeline=""),
    sent("PASS", pipeline="a\x00"),
    sent("PASS", branch="\ud800"),
    sent("PASS", url="x" * 1_001),
    sent("PASS", output=[]),
    sent("PASS", output={"outcomes": {}}),
    sent("PASS", output={"outcomes": [OUTCOME | {"problems": [{"level": "mild"}]}]}),
    sent("PASS", output={"outcomes": [OUTCOME | {"policy": {"file": "a", "line": "x"}}]}),
    sent("PASS", output={"outcomes": [OUTCOME | {"policy": {"file": "a", "line": 10**30}}]}),
]


def test_what_is_not_of_the_shape_is_refused_with_words(send: Send) -> None:
    for body in MISSHAPEN:
        answer = send(RUNS, body)
        assert answer.status_code == 400, body
        assert answer.json()
    assert not CheckRun.objects.exists()


def test_more_than_may_be_sent_is_refused(send: Send, settings: Any) -> None:
    settings.CHECKS_BYTES = 1_000
    assert send(RUNS, sent("PASS", documents=[{"text": "x" * 1_000}])).status_code == 413


# -- asking --------------------------------------------------------------------------------------------------------


@pytest.fixture
def baseline(administrator: User) -> None:
    guardrail = CopyFromLibrary("no-public-access", administrator)().guardrail
    AssignGuardrail(guardrail, "PIPELINE", "sh*", administrator)()


def test_policies_are_checked_by_the_guardrails_of_the_pipeline(send: Send, baseline: None) -> None:
    answer = send(CHECKS, asked(PUBLIC, PRIVATE))
    told = answer.json()
    assert answer.status_code == 200
    assert (told["state"], told["result"], told["failed"], told["passed"]) == ("FINISHED", "FAIL", 1, 1)
    assert told["guardrails"] == ["no-public-access@1"]
    failed = told["outcomes"][0]
    assert failed["guardrail"] == "no-public-access@1"
    assert failed["rule"] == "not-public"
    assert failed["problems"][0]["request"]
    assert failed["mends"][0]["diff"]
    run = CheckRun.objects.get()
    assert run.documents[0]["text"] == PUBLIC
    assert run.asked is None


def test_without_a_guardrail_nothing_is_proved(send: Send, baseline: None) -> None:
    told = send(CHECKS, asked(PRIVATE, pipeline="other")).json()
    assert told["result"] == "UNKNOWN"
    assert "No guardrail is assigned" in told["message"]
    identity = json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    told = send(CHECKS, asked(identity)).json()
    assert told["result"] == "UNKNOWN"
    assert "No rule" in told["message"]
    told = send(CHECKS, asked(PRIVATE, identity)).json()
    assert (told["result"], told["message"][-8:]) == ("PASS", " 1.json.")


def test_what_cannot_be_read_or_used_is_no_pass(send: Send, baseline: None, administrator: User) -> None:
    told = send(CHECKS, asked(PRIVATE, "{")).json()
    assert (told["result"], len(told["unreadable"])) == ("UNREADABLE", 1)
    guardrail = SaveGuardrail(TEXT, administrator)().guardrail
    AssignGuardrail(guardrail, "RESOURCE_TYPE", "AWS::S3::*", administrator)()
    SaveGuardrail(NEEDY.replace("needy", "ours"), administrator, guardrail)()
    told = send(CHECKS, asked(PRIVATE)).json()
    assert told["result"] == "UNKNOWN"
    assert "needs organization" in told["outcomes"][1]["message"]


def test_values_that_are_not_known_stay_unknown_and_are_named(send: Send, baseline: None) -> None:
    text = PUBLIC.replace('"Principal": "*"', '"Principal": {"AWS": "' + mark("Partner") + '"}')
    policy = {
        "variants": [{"text": text, "when": [["IsProd", True]]}, {"text": PRIVATE, "when": [["IsProd", False]]}],
        "missing": [{"name": "Partner", "why": "a parameter"}],
        "policyType": "RESOURCE_POLICY",
        "resourceType": "AWS::S3::Bucket",
        "file": "t.yaml",
        "name": "Bucket",
    }
    told = send(CHECKS, ABOUT | {"policies": [policy]}).json()
    assert told["result"] == "UNKNOWN"
    assert "Partner" in [one["name"] for one in told["outcomes"][0]["missing"]]
    refused = send(CHECKS, ABOUT | {"policies": [policy | {"policyType": ""}]})
    assert refused.status_code == 400
    refused = send(CHECKS, ABOUT | {"policies": [policy | {"text": "{}"}]})
    assert refused.status_code == 400


def test_the_account_and_the_type_decide_too(send: Send, administrator: User) -> None:
    guardrail = CopyFromLibrary("no-public-access", administrator)().guardrail
    AssignGuardrail(guardrail, "ACCOUNT", "111122223333", administrator)()
    assert send(CHECKS, asked(PUBLIC)).json()["result"] == "UNKNOWN"
    assert send(CHECKS, asked(PUBLIC, account="111122223333")).json()["result"] == "FAIL"
    guardrail.assignments.all().delete()
    AssignGuardrail(guardrail, "RESOURCE_TYPE", "AWS::SQS::*", administrator)()
    assert send(CHECKS, asked(PUBLIC)).json()["result"] == "UNKNOWN"


def test_what_takes_long_is_finished_by_a_worker_and_polled(
    send: Send, baseline: None, client: Client, token: tuple[CheckToken, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzers.api.checks.AT_ONCE", -1.0)
    answer = send(CHECKS, asked(PRIVATE, PRIVATE))
    assert answer.status_code == 202
    assert answer.json()["result"] is None
    headers = {"Authorization": f"Bearer {token[1]}"}
    assert client.get(answer["Location"], headers=headers).status_code == 202
    run = CheckRun.objects.get()
    run.created_at -= timedelta(minutes=5)
    run.save()
    assert CheckRun.unfinished() == [run.pk]
    assert carry_out(run.pk, 60.0) is not None
    told = client.get(answer["Location"], headers=headers)
    assert (told.status_code, told.json()["result"], told.json()["passed"]) == (200, "PASS", 2)
    assert carry_out(run.pk, 60.0) is None, "it is finished"
    assert CheckRun.unfinished() == []


def test_a_run_goes_on_where_it_was_left_and_with_the_guardrails_of_its_beginning(
    send: Send, baseline: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzers.api.checks.AT_ONCE", -1.0)
    send(CHECKS, asked(PRIVATE, PUBLIC, PUBLIC))
    run = CheckRun.objects.get()
    clock = iter([0.0, 0.0, 100.0])
    monkeypatch.setattr(carrying, "monotonic", lambda: next(clock))
    left = carry_out(run.pk, 1.0)
    assert left is not None
    assert [one["result"] for one in left.outcomes] == ["PASS"]
    monkeypatch.undo()
    store.CheckRun.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() + timedelta(minutes=1))
    assert carry_out(run.pk, 1.0) is None, "somebody else works on it"
    store.CheckRun.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(minutes=1))
    ended = carry_out(run.pk, 60.0)
    assert ended is not None
    assert [one["result"] for one in ended.outcomes] == ["PASS", "FAIL", "FAIL"]


def test_a_run_that_cannot_be_finished_ends_and_is_no_pass(
    send: Send, baseline: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzers.api.checks.AT_ONCE", -1.0)
    send(CHECKS, asked(PRIVATE))
    CheckRun.objects.update(created_at=timezone.now() - timedelta(days=2), outcomes=[OUTCOME])
    ended = carry_out(CheckRun.objects.get().pk, 60.0)
    assert ended is not None
    assert (ended.result, ended.passed) == ("UNREADABLE", 1)


@pytest.mark.parametrize("error", [ValueError("of another type"), RuntimeError("secret")])
def test_an_error_in_a_rule_is_unknown_and_the_run_ends(
    send: Send, baseline: None, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(carrying.guardrails, "outcome", fails)
    told = send(CHECKS, asked(PRIVATE)).json()
    assert (told["state"], told["result"]) == ("FINISHED", "UNKNOWN")
    assert "secret" not in json.dumps(told)


def test_no_text_breaks_a_check(send: Send, baseline: None) -> None:
    for text in ("[" * 50_000, '{"a":' * 50_000, "\ue000x\ue001", "null", '{"Statement": [{}]}'):
        told = send(CHECKS, asked(text)).json()
        assert told["result"] in {"UNREADABLE", "UNKNOWN"}, text[:20]


def test_the_worker_and_the_sweeper_go_on(send: Send, baseline: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzers.api.checks.AT_ONCE", -1.0)
    send(CHECKS, asked(PRIVATE))
    CheckRun.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    woken: list[str] = []
    monkeypatch.setattr(tasks.work_on_check, "delay", woken.append)
    tasks.sweep()
    assert woken == [str(CheckRun.objects.get().pk)]
    tasks.work_on_check(woken[0])
    assert CheckRun.objects.get().result == "PASS"
    tasks.sweep()
    assert len(woken) == 1
    tasks.forget_check_runs()


# -- tokens --------------------------------------------------------------------------------------------------------


def _addresses(patterns: list[Any], before: str = "") -> Iterator[str]:
    """Every address of the portal, with something in place of its arguments."""
    for one in patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _addresses(one.url_patterns, route)
        elif isinstance(one, URLPattern):
            filled = re.sub(r"<uuid:\w+>", "00000000-0000-4000-8000-000000000000", route)
            yield "/" + re.sub(r"<\w+:\w+>", "1", filled)


def test_a_token_opens_nothing_but_the_checks(client: Client, token: tuple[CheckToken, str]) -> None:
    headers = {"Authorization": f"Bearer {token[1]}"}
    addresses = list(_addresses(get_resolver().url_patterns))
    others = [one for one in addresses if not one.startswith("/api/checks/")]
    assert len(others) > 90
    assert len(addresses) - len(others) == 3
    open_to_all = {"/healthz", "/readyz", "/login/"}
    for address in others:
        for method in ("get", "post", "put", "delete"):
            answer = getattr(client, method)(address, headers=headers)
            if address in open_to_all:
                continue
            told = (address, method, answer.status_code)
            refused = answer.status_code in {401, 403}
            assert refused or answer.get("Location", "").startswith("/login/"), told
    assert client.get(RUNS, headers=headers).status_code == 405


def test_only_a_token_opens_the_checks(client: Client, administrator: User, send: Send) -> None:
    assert client.post(RUNS, "{}", content_type="application/json").status_code == 401
    client.force_login(administrator)
    answer = client.post(RUNS, json.dumps(sent("PASS")), content_type="application/json")
    assert answer.status_code == 401, "a session is no token, so no foreign page can send a run"
    for wrong in ("", "apc_", "apc_" + "x" * 43, "x" * 10_000):
        assert send(RUNS, sent("PASS"), wrong).status_code == 401


def test_a_token_is_shown_once_and_kept_hashed(token: tuple[CheckToken, str], send: Send) -> None:
    row, secret = token
    kept = json.dumps(CheckToken.objects.filter(pk=row.pk).values()[0], default=str)
    assert secret[10:] not in kept
    assert row.last_used_at is None
    send(RUNS, sent("PASS"))
    row.refresh_from_db()
    assert row.last_used_at is not None
    assert CheckRun.objects.get().token_name == "shop"


@pytest.mark.parametrize("how", ["expired", "revoked", "owner left"])
def test_a_token_ends(how: str, token: tuple[CheckToken, str], send: Send, reviewer: User) -> None:
    row = token[0]
    if how == "expired":
        CheckToken.objects.filter(pk=row.pk).update(expires_at=timezone.now())
    elif how == "revoked":
        RevokeCheckToken(row, reviewer)()
    else:
        User.objects.filter(pk=reviewer.pk).update(is_active=False)
    assert CheckToken.objects.get(pk=row.pk).state == how
    assert send(RUNS, sent("PASS")).status_code == 401


def test_members_make_tokens_for_themselves_administrators_for_the_portal(
    auditor: User, reviewer: User, administrator: User, token: tuple[CheckToken, str]
) -> None:
    with pytest.raises(PermissionDenied):
        CreateCheckToken("x", 1, auditor)()
    with pytest.raises(PermissionDenied):
        CreateCheckToken("x", 1, reviewer, of_portal=True)()
    with pytest.raises(PermissionDenied):
        RevokeCheckToken(token[0], auditor)()
    portals, _ = CreateCheckToken("x", 1, administrator, of_portal=True)()
    with pytest.raises(PermissionDenied):
        RevokeCheckToken(portals, reviewer)()
    RevokeCheckToken(token[0], administrator)()
    for days in (0, 367):
        with pytest.raises(ValidationError):
            CreateCheckToken("x", days, reviewer)()


def test_a_token_speaks_for_its_pipelines_only(send: Send, reviewer: User) -> None:
    _, secret = CreateCheckToken("x", 1, reviewer, pipelines="web-*")()
    assert send(RUNS, sent("PASS"), secret).status_code == 403
    assert send(CHECKS, asked(PRIVATE), secret).status_code == 403
    assert not CheckRun.objects.exists()
    assert send(RUNS, sent("PASS", pipeline="web-1"), secret).status_code == 201


def test_a_token_sees_only_its_own_runs(send: Send, reviewer: User, client: Client) -> None:
    address = send(RUNS, sent("PASS")).json()["run"]
    _, other = CreateCheckToken("other", 1, reviewer)()
    assert client.get(address, headers={"Authorization": f"Bearer {other}"}).status_code == 404


def test_a_token_is_slowed_down(send: Send, settings: Any) -> None:
    settings.CHECKS_RATE = "2/min"
    answers = [send(RUNS, sent("PASS")) for _ in range(3)]
    assert [one.status_code for one in answers] == [201, 201, 429]
    assert int(answers[2]["Retry-After"]) > 0


# -- keeping -------------------------------------------------------------------------------------------------------


def test_old_runs_go_but_for_the_newest_of_a_pipeline(send: Send, settings: Any) -> None:
    for pipeline in ("a", "a", "b"):
        send(RUNS, sent("PASS", pipeline=pipeline))
    CheckRun.objects.update(created_at=timezone.now() - timedelta(days=400))
    settings.CHECK_RUNS_DAYS = 0
    assert store.forget_old() == 0
    settings.CHECK_RUNS_DAYS = 365
    assert store.forget_old() == 1
    assert sorted(CheckRun.objects.values_list("pipeline", flat=True)) == ["a", "b"]
    assert CheckPipeline.objects.exclude(latest=None).count() == 2
