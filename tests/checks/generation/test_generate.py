"""Policies from activity: what is in them, what is left out and said, and what is proven."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzers.checks.generation import Generated, Trail, generate
from analyzers.checks.recommendation.proving import joined
from analyzers.policy import Policy, parse
from analyzers.reasoning.access import decides, no_new_access
from analyzers.reasoning.question import PolicyType
from analyzers.reasoning.request import Request
from analyzers.reasoning.verdict import Answer
from analyzers.usage.evidence import Evidence
from tests.checks.knowing import NOW, ROLE, SINCE, evidence, use

BUCKET = "arn:aws:s3:::b/*"


def made(known: Evidence, **more: Any) -> Generated:
    return generate(known, start=SINCE, end=NOW, seconds=20, **more)


def statements(found: Generated) -> list[dict[str, Any]]:
    return [one for text in found.policies for one in json.loads(text)["Statement"]]


def test_actions_are_listed_with_the_resources_that_they_were_used_on() -> None:
    found = made(evidence({"s3": 3, "sqs": 3}, uses=[use("s3:GetObject", BUCKET), use("sqs:ListQueues")]))
    assert found.proved
    assert statements(found) == [
        {"Sid": "S31", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [BUCKET]},
        {"Sid": "Sqs1", "Effect": "Allow", "Action": ["sqs:ListQueues"], "Resource": "*"},
    ]


def test_a_use_without_a_resource_is_allowed_on_all_or_by_placeholder() -> None:
    known = evidence({"s3": 3}, uses=[use("s3:GetObject", BUCKET), use("s3:GetObject")])
    assert statements(made(known))[0]["Resource"] == "*"
    found = made(known, include_resource_placeholders=True)
    assert found.proved
    assert found.placeholders
    assert "arn:aws:s3:::${BucketName}/${ObjectName}" in statements(found)[0]["Resource"]


def test_what_was_only_refused_is_left_out_and_said() -> None:
    known = evidence({"s3": 3}, uses=[use("s3:GetObject", BUCKET), use("s3:DeleteObject", BUCKET, denied=True)])
    found = made(known)
    assert [one["Action"] for one in statements(found)] == [["s3:GetObject"]]
    assert found.denied_only == ("s3:DeleteObject",)


def test_use_outside_of_the_time_is_left_out() -> None:
    known = evidence({"s3": 3}, uses=[use("s3:GetObject", BUCKET), use("s3:PutObject", BUCKET, days=100)])
    assert [one.action for one in made(known).done] == ["s3:GetObject"]


def test_services_without_known_actions_are_told_or_made_a_template() -> None:
    known = evidence({"s3": 3, "sqs": 3}, uses=[use("s3:GetObject", BUCKET)])
    found = made(known)
    assert found.services_only == ("sqs",)
    assert not found.is_complete
    found = made(known, include_service_level_template=True)
    assert found.proved
    assert ["sqs:*"] in [one["Action"] for one in statements(found)]


def test_actions_that_iam_tracks_are_taken_from_its_report() -> None:
    assert [one.action for one in made(evidence({"sqs": 3}, {"sqs:CreateQueue": 3})).done] == ["sqs:CreateQueue"]


def test_what_an_action_needs_besides_is_noted() -> None:
    found = made(evidence({"lambda": 3}, uses=[use("lambda:CreateFunction")]))
    assert [(one.action, one.needs) for one in found.needed] == [("lambda:CreateFunction", "iam:PassRole")]


def test_without_any_use_there_is_no_policy() -> None:
    found = made(Evidence(ROLE))
    assert found.refused == "No use is recorded in this time."
    assert found.as_json()["generatedPolicies"] == []


def test_hostile_resources_are_not_written() -> None:
    for resource in ("arn:aws:s3:::*", "arn:aws:s3:::${aws:username}/x", "arn:aws:s3:::a?/x", "*"):
        found = made(evidence({"s3": 3}, uses=[use("s3:GetObject", resource)]))
        assert found.proved
        assert statements(found)[0]["Resource"] == "*"


def test_the_result_has_the_shape_of_the_api() -> None:
    known = evidence({"s3": 3}, uses=[use("s3:GetObject", BUCKET)], recorded=True)
    trail = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/all"
    told = made(known, trails=[Trail(trail, ("eu-west-1",))]).as_json()
    assert told["properties"]["isComplete"] is True
    assert told["properties"]["principalArn"] == ROLE
    assert told["properties"]["cloudTrailProperties"]["trailProperties"] == [
        {"cloudTrailArn": trail, "allRegions": False, "regions": ["eu-west-1"]}
    ]
    assert parse(told["generatedPolicies"][0]["policy"]).statements


def test_what_is_too_large_for_one_policy_is_split() -> None:
    uses = [use("s3:GetObject", f"arn:aws:s3:::{'b' * 50}{n}/*") for n in range(45)]
    uses += [use("s3:ListBucket", f"arn:aws:s3:::{'b' * 50}{n}") for n in range(45)]
    found = made(evidence({"s3": 3}, uses=uses))
    assert found.proved
    assert len(found.policies) > 1
    assert all(len(json.dumps(json.loads(text), separators=(",", ":"))) <= 6144 for text in found.policies)


# -- guardrails ----------------------------------------------------------------------------------------------------


def guardrail(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_what_lies_outside_of_the_guardrail_is_left_out_and_said() -> None:
    known = evidence(
        {"s3": 3, "sqs": 3}, uses=[use("s3:GetObject", BUCKET), use("sqs:SendMessage"), use("s3:PutObject")]
    )
    limit = guardrail(
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"},
        {"Effect": "Deny", "Action": "s3:Put*", "Resource": "*"},
    )
    found = made(known, guardrail=limit)
    assert found.proved
    assert [one.action for one in found.outside] == ["s3:PutObject", "sqs:SendMessage"]
    assert [one["Action"] for one in statements(found)] == [["s3:GetObject"], "s3:Put*"]
    assert not found.is_complete


def test_an_action_without_resources_lies_outside_of_a_guardrail_that_names_some() -> None:
    known = evidence({"s3": 3}, uses=[use("s3:GetObject", BUCKET), use("s3:ListAllMyBuckets")])
    named = made(known, guardrail=guardrail({"Effect": "Allow", "Action": "s3:*", "Resource": BUCKET}))
    assert named.proved
    assert [one.action for one in named.outside] == ["s3:ListAllMyBuckets"]
    every = made(known, guardrail=guardrail({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}))
    assert not every.outside


def test_it_is_complete_only_if_the_trails_tell_of_the_data_events_of_all_services_in_use() -> None:
    known = evidence({"s3": 3}, uses=[use("s3:GetObject", BUCKET)], recorded=True)
    assert made(known).is_complete
    known = evidence({"s3": 3, "dynamodb": 3}, uses=[use("s3:GetObject", BUCKET)], recorded=True)
    assert made(known).gaps == ("The trails do not tell of all calls to dynamodb.",)
    assert not made(known).is_complete


def test_conditions_of_the_guardrail_are_taken_over() -> None:
    condition = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    known = evidence({"s3": 3}, uses=[use("s3:GetObject", BUCKET)])
    limit = guardrail({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition})
    found = made(known, guardrail=limit)
    assert found.proved
    assert statements(found)[0]["Condition"] == condition


def test_only_resources_within_the_guardrail_are_allowed() -> None:
    known = evidence({"s3": 3}, uses=[use("s3:GetObject", BUCKET), use("s3:GetObject", "arn:aws:s3:::c/*")])
    limit = guardrail({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"})
    found = made(known, guardrail=limit)
    assert found.proved
    assert statements(found)[0]["Resource"] == [BUCKET]
    assert [one.resources for one in found.outside] == [("arn:aws:s3:::c/*",)]


def test_a_guardrail_that_cannot_be_read_is_a_refusal() -> None:
    found = made(evidence({"s3": 3}, uses=[use("s3:GetObject", BUCKET)]), guardrail="{")
    assert "cannot be understood" in found.refused
    assert not found.policies


ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "sqs:SendMessage", "sqs:ListQueues"]
RESOURCES = ["", BUCKET, "arn:aws:s3:::b", "arn:aws:s3:::c/*", "arn:aws:sqs:eu-west-1:111122223333:q"]
LIMITS = st.lists(
    st.fixed_dictionaries(
        {"Effect": st.sampled_from(["Allow", "Allow", "Deny"]), "Resource": st.sampled_from(["*", *RESOURCES[1:]])},
        optional={"Condition": st.just({"Bool": {"aws:SecureTransport": "true"}})},
    ).flatmap(
        lambda one: st.sampled_from(
            [{**one, "Action": a} for a in ("*", "s3:*", "s3:Get*", "sqs:SendMessage")]
            + [{**one, "NotAction": "s3:Put*"}]
        )
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.sampled_from(RESOURCES)), min_size=1, max_size=5), LIMITS)
def test_every_result_is_within_its_guardrail_and_allows_what_it_can(
    did: list[tuple[str, str]], limit: list[dict[str, Any]]
) -> None:
    text = guardrail(*limit)
    found = made(evidence({"s3": 3, "sqs": 3}, uses=[use(*one) for one in did]), guardrail=text)
    if found.refused:
        assert found.refused == "Nothing that was used lies within it."
        return
    assert found.proved
    new: Policy = joined([parse(one) for one in found.policies])
    within = no_new_access(parse(text), new, policy_type=PolicyType.IDENTITY, seconds=20)
    assert within.answer is Answer.PROVED
    for action, resource in did:
        request = Request(ROLE, action, (resource or BUCKET).replace("*", "x"), "111122223333")
        for context in ({}, {"aws:SecureTransport": "true"}):
            asked = Request(request.principal, request.action, request.resource, request.resource_account, context)
            assert decides(new, asked) == decides(parse(text), asked)
