"""What must hold of every recommendation, whatever the policy and the use; asked of both engines."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from analyzers.checks.recommendation import Held, Kind, Recommendation, StepAction, recommend
from analyzers.checks.recommendation.drafts import granted_by
from analyzers.checks.recommendation.proving import joined
from analyzers.policy import Effect, Patterns, Policy, Statement, parse
from analyzers.reasoning import decide
from analyzers.reasoning.access import no_new_access
from analyzers.reasoning.evaluate import Outcome
from analyzers.reasoning.policy_set import PolicySet
from analyzers.reasoning.question import PolicyType
from analyzers.reasoning.request import Request
from analyzers.reasoning.verdict import Answer
from analyzers.usage.evidence import Evidence, State
from tests.checks.knowing import NOW, ROLE, SINCE, evidence, use

NAMES = [
    *("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteQueue", "sqs:ListQueues", "sqs:ListQueueTags"),
    *("kms:Decrypt", "kms:ListKeys", "kms:CreateKey", "s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:NewThing"),
]
ARNS = ["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b", "arn:aws:s3:::c/in/*", "arn:aws:sqs:*:*:q*", "arn:aws:kms:*:*:key/1"]
USED_ON = {
    "s3:GetObject": ["arn:aws:s3:::b/*", "arn:aws:s3:::c/*"],
    "s3:PutObject": ["arn:aws:s3:::b/*"],
    "s3:ListBucket": ["arn:aws:s3:::b"],
    "sqs:SendMessage": ["arn:aws:sqs:eu-west-1:111122223333:q1"],
    "kms:Decrypt": ["arn:aws:kms:eu-west-1:111122223333:key/1"],
}
PATTERNS = [
    *NAMES,
    "sqs:*",
    "kms:*",
    "s3:*",
    "s3:*Object",
    "sqs:List*",
    "kms:?e*",
    "S3:GET*",
    "sqs:Send?essage",
    "zz:*",
]
CONDITIONS = [
    None,
    {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
    {"Bool": {"aws:SecureTransport": "true"}},
]


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny"]))}
    name = draw(st.sampled_from(["Action"] * 24 + ["NotAction"]))
    found[name] = draw(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=4))
    found["Resource"] = draw(st.lists(st.sampled_from(ARNS), min_size=1, max_size=2))
    if condition := draw(st.sampled_from(CONDITIONS)):
        found["Condition"] = condition
    return found


DOCUMENTS = st.lists(statements(), min_size=1, max_size=3).map(
    lambda listed: json.dumps({"Version": "2012-10-17", "Statement": listed})
)


@st.composite
def knowledge(draw: st.DrawFn) -> Evidence:
    used = draw(st.lists(st.sampled_from(NAMES), max_size=5, unique=True))
    services: dict[str, float | None] = dict.fromkeys(("sqs", "kms", "s3"))
    for name in used:
        services[name.partition(":")[0]] = 5
    for prefix in draw(st.lists(st.sampled_from(sorted(services)), max_size=2)):
        services[prefix] = 5
    tracked: dict[str, float | None] = {
        name: 5 if name in used else None for name in draw(st.lists(st.sampled_from(NAMES[:-1]), max_size=8))
    }
    uses = [use(name, on) for name in used for on in draw(st.sampled_from([[""], USED_ON.get(name, [""])]))]
    return evidence(services, tracked, uses, recorded=draw(st.booleans()))


QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def asked(text: str, known: Evidence, *, resources: bool) -> Recommendation:
    found = recommend([Held("p", text=text)], known, since=SINCE, now=NOW, resources=resources, seconds=30)
    assert not found.refused
    assert found.unchanged != found.proved
    return found


def written(found: Recommendation) -> list[Policy]:
    return [parse(step.text) for step in found.steps if step.action is StepAction.CREATE_POLICY]


@QUICK
@given(DOCUMENTS, knowledge(), st.booleans())
def test_it_lies_within_the_old_policy_and_keeps_what_is_used(text: str, known: Evidence, resources: bool) -> None:
    found = asked(text, known, resources=resources)
    assume(found.steps)
    old, new = parse(text), joined(written(found))
    assert no_new_access(old, new, policy_type=PolicyType.IDENTITY, seconds=20).answer is Answer.PROVED
    for action, resource in {(one.action, one.resource) for one in known.uses}:
        only = Patterns((action,), negated=True), Patterns((resource,), negated=True)
        cuts = [Statement(0, Effect.DENY, actions=only[0], resources=Patterns(("*",)))]
        if resource:
            cuts.append(Statement(0, Effect.DENY, actions=Patterns(("*",)), resources=only[1]))
        before = joined([old, Policy(tuple(cuts), old.version)])
        assert no_new_access(new, before, policy_type=PolicyType.IDENTITY, seconds=20).answer is Answer.PROVED


@QUICK
@given(DOCUMENTS, knowledge(), st.booleans())
def test_recommending_for_what_was_recommended_changes_nothing(text: str, known: Evidence, resources: bool) -> None:
    found = asked(text, known, resources=resources)
    assume(found.steps)
    held = [Held(step.name, text=step.text) for step in found.steps if step.action is StepAction.CREATE_POLICY]
    again = recommend(held, known, since=SINCE, now=NOW, resources=resources, seconds=30)
    assert again.unchanged


@QUICK
@given(DOCUMENTS, knowledge())
def test_what_is_surely_unused_is_gone(text: str, known: Evidence) -> None:
    found = asked(text, known, resources=False)
    new = written(found) if found.steps else [parse(text)]
    tests = [test for policy in new for test in granted_by(policy)]
    for name in NAMES:
        if known.of_action(name, SINCE, NOW).state is State.UNUSED:
            assert not any(test.match(name.lower()) for test in tests)


@QUICK
@given(DOCUMENTS, knowledge(), st.booleans(), st.data())
def test_requests_are_decided_as_before_where_the_action_is_used(
    text: str, known: Evidence, resources: bool, data: st.DataObject
) -> None:
    found = asked(text, known, resources=resources)
    assume(found.steps)
    old, new = PolicySet(identity=(parse(text),)), PolicySet(identity=tuple(written(found)))
    used = sorted({(one.action, one.resource) for one in known.uses})
    for _ in range(4):
        context = data.draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "aws:RequestedRegion": st.sampled_from(["eu-west-1", "us-east-1"]),
                    "aws:SecureTransport": st.sampled_from(["true", "false"]),
                },
            )
        )
        action, resource = data.draw(
            st.one_of(
                st.sampled_from(used or [("sqs:SendMessage", "")]), st.tuples(st.sampled_from(NAMES), st.just(""))
            )
        )
        on = (resource or data.draw(st.sampled_from(ARNS[1:]))).replace("*", "x")
        request = Request(ROLE, action, on, "111122223333", context)
        before, after = decide(request, old).outcome, decide(request, new).outcome
        if (action, resource) in used or before is not Outcome.ALLOW:
            assert before == after


@settings(QUICK, max_examples=8)
@given(DOCUMENTS, knowledge())
def test_several_policies_are_as_safe_as_one(text: str, known: Evidence) -> None:
    held = [
        Held("one", text=text),
        Held("two", "arn:aws:iam::111122223333:policy/two", Kind.MANAGED, text),
    ]
    found = recommend(held, known, since=SINCE, now=NOW, seconds=30)
    single = asked(text, known, resources=False)
    assert found.unchanged == single.unchanged
    assert found.actions_after == single.actions_after
