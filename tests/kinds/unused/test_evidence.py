"""What the evidence says of an action or a service: used, unused, or unknown."""

from __future__ import annotations

from datetime import timedelta

import pytest

from analyzers.usage import evidence as module
from analyzers.usage.evidence import State, Told

from .builders import NOW, ago, everything, evidence, report, trail, use

SINCE = NOW - timedelta(days=90)


def state(told: Told) -> str:
    return told.state.value if not told.why else f"{told.state.value}: {told.why}"


def of_service(known: module.Evidence, prefix: str = "s3") -> str:
    return state(known.of_service(prefix, SINCE, NOW))


def of_action(known: module.Evidence, name: str = "s3:CreateBucket") -> str:
    return state(known.of_action(name, SINCE, NOW))


@pytest.mark.parametrize(
    ("last", "asked", "expected"),
    [
        (None, 0, "UNUSED"),
        (89, 0, "USED"),
        (90, 0, "USED"),
        (91, 0, "UNUSED"),
        (91, 3, f"UNKNOWN: {module.ENDS_EARLY}"),
        (94, 3, "UNUSED"),
        (None, 8, f"UNKNOWN: {module.OLD_REPORT}"),
    ],
)
def test_a_report_tells_of_as_long_a_time_before_its_end(last: float | None, asked: float, expected: str) -> None:
    """A job that runs every 88 days is not seen by a report that is three days old and tells of its run 91 days ago."""
    assert of_service(evidence(report=report({"s3": last}, asked=asked))) == expected


def test_without_a_report_nothing_is_told_of_a_service() -> None:
    assert of_service(evidence()) == f"UNKNOWN: {module.NO_REPORT}"
    assert of_service(evidence(report=report({"sqs": None}))) == f"UNKNOWN: {module.NOT_LISTED}"


def test_a_report_reaches_back_400_days() -> None:
    known = evidence(report=report({"s3": None}))
    assert known.of_service("s3", NOW - timedelta(days=399), NOW).state == State.UNUSED
    assert known.of_service("s3", NOW - timedelta(days=400), NOW).why == module.SHORT_REPORT


def test_use_of_an_action_is_use_of_its_service() -> None:
    assert of_service(evidence(report=report({"s3": None}, {"s3:CreateBucket": 3}))) == "USED"
    assert of_service(evidence(use("S3:createbucket", 3), report=report({"s3": None}))) == "USED"
    assert of_service(evidence(use("s3:CreateBucket", 3, denied=True))) == "USED"


def test_only_tracked_actions_of_a_used_service_are_told_of() -> None:
    known = evidence(report=report({"s3": 1}, {"s3:CreateBucket": None, "s3:DeleteBucket": 2}))
    assert of_action(known, "s3:CreateBucket") == "UNUSED"
    assert of_action(known, "s3:DeleteBucket") == "USED"
    assert of_action(known, "s3:GetObject") == f"UNKNOWN: {module.UNTRACKED}"


def test_every_action_of_an_unused_service_is_unused_but_the_silent_ones() -> None:
    known = evidence(report=report({"iam": None, "s3": None}))
    assert of_action(known, "iam:CreateUser") == "UNUSED"
    assert of_action(known, "iam:PassRole") == f"UNKNOWN: {module.SILENT}"
    assert of_action(known, "s3:AllowVendedLogDeliveryForResource") == f"UNKNOWN: {module.SILENT}"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "UNUSED"),
        ({"first": 90}, "UNUSED"),
        ({"first": 89}, "UNKNOWN"),
        ({"last": 3, "first": 300}, "UNUSED"),
        ({"last": 3, "first": 90}, "UNKNOWN"),
        ({"last": 9}, "UNKNOWN"),
        ({"holes": frozenset({(NOW - timedelta(days=20)).date()})}, "UNKNOWN"),
        ({"holes": frozenset({(NOW - timedelta(days=200)).date()})}, "UNUSED"),
        ({"regions": frozenset({"eu-central-1"})}, "UNKNOWN"),
    ],
)
def test_a_trail_tells_only_where_it_covers_everything(more: dict[str, object], expected: str) -> None:
    known = evidence(trails=(trail(**more),), recorded=everything)  # type: ignore[arg-type]
    assert known.of_action("s3:CreateBucket", SINCE, NOW).state == expected


def test_a_trail_tells_only_of_what_it_surely_records() -> None:
    assert of_action(evidence(trails=(trail(),))).startswith("UNKNOWN")
    asked: list[object] = []

    def records(action: str, data_events: frozenset[str]) -> bool:
        asked.append((action, data_events))
        return "s3" in data_events

    known = evidence(trails=(trail(data_events=frozenset({"s3"})),), recorded=records)
    assert known.of_action("s3:GetObject", SINCE, NOW).state == State.UNUSED
    assert asked == [("s3:getobject", frozenset({"s3"}))]


def test_tags_given_at_creation_leave_no_event_of_their_own() -> None:
    known = evidence(trails=(trail(),), recorded=everything)
    assert known.of_action("ec2:CreateTags", SINCE, NOW).state == State.UNKNOWN
    assert known.of_action("iam:PassRole", SINCE, NOW).state == State.UNKNOWN


def test_a_trail_tells_where_the_report_ends_too_early() -> None:
    early = report({"s3": 1}, {"s3:CreateBucket": 91}, asked=3)
    assert of_action(evidence(report=early)) == f"UNKNOWN: {module.ENDS_EARLY}"
    assert of_action(evidence(report=early, trails=(trail(),), recorded=everything)) == "UNUSED"


def test_what_names_are_told_is_all_that_is_not_unknown() -> None:
    known = evidence(use("s3:PutObject", 3), report=report({"s3": 1}, {"s3:CreateBucket": None}))
    told = known.names_told("s3", SINCE, NOW)
    assert told == {"s3:putobject", "s3:createbucket"}
    assert known.of_action("s3:GetObject", SINCE, NOW).state == State.UNKNOWN


def test_the_last_activity_is_that_of_any_source() -> None:
    assert evidence().last_activity is None
    assert evidence(use("s3:PutObject", 30), report=report({"s3": 20}, {"s3:CreateBucket": 10})).last_activity == ago(
        10
    )


def test_the_digest_changes_with_what_was_used_and_not_with_how_often() -> None:
    one, again = use("s3:PutObject", 3), use("s3:PutObject", 3)._replace(days={}, sessions=("x",))
    assert evidence(one).digest == evidence(again).digest
    assert evidence(one).digest != evidence(use("s3:PutObject", 2)).digest
    assert evidence(trails=(trail(),)).digest != evidence(trails=(trail(first=10),)).digest
    assert evidence(report=report({"s3": None})).digest != evidence(report=report({"s3": 1})).digest
