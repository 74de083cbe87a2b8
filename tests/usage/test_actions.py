"""Which actions an event stands for, and which of them CloudTrail surely records."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command

from analyzers import catalogue
from analyzers.management.commands.renew_event_sources import text_of_models
from analyzers.usage import recorded as rules
from analyzers.usage.actions import DATA, actions_of, prefixes_of
from analyzers.usage.decode import tally_events
from analyzers.usage.recorded import recorded
from analyzers.usage.special_events import IN_OLD_VERSION, OTHER_SOURCES, SPECIAL

from .events import UNTIL, USER, event

NONE: frozenset[str] = frozenset()


def of(call: str) -> tuple[str, ...] | None:
    service, _, name = call.partition(":")
    return actions_of(f"{service}.amazonaws.com", name)


@pytest.mark.parametrize(
    ("call", "actions"),
    [
        ("ec2:RunInstances", ("ec2:RunInstances",)),
        ("s3:ListBuckets", ("s3:ListAllMyBuckets",)),
        ("s3:HeadObject", ("s3:GetObject",)),
        ("s3:HeadBucket", ("s3:ListBucket",)),
        ("s3:GetBucketEncryption", ("s3:GetEncryptionConfiguration",)),
        ("s3:GetBucketCors", ("s3:GetBucketCORS",)),
        ("s3:DeleteObjects", ("s3:DeleteObject",)),
        ("s3:UploadPart", ("s3:PutObject",)),
        ("s3:ListObjectVersions", ("s3:ListBucketVersions",)),
        ("s3:CopyObject", ("s3:GetObject", "s3:PutObject")),
        ("s3express:GetObject", ("s3express:CreateSession",)),
        ("kms:ReEncrypt", ("kms:ReEncryptFrom", "kms:ReEncryptTo")),
        ("lambda:Invoke", ("lambda:InvokeFunction",)),
        ("lambda:ListFunctions20150331", ("lambda:ListFunctions",)),
        ("lambda:GetFunction20150331v2", ("lambda:GetFunction",)),
        ("cloudfront:CreateDistribution2020_05_31", ("cloudfront:CreateDistribution",)),
        ("monitoring:PutMetricAlarm", ("cloudwatch:PutMetricAlarm",)),
        ("email:SendEmail", ("ses:SendEmail",)),
        ("ses:SendEmail", ("ses:SendEmail",)),
        ("tagging:GetResources", ("tag:GetResources",)),
        ("states:StartExecution", ("states:StartExecution",)),
        ("autoscaling:RegisterScalableTarget", ("application-autoscaling:RegisterScalableTarget",)),
        ("autoscaling:CreateAutoScalingGroup", ("autoscaling:CreateAutoScalingGroup",)),
        ("cloudcontrolapi:CreateResource", ("cloudformation:CreateResource",)),
        ("streams.dynamodb:GetRecords", ("dynamodb:GetRecords",)),
        ("apigateway:CreateRestApi", ("apigateway:POST",)),
        ("apigateway:GetStages", ("apigateway:GET",)),
        ("apigateway:UpdateStage", ("apigateway:PATCH",)),
        ("dynamodb:TransactGetItems", ("dynamodb:GetItem",)),
        ("secretsmanager:RotateSecret", ("lambda:InvokeFunction", "secretsmanager:RotateSecret")),
        ("bedrock:Converse", ("bedrock:InvokeModel",)),
        ("sts:GetCallerIdentity", ()),
        ("signin:ConsoleLogin", ()),
        ("sso:GetRoleCredentials", ()),
        ("nosuch:Thing", None),
        ("s3:NoSuchCall", None),
    ],
)
def test_the_actions_of_an_event(call: str, actions: tuple[str, ...] | None) -> None:
    assert of(call) == actions


def test_all_ways_of_partiql_count_since_the_statement_is_not_read() -> None:
    assert len(of("dynamodb:ExecuteStatement") or ()) == 4


def test_a_source_outside_of_aws_has_no_actions() -> None:
    assert actions_of("s3.example.com", "GetObject") is None


def test_an_unknown_event_is_counted_with_who_caused_it() -> None:
    found = tally_events([event("nosuch:Thing"), event("nosuch:Thing", eventTime="2026-03-05T00:00:00Z")], UNTIL)
    one = found.unknown["nosuch.amazonaws.com", "Thing"]
    assert (one.count, one.principals, found.uses, found.malformed) == (2, [USER], {}, 0)
    assert one.first.isoformat() == "2026-03-04T05:06:07+00:00"


def test_an_event_of_several_actions_counts_for_each() -> None:
    found = tally_events([event("kms:ReEncrypt")], UNTIL)
    assert sorted(key.action for key in found.uses) == ["kms:ReEncryptFrom", "kms:ReEncryptTo"]


def test_every_action_of_the_own_tables_is_in_the_catalogue() -> None:
    told = {action for events in SPECIAL.values() for found in events.values() for action in found}
    told |= {*IN_OLD_VERSION, *IN_OLD_VERSION.values()}
    told |= {
        f"{prefix}:{name}"
        for lists in (rules._SOME, rules._DATA, rules._ON_THE_SIDE)
        for prefix, names in lists.items()
        for name in names.split()
    }
    assert [name for name in sorted(told) if catalogue.action(name) is None] == []
    prefixes = {prefix for found in OTHER_SOURCES.values() for prefix in found}
    assert [prefix for prefix in sorted(prefixes) if catalogue.service(prefix) is None] == []


def test_the_event_sources_are_those_of_the_installed_models(capsys: pytest.CaptureFixture[str]) -> None:
    assert DATA.read_text() == text_of_models(), "manage.py renew_event_sources renews them"


def test_the_command_says_that_they_are_old_and_renews_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from analyzers.management.commands import renew_event_sources as command

    path = tmp_path / "event_sources.json"
    path.write_text("{}")
    monkeypatch.setattr(command, "DATA", path)
    monkeypatch.setattr(command, "text_of_models", DATA.read_text)
    with pytest.raises(SystemExit):
        call_command("renew_event_sources", "--check")
    call_command("renew_event_sources")
    assert path.read_text() == DATA.read_text()
    call_command("renew_event_sources", "--check")
    assert "up to date" in capsys.readouterr().out


def test_a_source_that_is_a_prefix_is_known_without_a_model() -> None:
    assert prefixes_of("cloudshell") == ("cloudshell",)
    assert prefixes_of("nosuch") == ()


@pytest.mark.parametrize(
    "action",
    ["iam:DeleteRole", "ec2:StopInstances", "s3:ListAllMyBuckets", "sqs:SetQueueAttributes", "rds:DeleteDBInstance"],
)
def test_management_events_are_recorded(action: str) -> None:
    assert recorded(action, NONE)
    assert recorded(action.lower(), NONE)


@pytest.mark.parametrize(
    ("action", "service"),
    [
        ("s3:GetObject", "s3"),
        ("dynamodb:Query", "dynamodb"),
        ("lambda:InvokeFunction", "lambda"),
        ("sqs:SendMessage", "sqs"),
        ("sns:Publish", "sns"),
        ("kms:ScheduleKeyDeletion", "kms"),
    ],
)
def test_data_events_are_recorded_where_they_are_asked_for(action: str, service: str) -> None:
    assert not recorded(action, NONE)
    assert not recorded(action, frozenset({"other"}))
    assert recorded(action, frozenset({service}))


@pytest.mark.parametrize(
    "action",
    [
        "iam:PassRole",  # no call has this name
        "ec2:CreateTags",  # asked for by calls that create something with tags
        "s3:ListBucket",  # decides what GetObject answers for what is not there
        "s3:GetObjectTagging",
        "kms:Decrypt",  # asked for by other services
        "sts:AssumeRole",  # switching roles in the console is an event of another kind
        "ec2:RunInstances",
        "lambda:GetLayerVersion",
        "ecr:ReplicateImage",
        "kinesis:PutRecord",  # a service that is not on the list
        "logs:PutLogEvents",
        "nosuch:Thing",
        "",
    ],
)
def test_in_doubt_nothing_is_recorded(action: str) -> None:
    assert not recorded(action, NONE)
    assert not recorded(action, frozenset(one.prefix for one in catalogue.services()))


def test_what_is_recorded_has_an_event_that_tells_of_it() -> None:
    """Whether the absence of events may say anything: each such action is one that some event is read as."""
    everything = frozenset(one.prefix for one in catalogue.services())
    told = {action for events in SPECIAL.values() for found in events.values() for action in found}
    told |= {*IN_OLD_VERSION.values()}
    for service in catalogue.services():
        for action in catalogue.actions_of(service.prefix):
            if recorded(action.full_name, everything) and action.full_name not in told:
                sources = {source for source in (service.prefix, "monitoring") if service.prefix in prefixes_of(source)}
                assert any(action.full_name in (of(f"{source}:{action.name}") or ()) for source in sources), action
