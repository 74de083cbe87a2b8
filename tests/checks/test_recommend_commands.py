"""`manage.py recommend` and `manage.py generate_policy`: what they print, write and exit with."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from analyzers.models import Account, Principal
from findings.models import Finding, Recommendation
from tests.recommending import ROLE, evidence, finding_of, give, role, told


@pytest.fixture
def finding(account: Account, monkeypatch: pytest.MonkeyPatch) -> Finding:
    told(monkeypatch, evidence())
    return finding_of(role(account))


def run(command: str, *args: Any, **options: Any) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command(command, *map(str, args), stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def refused(command: str, *args: Any, **options: Any) -> tuple[str, int]:
    with pytest.raises(CommandError) as caught:
        run(command, *args, **options)
    return str(caught.value), caught.value.returncode


def test_a_finding_is_answered_with_what_stays_and_the_proofs(finding: Finding) -> None:
    out, _ = run("recommend", finding.pk)
    assert re.search(r"Keeps \d of \d+ actions\.", out)
    assert "proved: The new policies allow nothing that the old ones do not." in out
    assert "CREATE_POLICY everything -> everything" in out
    assert not Recommendation.objects.exists(), "a command keeps nothing"


def test_a_principal_is_answered_as_its_finding(finding: Finding) -> None:
    by_finding, _ = run("recommend", finding.pk, format="api")
    by_name, _ = run("recommend", principal=ROLE, format="api")
    assert json.loads(by_name)["recommendedSteps"] == json.loads(by_finding)["recommendedSteps"]


@pytest.mark.parametrize("kind", ["policy", "json", "cli", "cloudformation", "terraform", "plan", "api"])
def test_each_format_is_printed_alone(finding: Finding, kind: str) -> None:
    out, err = run("recommend", finding.pk, format=kind)
    assert err == ""
    if kind in {"policy", "json", "cloudformation", "api"}:
        json.loads(out)


def test_files_are_written_where_told(finding: Finding, tmp_path: Path) -> None:
    run("recommend", finding.pk, output=tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "thumbnailer.all.json",
        "thumbnailer.cloudformation.json",
        "thumbnailer.json",
        "thumbnailer.plan.txt",
        "thumbnailer.recommendation.json",
        "thumbnailer.sh",
        "thumbnailer.tf.json",
    ]
    run("recommend", finding.pk, output=tmp_path / "one", format="terraform")
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["thumbnailer.tf.json"]
    (tmp_path / "file").write_text("")
    message, status = refused("recommend", finding.pk, output=tmp_path / "file")
    assert (status, "cannot be written" in message) == (2, True)


def test_shorter_evidence_is_told_beside_the_format(finding: Finding) -> None:
    out, err = run("recommend", finding.pk, format="api", shorter_by=30)
    json.loads(out)
    assert "Were the evidence 30 days shorter, 1 " in err
    assert "sqs:*, last used" in err


def test_nothing_unused_is_no_recommendation(finding: Finding, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch)
    message, status = refused("recommend", finding.pk)
    assert (status, message) == (1, "No recommendation: Nothing that is surely unused is allowed.")


def test_without_a_proof_there_is_none(finding: Finding, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzers.checks.recommendation.proving.nothing_new", lambda *args: "It is wider.")
    message, status = refused("recommend", finding.pk, seconds=0.0)
    assert status == 1
    assert "It is wider." in message


@pytest.mark.parametrize(
    ("args", "options", "words"),
    [
        ([], {}, "Name either"),
        (["not-an-id"], {}, "is no id"),
        (["00000000-0000-4000-8000-000000000000"], {}, "no finding"),
        ([], {"principal": "arn:aws:iam::111122223333:role/other"}, "no user or role"),
        ([], {"principal": ROLE, "days": 0}, "--days"),
        ([], {"principal": ROLE, "days": 30, "shorter_by": 30}, "--shorter-by"),
    ],
)
def test_wrong_use_is_told(finding: Finding, args: list[str], options: dict[str, Any], words: str) -> None:
    message, status = refused("recommend", *args, **options)
    assert status == 2
    assert words in message


def test_a_finding_of_another_type_is_wrong_use(make_finding: Any) -> None:
    message, status = refused("recommend", make_finding().pk)
    assert (status, "unused permissions only" in message) == (2, True)


def test_what_is_left_is_told(finding: Finding) -> None:
    give(Principal.objects.get(), "secret", None)
    out, _ = run("recommend", finding.pk)
    assert "Left: secret: Its text is not known." in out


# -- policies from activity --------------------------------------------------------------------------------------------


def test_activity_is_written_as_a_policy(finding: Finding) -> None:
    out, err = run("generate_policy", ROLE)
    assert {action for one in json.loads(out)["Statement"] for action in one["Action"]} == {
        "s3:GetObject",
        "s3:PutObject",
        "sqs:ReceiveMessage",
    }
    assert "proved: The policy allows everything that was used." in err
    api, _ = run("generate_policy", ROLE, format="api", placeholders=True)
    assert "${BucketName}" in json.loads(api)["generatedPolicies"][0]["policy"]


def test_a_guardrail_bounds_the_policy(finding: Finding, tmp_path: Path) -> None:
    guardrail = tmp_path / "guardrail.json"
    guardrail.write_text(
        '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
    )
    out, err = run("generate_policy", ROLE, guardrail=guardrail)
    assert "sqs" not in out
    assert "Outside of the guardrail: sqs:ReceiveMessage" in err


def test_no_use_is_no_policy(finding: Finding, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch)
    message, status = refused("generate_policy", ROLE)
    assert (status, message) == (1, "No policy: No use is recorded in this time.")


def test_days_are_included_from_first_to_last(finding: Finding, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def generated(principal: Any, since: Any, until: Any, **options: Any) -> Any:
        asked.update(since=since.isoformat(), until=until.isoformat())
        raise CommandError("asked")

    monkeypatch.setattr("analyzers.management.commands.generate_policy.generated", generated)
    refused("generate_policy", ROLE, since="2026-01-01", until="2026-01-31")
    assert asked == {"since": "2026-01-01T00:00:00+00:00", "until": "2026-02-01T00:00:00+00:00"}
    refused("generate_policy", ROLE, until="2026-04-01T12:00:00+02:00")
    assert asked == {"since": "2026-01-01T12:00:00+02:00", "until": "2026-04-01T12:00:00+02:00"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"since": "yesterday"}, "--since"),
        ({"until": "9999-12-31"}, "--until"),
        ({"since": "2026-02-01", "until": "2026-01-01"}, "before"),
        ({"guardrail": Path("/nowhere/at/all")}, "cannot be read"),
    ],
)
def test_wrong_use_of_generate_policy_is_told(finding: Finding, options: dict[str, Any], words: str) -> None:
    message, status = refused("generate_policy", ROLE, **options)
    assert (status, words in message) == (2, True)


def test_a_guardrail_that_is_no_policy_is_wrong_use(finding: Finding, tmp_path: Path) -> None:
    for content in (b"{", b"\xff\xfe"):
        (tmp_path / "bad").write_bytes(content)
        assert refused("generate_policy", ROLE, guardrail=tmp_path / "bad")[1] == 2
