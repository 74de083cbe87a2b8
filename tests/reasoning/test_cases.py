"""Questions decided by cases, without a solver: the answers are the solver's."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
import z3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzers.policy import parse_value
from analyzers.reasoning import cases, inquiry
from analyzers.reasoning.access import compare, decides, grants, no_new_access, public
from analyzers.reasoning.question import PolicyType
from analyzers.reasoning.verdict import Answer, Relation, Verdict
from tests.shared import data as shared_data

from .generators import document, statements
from .policies import allow, deny, policy

T = TypeVar("T")
FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def by_the_solver(ask: Callable[[], T]) -> T:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inquiry, "BY_CASES", False)
        return ask()


def told(verdict: Verdict) -> tuple[Answer, set[int]]:
    """The answer, and the statements that let some such request in."""
    return verdict.answer, {culprit.statement.statement for culprit in verdict.culprits}


def assert_agree(one: Verdict, other: Verdict, *, example: bool) -> None:
    """`example`: one may have found an example where the other did not, since a policy variable stands in the way."""
    if example and Answer.UNKNOWN in (one.answer, other.answer):
        assert Answer.PROVED not in (one.answer, other.answer)
        return
    assert told(one) == told(other)


@FEW
@given(st.sampled_from([False, True]), st.data())
def test_comparisons_are_those_of_the_solver(principals: bool, data: Any) -> None:
    one, other = (
        document(data.draw(st.lists(statements(principals=principals), min_size=1, max_size=4))) for _ in "ab"
    )
    kind = PolicyType.RESOURCE if principals else PolicyType.IDENTITY

    def ask() -> Any:
        return compare(one, other, policy_type=kind, seconds=30)

    found, expected = ask(), by_the_solver(ask)
    example = "${" in one.text + other.text
    assert_agree(found.only_first, expected.only_first, example=example)
    assert_agree(found.only_second, expected.only_second, example=example)
    assert_agree(found.both, expected.both, example=example)


@FEW
@given(st.data())
def test_what_is_granted_and_public_is_what_the_solver_says(data: Any) -> None:
    one = document(data.draw(st.lists(statements(principals=True), min_size=1, max_size=4)))
    listed = data.draw(st.sampled_from([("s3:GetObject",), ("s3:Get*", "kms:*"), ()]))
    resources = data.draw(st.sampled_from([(), ("arn:aws:s3:::b/*",), ("arn:aws:s3:::b",)]))

    def granted() -> Verdict:
        return grants(one, [(listed, resources)], policy_type=PolicyType.RESOURCE, seconds=30)

    for ask in (granted, lambda: public(one, seconds=30)):
        found, expected = ask(), by_the_solver(ask)
        assert_agree(found, expected, example="${" in one.text)
        if found.answer is Answer.PROVED:
            assert len(found.blockers) == len(expected.blockers)


def test_real_policies_compare_as_the_solver_says() -> None:
    found = shared_data("aws_managed_policies.json.gz")
    documents = [one.get("PolicyDocument", one) for one in (found.values() if isinstance(found, dict) else found)]
    chance = random.Random(5)
    pairs = [(parse_value(chance.choice(documents)), parse_value(chance.choice(documents))) for _ in range(40)]

    def ask() -> list[Any]:
        return [compare(one, other, seconds=30) for one, other in pairs]

    for got, expected in zip(ask(), by_the_solver(ask), strict=True):
        assert got.relation is expected.relation
        for name in ("only_first", "only_second", "both"):
            assert told(getattr(got, name)) == told(getattr(expected, name))


def refuse(*_: Any) -> None:
    raise AssertionError("the solver was asked")


@pytest.fixture
def no_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(z3, "SimpleSolver", refuse)


@pytest.mark.usefixtures("no_solver")
@pytest.mark.parametrize(
    ("one", "other", "relation"),
    [
        (policy(allow("s3:*")), policy(allow("ec2:Describe*")), Relation.DISJOINT),
        (policy(allow("s3:Get*")), policy(allow("s3:*"), deny("s3:Put*")), Relation.WITHIN),
        (policy(allow(["s3:Get*", "s3:PutObject"])), policy(allow("s3:*Object")), Relation.OVERLAPPING),
        (
            policy(allow("s3:*", Condition={"Bool": {"aws:SecureTransport": "true"}})),
            policy(allow("s3:Get*", "arn:aws:s3:::b/*")),
            Relation.OVERLAPPING,
        ),
        (
            policy(allow("ec2:*", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}})),
            policy(allow("ec2:*", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}})),
            Relation.CONTAINS,
        ),
        (
            policy(allow("s3:*", Condition={"NumericLessThan": {"s3:max-keys": "10"}})),
            policy(allow("s3:*", Condition={"NumericLessThan": {"s3:max-keys": "20"}})),
            Relation.WITHIN,
        ),
    ],
)
def test_few_cases_need_no_solver(one: Any, other: Any, relation: Relation) -> None:
    comparison = compare(one, other)
    assert comparison.relation is relation
    for verdict, first, second in (
        (comparison.only_first, True, False),
        (comparison.only_second, False, True),
        (comparison.both, True, True),
    ):
        if verdict.witness is not None:
            assert (decides(one, verdict.witness), decides(other, verdict.witness)) == (first, second)


def test_too_many_cases_are_left_to_the_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    one = policy(allow("s3:*", "arn:aws:s3:::b/*"))
    other = policy(allow("s3:*", "arn:aws:s3:::b/a*"), allow("s3:*", "arn:aws:s3:::b/*"))
    monkeypatch.setattr(cases, "MOST_CHOICES", 0)
    monkeypatch.setattr(inquiry, "_known", type(inquiry._known)())
    assert compare(one, other).relation is Relation.EQUAL
    monkeypatch.setattr(z3, "SimpleSolver", refuse)
    with pytest.raises(AssertionError, match="the solver was asked"):
        no_new_access(other, one)


def test_a_plain_example_is_preferred() -> None:
    condition = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}
    one = policy(allow("s3:GetObject", Condition=condition), allow("ec2:RunInstances"))
    witness = no_new_access(policy(), one, policy_type=PolicyType.IDENTITY).witness
    assert witness is not None
    assert (witness.action, dict(witness.context)) == ("ec2:RunInstances", {})
