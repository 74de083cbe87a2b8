"""What is recommended for policies and use that say plainly what must come out."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest

from analyzers.checks.recommendation import Answer, Held, Kind, Recommendation, StepAction, recommend
from analyzers.usage.evidence import Evidence
from tests.checks.knowing import NOW, ROLE, SINCE, USER, ago, evidence, use
from tests.shared import conformance


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def ask(text: str | Held, known: Evidence, **more: Any) -> Recommendation:
    held = text if isinstance(text, Held) else Held("inline", text=text)
    found = recommend([held], known, since=SINCE, now=NOW, seconds=30, **more)
    if found.steps:
        assert found.proved, found.refused
        assert [proof.verdict for proof in found.proofs] == [Answer.PROVED] * 3
    return found


def new_statements(found: Recommendation) -> list[dict[str, Any]]:
    creating = [step for step in found.steps if step.action is StepAction.CREATE_POLICY]
    return [statement for step in creating for statement in json.loads(step.text)["Statement"]]


def actions(found: Recommendation) -> list[str]:
    listed = [one["Action"] for one in new_statements(found)]
    return [name for one in listed for name in ([one] if isinstance(one, str) else one)]


CASES = [
    case
    for case in conformance("tricky_cases.json")
    if not isinstance(case, dict) or str(case.get("expected", "")).startswith("recommend:")
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_documented_cases(case: dict[str, Any]) -> None:
    known = case["check"]["lastUsed"]
    services = {
        name.partition(":")[0] for one in case["policies"]["identity"] for s in one["Statement"] for name in s["Action"]
    }
    told = evidence({prefix: known.get(prefix) for prefix in services})
    held = [Held(f"p{n}", text=json.dumps(one)) for n, one in enumerate(case["policies"]["identity"])]
    since = NOW - timedelta(days=case["check"]["trackingDays"])
    found = recommend(held, told, since=since, now=NOW, seconds=30)
    assert found.proved
    assert case["expected"] == "recommend: keep sqs:SendMessage, drop s3:GetObject"
    assert actions(found) == ["sqs:SendMessage"]
    assert found.steps[0].changes[0].dropped == ("s3:GetObject",)


def test_structure_conditions_resources_and_sids_stay() -> None:
    condition = {"StringEquals": {"aws:RequestedRegion": ["eu-west-1"]}}
    first = allow(["s3:GetObject", "sqs:SendMessage"], ["arn:aws:s3:::b/*", "*"], Sid="One", Condition=condition)
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    found = ask(policy(first, deny), evidence({"s3": None, "sqs": 3}))
    assert new_statements(found) == [{**first, "Action": ["sqs:SendMessage"]}, deny]


def test_a_whole_service_goes_with_its_wildcard() -> None:
    found = ask(policy(allow(["s3:*", "sqs:*"])), evidence({"s3": None, "sqs": 3}))
    assert actions(found) == ["sqs:*"]
    assert found.steps[0].changes[0].dropped == ("s3:*",)
    assert found.steps[0].changes[0].last_use is None


def test_what_iam_does_not_track_stays_and_what_it_tracks_without_use_goes() -> None:
    told = evidence({"sqs": 3}, {"sqs:SendMessage": 3, "sqs:DeleteQueue": None, "sqs:CreateQueue": 200})
    found = ask(policy(allow(["sqs:SendMessage", "sqs:DeleteQueue", "sqs:CreateQueue", "sqs:ReceiveMessage"])), told)
    assert actions(found) == ["sqs:SendMessage", "sqs:ReceiveMessage"]
    assert [change.last_use for change in found.steps[0].changes] == [None, ago(200)]


def test_services_told_as_a_whole_stay_whole() -> None:
    assert ask(policy(allow("sqs:*")), evidence({"sqs": 3})).unchanged


def test_a_wildcard_is_written_only_where_it_adds_nothing() -> None:
    told = evidence({"sqs": 3}, {"sqs:SendMessage": 3, "sqs:DeleteQueue": None})
    found = ask(policy(allow("sqs:*")), told)
    kept = actions(found)
    assert "sqs:List*" in kept
    assert "sqs:DeleteMessage" in kept
    assert "sqs:Delete*" not in kept
    assert "sqs:*" not in kept


def test_a_wildcard_never_covers_more_than_the_one_that_it_replaces() -> None:
    told = evidence({"sqs": 3}, {"sqs:DeleteQueue": None})
    found = ask(policy(allow("sqs:*Queue*")), told)
    assert all("Queue" in name for name in actions(found))


def test_explicit_actions_are_never_widened_to_wildcards() -> None:
    named = ["sqs:ListQueues", "sqs:ListQueueTags", "sqs:ListDeadLetterSourceQueues", "sqs:DeleteQueue"]
    found = ask(policy(allow(named)), evidence({"sqs": 3}, {"sqs:DeleteQueue": None}))
    assert actions(found) == named[:3]


def test_everything_becomes_the_services_that_are_used() -> None:
    told = evidence({prefix: 3 if prefix in {"sqs", "kms"} else None for prefix in every_prefix()})
    found = ask(policy(allow("*")), told)
    assert actions(found) == ["kms:*", "sqs:*"]
    assert found.actions_after < found.actions_before / 100


def test_all_but_becomes_the_services_that_are_used() -> None:
    told = evidence({prefix: 3 if prefix in {"sqs", "iam"} else None for prefix in every_prefix()})
    statement = {"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}
    found = ask(policy(statement), told)
    assert new_statements(found) == [{"Effect": "Allow", "Action": ["sqs:*"], "Resource": "*"}]


def test_nothing_is_dropped_without_evidence() -> None:
    found = ask(policy(allow("*")), Evidence(ROLE))
    assert found.unchanged
    assert not found.steps


@pytest.mark.parametrize("name", ["s3:NewThing", "nosuchservice:DoIt", "nosuchservice:*", "Odd"])
def test_what_the_catalogue_does_not_know_stays(name: str) -> None:
    told = evidence({"s3": 3, "sqs": None, "nosuchservice": None}, {"s3:CreateBucket": None})
    found = ask(policy(allow([name, "sqs:SendMessage"])), told)
    assert actions(found) == [name]


def test_actions_that_only_the_evidence_knows_stay_when_a_wildcard_goes() -> None:
    told = evidence({"s3": 3}, {"s3:CreateBucket": None}, [use("s3:BrandNew")])
    assert "s3:BrandNew" in actions(ask(policy(allow("s3:*")), told))


def test_a_role_can_still_be_handed_on_where_something_that_may_need_it_stays() -> None:
    told = evidence({"lambda": 3, "iam": None})
    found = ask(policy(allow(["lambda:CreateFunction", "iam:PassRole", "iam:CreateUser"])), told)
    assert actions(found) == ["lambda:CreateFunction", "iam:PassRole"]
    found = ask(policy(allow(["sqs:SendMessage", "iam:PassRole"])), evidence({"sqs": 3, "iam": None}))
    assert actions(found) == ["sqs:SendMessage"]


def test_an_action_that_is_used_stays_in_every_policy_that_allows_it() -> None:
    one = Held("one", text=policy(allow(["sqs:SendMessage", "s3:GetObject"])))
    two = Held("two", text=policy(allow(["sqs:SendMessage", "sns:Publish"])))
    found = recommend([one, two], evidence({"sqs": 3, "s3": None, "sns": None}), since=SINCE, now=NOW, seconds=30)
    assert found.proved
    assert actions(found) == ["sqs:SendMessage", "sqs:SendMessage"]


def test_nothing_left_is_a_detachment_alone() -> None:
    found = ask(
        Held("m", "arn:aws:iam::aws:policy/AmazonS3FullAccess", Kind.MANAGED, policy(allow("s3:*"))),
        evidence({"s3": None}),
    )
    assert [step.action for step in found.steps] == [StepAction.DETACH_POLICY]
    told = found.as_json()["recommendedSteps"][0]["unusedPermissionsRecommendedStep"]
    assert told == {
        "recommendedAction": "DETACH_POLICY",
        "existingPolicyId": "arn:aws:iam::aws:policy/AmazonS3FullAccess",
    }


def test_a_shared_policy_is_replaced_never_edited() -> None:
    arn = "arn:aws:iam::111122223333:policy/shared"
    found = ask(Held("shared", arn, Kind.MANAGED, policy(allow(["s3:*", "sqs:*"]))), evidence({"s3": None, "sqs": 1}))
    assert [step.action for step in found.steps] == [StepAction.CREATE_POLICY, StepAction.DETACH_POLICY]
    assert found.steps[0].name == "worker-shared-used-20260601"
    assert found.steps[0].kind is Kind.MANAGED


def test_whoever_uses_less_than_a_group_gives_leaves_it_with_what_is_used() -> None:
    group = "arn:aws:iam::111122223333:group/ops"
    wide = Held(
        "wide", "arn:aws:iam::111122223333:policy/wide", Kind.MANAGED, policy(allow(["s3:*", "sqs:*"])), via=group
    )
    same = Held("same", "arn:aws:iam::111122223333:policy/same", Kind.MANAGED, policy(allow("sqs:*")), via=group)
    found = recommend([wide, same], evidence({"s3": None, "sqs": 1}, principal=USER), since=SINCE, now=NOW, seconds=30)
    assert found.proved
    assert [(step.action, step.policy.name) for step in found.steps] == [
        (StepAction.CREATE_POLICY, "wide"),
        (StepAction.DETACH_POLICY, "wide"),
        (StepAction.KEEP_POLICY, "same"),
    ]
    assert any(group in note for note in found.notes)


def test_a_group_of_which_something_is_unknown_is_not_left() -> None:
    group = "arn:aws:iam::111122223333:group/ops"
    wide = Held(
        "wide", "arn:aws:iam::111122223333:policy/wide", Kind.MANAGED, policy(allow(["s3:*", "sqs:*"])), via=group
    )
    found = recommend([wide, Held("dark", via=group)], evidence({"s3": None, "sqs": 1}), since=SINCE, now=NOW)
    assert found.unchanged
    assert {left.policy.name for left in found.left} == {"wide", "dark"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not known"),
        ("{", "cannot be understood"),
        (policy({**allow("s3:*"), "Novelty": 1}), "not understood"),
        (policy({**allow("s3:*"), "Principal": "*"}), "does not belong"),
        (policy(allow([f"s3:{n:09}" for n in range(9_000)])), "100,000 characters"),
    ],
)
def test_what_cannot_be_read_is_left_and_said_so(text: str, why: str) -> None:
    found = ask(text or Held("dark"), evidence({"s3": None}))
    assert found.unchanged
    assert why in found.left[0].reason


def test_a_policy_changed_within_the_period_is_not_judged_unless_aws_changes_it() -> None:
    text = policy(allow(["s3:*", "sqs:*"]))
    told = evidence({"s3": None, "sqs": 1})
    young = Held("y", "arn:aws:iam::111122223333:policy/y", Kind.MANAGED, text, updated_at=ago(10))
    assert ask(young, told).unchanged
    assert ask(Held("o", text=text, updated_at=ago(100)), told).steps
    assert ask(Held("a", "arn:aws:iam::aws:policy/a", Kind.MANAGED, text, updated_at=ago(10)), told).steps


def test_the_role_of_an_aws_service_is_refused() -> None:
    role = "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    found = ask(policy(allow("s3:*")), evidence({"s3": None}, principal=role))
    assert "belongs to an AWS service" in found.refused


def test_a_boundary_is_not_touched() -> None:
    boundary = Held("b", "arn:aws:iam::111122223333:policy/b", Kind.BOUNDARY, policy(allow("s3:*")))
    assert ask(boundary, evidence({"s3": None})).unchanged


def test_what_is_too_large_inline_becomes_managed_policies() -> None:
    told = evidence(
        {prefix: 3 if prefix < "c" else None for prefix in every_prefix()}, {"a4b:GetRoom": None}, principal=USER
    )
    tracked = evidence(
        {prefix: 3 if prefix < "c" else None for prefix in every_prefix()},
        {f"{prefix}:Nothing": None for prefix in every_prefix() if prefix < "c"},
        principal=USER,
    )
    for known in (told, tracked):
        found = ask(policy(allow("*")), known)
        assert found.steps
        for step in found.steps:
            if step.action is StepAction.CREATE_POLICY:
                limit = 6144 if step.kind is Kind.MANAGED else 2048
                assert len(json.dumps(json.loads(step.text), separators=(",", ":"))) <= limit


def test_a_statement_that_cannot_be_divided_is_refused_with_the_reason() -> None:
    long = {"Effect": "Deny", "NotAction": [f"sqs:{'x' * 90}{n}" for n in range(100)], "Resource": "*"}
    held = Held("long", "arn:aws:iam::aws:policy/long", Kind.MANAGED, policy(allow(["s3:*", "sqs:*"]), long))
    found = ask(held, evidence({"s3": None, "sqs": 1}))
    assert "6,144" in found.refused
    assert not found.steps
    assert found.as_json()["status"] == "FAILED"


def test_used_services_stay_whole_where_the_list_would_not_fit() -> None:
    services = dict.fromkeys(every_prefix(), 3.0)
    known = {f"{name}": None for n, name in enumerate(every_action()) if n % 2}
    found = ask(
        Held("all", "arn:aws:iam::aws:policy/all", Kind.MANAGED, policy(allow("*"))),
        evidence({**services, "s3": None}, known),
    )
    assert found.proved
    assert "s3:*" not in actions(found)
    assert "sqs:*" in actions(found)
    assert any("would not fit" in left.reason for left in found.left)


RIGHTS_WITHIN_REQUESTS = ["iam:PassRole", "codeconnections:PassConnection", "wafv2:AllowVendedLogDeliveryForResource"]


def test_rights_that_no_request_is_made_for_stay_where_another_that_stays_may_need_them() -> None:
    services = {"iam": None, "codeconnections": None, "wafv2": None, "codepipeline": 3, "s3": None}
    found = ask(policy(allow([*RIGHTS_WITHIN_REQUESTS, "codepipeline:*", "s3:GetObject"])), evidence(services))
    assert actions(found) == [*RIGHTS_WITHIN_REQUESTS, "codepipeline:*"]


def test_they_go_where_nothing_that_stays_can_need_them() -> None:
    services = {"iam": None, "codeconnections": None, "wafv2": None, "sqs": 3}
    found = ask(policy(allow([*RIGHTS_WITHIN_REQUESTS, "sqs:*"])), evidence(services))
    assert actions(found) == ["sqs:*"]


def test_patterns_made_to_take_long_do_not() -> None:
    told = evidence({"s3": 3}, {"s3:CreateBucket": None})
    hostile = [f"s3:*{'a*' * 20}{n}" for n in range(60)] + ["s3:*"] * 400 + [f"s3:{'?' * n}*" for n in range(20)]
    began = time.process_time()
    found = ask(policy(allow(hostile)), told)
    assert found.steps
    assert time.process_time() - began < 20


# -- the stricter variant ------------------------------------------------------------------------------------------

BUCKET = "arn:aws:s3:::b/*"


def test_resources_are_narrowed_to_those_that_were_used() -> None:
    told = evidence(
        {"s3": 3}, uses=[use("s3:GetObject", BUCKET), use("s3:ListBucket", "arn:aws:s3:::b")], recorded=True
    )
    found = ask(policy(allow(["s3:GetObject", "s3:ListBucket"], Sid="Read")), told, resources=True)
    assert new_statements(found) == [
        allow(["s3:GetObject"], BUCKET, Sid="Read"),
        allow(["s3:ListBucket"], "arn:aws:s3:::b", Sid="Read2"),
    ]


def test_an_object_pattern_narrower_than_the_folded_use_stays() -> None:
    told = evidence({"s3": 3}, uses=[use("s3:GetObject", BUCKET)], recorded=True)
    found = ask(policy(allow("s3:GetObject", ["arn:aws:s3:::b/in/*", "arn:aws:s3:::c/*"])), told, resources=True)
    assert new_statements(found) == [allow("s3:GetObject", "arn:aws:s3:::b/in/*")]


@pytest.mark.parametrize(
    ("uses", "recorded"),
    [
        ([use("s3:GetObject", BUCKET), use("s3:GetObject")], True),
        ([use("s3:GetObject", BUCKET)], False),
        ([use("s3:GetObject", "arn:aws:s3:::b/${aws:username}")], True),
        ([use("s3:GetObject", "*")], True),
        ([use("ec2:RunInstances", "arn:aws:ec2:eu-west-1:111122223333:instance/i-1")], True),
        ([use("s3:GetObject", f"arn:aws:s3:::b/{n}") for n in range(40)], True),
    ],
)
def test_resources_stay_where_the_evidence_does_not_name_all(uses: list[Any], recorded: bool) -> None:
    told = evidence({"s3": 3, "ec2": 3}, uses=uses, recorded=recorded)
    assert ask(policy(allow([uses[0].action])), told, resources=True).unchanged


def test_the_stricter_variant_of_the_stricter_variant_is_itself() -> None:
    told = evidence({"s3": 3}, uses=[use("s3:GetObject", BUCKET), use("s3:PutObject", BUCKET)], recorded=True)
    found = ask(policy(allow("s3:*Object")), told, resources=True)
    again = ask(found.steps[0].text, told, resources=True)
    assert again.unchanged


def every_prefix() -> list[str]:
    from analyzers import catalogue

    return [one.prefix for one in catalogue.services()]


def every_action() -> list[str]:
    from analyzers import catalogue

    return [one.full_name for prefix in every_prefix() for one in catalogue.actions_of(prefix)]
