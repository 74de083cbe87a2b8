"""What must hold of every candidate: found by the solver, judged here by the evaluator, request by request."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from analyzers.checks.mending import Beyond, Candidate, Listed, Mended, Place, Problem, Public, mend
from analyzers.checks.mending.editing import GONE, Edit, apply
from analyzers.checks.mending.external import mend_external, said, with_document
from analyzers.checks.mending.ground import decides
from analyzers.kinds import silent
from analyzers.kinds.external import analyze
from analyzers.kinds.subject import ChannelDocument, Subject, ZoneOfTrust
from analyzers.policy import Policy, PolicyError, parse
from analyzers.policy.model import PrincipalEntry, PrincipalKind
from analyzers.policy.pattern import tokens
from analyzers.reasoning.access import no_new_access, public
from analyzers.reasoning.matching import Call, glob_matches, principal_matches
from analyzers.reasoning.question import PolicyType
from analyzers.reasoning.request import CallerKind, Request
from analyzers.reasoning.verdict import Answer
from tests.reasoning.generators import ABROAD, ASKED, ASKED_ACTIONS, BUCKET, CALLERS, HOME, ON_RESOURCE, OWN

SOME = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
FEW = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))

CONTEXT: dict[str, list[Any]] = {
    "aws:SourceVpc": ["a", "b", "vpc"],
    "aws:TagKeys": [("a",), ("a", "b"), ("b",)],
    "s3:prefix": ["a", "A", "ab", "b"],
    "aws:SourceArn": ["arn:aws:sns:eu-west-1:111111111111:t", "arn:aws:sns:eu-west-1:1:t"],
    "s3:max-keys": ["5", "9", "10", "11"],
    "aws:CurrentTime": ["2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z"],
    "aws:SecureTransport": ["true", "false"],
    "aws:SourceIp": ["203.0.113.7", "203.0.114.0", "2001:db8::1", "10.9.9.9"],
}
REQUESTS = st.builds(
    Request,
    principal=st.sampled_from(CALLERS),
    action=st.sampled_from(ASKED_ACTIONS),
    resource=st.sampled_from(ASKED),
    context=st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in CONTEXT.items()}),
)
MANY = st.lists(REQUESTS, min_size=25, max_size=25)
LISTED = st.builds(
    Listed,
    actions=st.sampled_from([(), ("s3:GetObject",), ("s3:*",), ("s3:Put*", "kms:Decrypt"), ("sts:AssumeRole",)]),
    resources=st.sampled_from([(), (f"{BUCKET}/*",), (f"{BUCKET}/a/*", BUCKET)]),
)
WHOM = st.sampled_from(["", "", f"arn:aws:iam::{HOME}:user/bob", f"arn:aws:iam::{ABROAD}:user/eve"])


def covers(target: Listed, request: Request) -> bool:
    def one_of(patterns: tuple[str, ...], text: str) -> bool:
        return not patterns or any(
            glob_matches(tokens(pattern, wildcards=True, variables=False), text) for pattern in patterns
        )

    named = not target.principal or principal_matches(
        PrincipalEntry(PrincipalKind.AWS, target.principal), Call(request)
    )
    lowered = tuple(pattern.lower() for pattern in target.actions)
    return bool(named) and one_of(lowered, request.action.lower()) and one_of(target.resources, request.resource)


def read(text: str) -> Policy:
    return parse(text) if text else Policy(())


def real(policy: Policy, requests: list[Request]) -> list[Request]:
    """Without canonical users where no document names one: AWS callers by another name."""
    named = "CanonicalUser" in policy.text
    return [one for one in requests if named or one.caller_kind is not CallerKind.CANONICAL_USER]


def nothing_new(before: Policy, after: Policy, requests: list[Request]) -> None:
    for request in requests:
        if decides(after, request) is True:
            assert decides(before, request) is not False, request


def judged(target: Listed, one: Candidate, before: Policy, requests: list[Request]) -> None:
    after = read(one.text)
    nothing_new(before, after, requests)
    for request in requests:
        if covers(target, request):
            assert decides(after, request) is not True, (one.sentence, request)
        elif one.loss.exact and decides(before, request) is True:
            assert decides(after, request) is not False, (one.sentence, request)
    if one.loss.witness is not None:
        assert decides(before, one.loss.witness) is True
        assert decides(after, one.loss.witness) is False


def again(mended: Mended, problem: Problem) -> None:
    """A mended document has nothing left to mend."""
    for one in mended.candidates[:2]:
        if one.text:
            assert mend(Problem(one.text, problem.target, problem.place)).candidates == ()


@SOME
@given(ON_RESOURCE, LISTED, WHOM, MANY)
def test_on_a_resource(policy: Policy, listed: Listed, whom: str, requests: list[Request]) -> None:
    target = Listed(listed.actions, listed.resources, whom)
    problem = Problem(policy.text, target)
    mended = mend(problem, seconds=20)
    for one in mended.candidates:
        judged(target, one, policy, real(policy, requests))
    again(mended, problem)


@SOME
@given(OWN, LISTED, MANY)
def test_of_a_principal(policy: Policy, target: Listed, requests: list[Request]) -> None:
    problem = Problem(policy.text, target, Place(PolicyType.IDENTITY))
    mended = mend(problem, seconds=20)
    for one in mended.candidates:
        judged(target, one, policy, [one for one in requests if one.caller_kind is CallerKind.AWS])
    again(mended, problem)


@FEW
@given(OWN, OWN, MANY)
def test_within_a_reference(policy: Policy, reference: Policy, requests: list[Request]) -> None:
    for one in mend(Problem(policy.text, Beyond(reference), Place(PolicyType.IDENTITY)), seconds=20).candidates:
        after = read(one.text)
        asked = [request for request in requests if request.caller_kind is CallerKind.AWS]
        nothing_new(policy, after, asked)
        nothing_new(reference, after, asked)
        if one.text:
            assert no_new_access(reference, after, policy_type=PolicyType.IDENTITY).answer is not Answer.REFUTED


@FEW
@given(ON_RESOURCE, MANY)
def test_what_is_public(policy: Policy, requests: list[Request]) -> None:
    place = Place(organization="o-1", account=HOME, by_organization=True)
    for one in mend(Problem(policy.text, Public(), place), seconds=20).candidates:
        nothing_new(policy, read(one.text), real(policy, requests))
        assert not one.text or public(read(one.text)).answer is Answer.PROVED


@FEW
@given(ON_RESOURCE, MANY)
def test_findings(policy: Policy, requests: list[Request]) -> None:
    silent.forget()
    zone = ZoneOfTrust(False, frozenset({HOME}))
    subject = Subject(BUCKET, "AWS::S3::Bucket", HOME, (ChannelDocument("POLICY", "", policy.text),))
    analysis = analyze(subject, zone)
    assume(analysis.findings)
    requests = [one for one in real(policy, requests) if one.action.startswith("s3:") and BUCKET in one.resource]
    for finding in analysis.findings[:2]:
        for one in mend_external(subject, zone, said(finding)).candidates:
            if one.before and not one.edits:
                continue
            after = read(one.text)
            nothing_new(policy, after, requests)
            left = analyze(with_document(subject, policy.text, "", one.text), zone)
            assert said(finding) not in {said(other) for other in left.findings}
            for request in requests:
                inside = f":{HOME}:" in request.principal or request.caller_kind is CallerKind.SERVICE
                other = finding.principal == {"AWS": ABROAD} and f":{ABROAD}:" not in request.principal
                if one.loss.exact and (inside or other) and decides(policy, request) is True:
                    assert decides(after, request) is not False, (one.sentence, request)


# -- edits ---------------------------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=3), VALUES, min_size=1, max_size=4)


def paths_of(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = []
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in members:
        found += [(*path, key), *paths_of(item, (*path, key))]
    return found


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


@settings(max_examples=80, deadline=None)
@given(OBJECTS, st.sampled_from([None, 0, 1, 2, 4]), VALUES, st.data())
def test_an_edit_changes_one_element_and_no_other(
    value: dict[str, Any], indent: int | None, new: Any, data: st.DataObject
) -> None:
    text = json.dumps(value, indent=indent)
    path = data.draw(st.sampled_from(paths_of(value)))
    gone = data.draw(st.booleans())
    expected = json.loads(text)
    above = at(expected, path[:-1])
    if gone:
        del above[path[-1]]
    else:
        above[path[-1]] = new
    assert json.loads(apply(text, [Edit(path, GONE if gone else new)])) == expected


@settings(max_examples=40, deadline=None)
@given(OBJECTS, st.sampled_from([None, 2, 4]), VALUES)
def test_a_member_is_added(value: dict[str, Any], indent: int | None, new: Any) -> None:
    text = json.dumps(value, indent=indent)
    assert json.loads(apply(text, [Edit(("added",), new)])) == {**value, "added": new}


@FEW
@given(st.text(max_size=40))
def test_nonsense_is_never_mended(text: str) -> None:
    try:
        parse(text)
    except PolicyError:
        assert mend(Problem(text, Listed())).candidates == ()
