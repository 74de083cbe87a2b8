"""What must hold of every answer of the solver, whatever the policies are."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzers.policy import Policy
from analyzers.reasoning.access import compare, decides, grants, no_new_access, public
from analyzers.reasoning.question import PolicyType
from analyzers.reasoning.verdict import Answer, Relation

from .generators import ABROAD, HOME, REQUESTS, document, documents, statements

SAFE, OPEN = Answer.PROVED, Answer.REFUTED
FEW = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
KINDS = st.sampled_from([False, True])


def drawn(data: Any, principals: bool, most: int = 3, effects: tuple[str, ...] = ("Allow", "Allow", "Deny")) -> Any:
    return data.draw(st.lists(statements(principals=principals, effects=effects), min_size=1, max_size=most))


def kind(principals: bool) -> PolicyType:
    return PolicyType.RESOURCE if principals else PolicyType.IDENTITY


def within(one: list[Any], other: list[Any], principals: bool) -> Answer:
    """Whether the second allows all that the first does."""
    return no_new_access(document(other), document(one), policy_type=kind(principals), seconds=30).answer


@FEW
@given(KINDS, st.data())
def test_a_further_deny_never_adds_access(principals: bool, data: Any) -> None:
    found, more = drawn(data, principals), drawn(data, principals, 1, ("Deny",))
    assert within(found + more, found, principals) is SAFE


@FEW
@given(KINDS, st.data())
def test_a_further_allow_never_removes_access(principals: bool, data: Any) -> None:
    found, more = drawn(data, principals), drawn(data, principals, 1, ("Allow",))
    assert within(found, found + more, principals) is SAFE


@FEW
@given(KINDS, st.data(), st.randoms(use_true_random=False))
def test_reordering_changes_nothing(principals: bool, data: Any, random: Any) -> None:
    found = drawn(data, principals)
    other = random.sample(found, len(found))
    relation = compare(document(found), document(other), policy_type=kind(principals), seconds=30).relation
    assert relation is Relation.EQUAL


@FEW
@given(KINDS, st.data())
def test_a_policy_is_equal_to_itself(principals: bool, data: Any) -> None:
    found = document(drawn(data, principals))
    assert compare(found, found, policy_type=kind(principals), seconds=30).relation is Relation.EQUAL


def split(statement: dict[str, Any]) -> list[dict[str, Any]]:
    """The same in several statements: one for each action."""
    actions = statement.get("Action")
    return [{**statement, "Action": one} for one in actions] if isinstance(actions, list) else [statement]


@FEW
@given(KINDS, st.data())
def test_splitting_a_statement_changes_nothing(principals: bool, data: Any) -> None:
    found = drawn(data, principals)
    parts = [part for statement in found for part in split(statement)]
    assert within(found, parts, principals) is SAFE
    assert within(parts, found, principals) is SAFE


@FEW
@given(KINDS, st.data())
def test_widening_an_action_of_an_allow_adds_only(principals: bool, data: Any) -> None:
    found = drawn(data, principals)
    wider = [
        {**statement, "Action": "s3:*"}
        if statement.get("Action") in ("s3:GetObject", "S3:get*", "s3:*Object")
        else statement
        for statement in found
        if statement["Effect"] == "Allow"
    ]
    denies = [statement for statement in found if statement["Effect"] == "Deny"]
    assert within(found, [*wider, *denies], principals) is SAFE


@FEW
@given(KINDS, st.data())
def test_renaming_accounts_changes_no_answer(principals: bool, data: Any) -> None:
    one, other = drawn(data, principals), drawn(data, principals)

    def renamed(found: list[Any]) -> list[Any]:
        text = json.dumps(found).replace(HOME, "333333333333").replace(ABROAD, "444444444444")
        changed: list[Any] = json.loads(text)
        return changed

    told = {within(one, other, principals), within(renamed(one), renamed(other), principals)}
    if "${" in json.dumps([one, other]):  # an example for a variable may be found for one name and not for the other
        told.discard(Answer.UNKNOWN)
    assert len(told) <= 1


@FEW
@given(documents(principals=True), st.data())
def test_what_is_not_public_is_not_granted_to_strangers(policy: Policy, data: Any) -> None:
    if public(policy, seconds=30).answer is SAFE:
        request = data.draw(REQUESTS)
        nobody = type(request)("anonymous", request.action, request.resource, "", {})
        assert decides(policy, nobody) is not True


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(KINDS, st.data())
def test_answers_hold_for_requests_at_random(principals: bool, data: Any) -> None:
    one, other = document(drawn(data, principals)), document(drawn(data, principals))
    found = compare(one, other, policy_type=kind(principals), seconds=30)
    for verdict, wanted in (
        (found.only_first, (True, False)),
        (found.only_second, (False, True)),
        (found.both, (True, True)),
    ):
        if verdict.witness is not None:
            assert (decides(one, verdict.witness), decides(other, verdict.witness)) == wanted
    for request in data.draw(st.lists(REQUESTS, min_size=4, max_size=4)):
        if not principals and not request.principal.startswith("arn:"):
            continue
        decided = (decides(one, request), decides(other, request))
        assert not (decided == (True, False) and found.only_first.answer is SAFE), request
        assert not (decided == (False, True) and found.only_second.answer is SAFE), request
        assert not (decided == (True, True) and found.both.answer is SAFE), request


@FEW
@given(documents(principals=False), REQUESTS)
def test_what_is_granted_is_found(policy: Policy, request_: Any) -> None:
    if request_.principal.startswith("arn:") and decides(policy, request_):
        assert grants(policy, [([request_.action], [])], seconds=30).answer is not SAFE
