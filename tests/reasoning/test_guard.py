"""Limits that hold whatever the work does: a real child process, really stopped."""

from __future__ import annotations

import os
import queue

import pytest

from analyzers.reasoning import asking, guard
from analyzers.reasoning.evaluate import Outcome
from analyzers.reasoning.guard import OverLimit, within
from analyzers.reasoning.policy_set import PolicySet
from analyzers.reasoning.question import Access, PolicyType, Question, Unanswered
from analyzers.reasoning.request import Request
from analyzers.reasoning.verdict import Answer, Relation

from .policies import allow, document, policy

WORK = "tests.reasoning.guarded_work"


def test_work_is_done_in_another_process() -> None:
    here, there = os.getpid(), within(30, f"{WORK}:process")
    assert there != here
    assert within(30, f"{WORK}:process") == there, "the same child is asked again"


def test_what_the_work_raises_is_raised() -> None:
    with pytest.raises(ValueError, match="no good"):
        within(30, f"{WORK}:refuse", "no good")
    assert within(30, f"{WORK}:process") > 0


def test_work_that_heeds_no_limit_is_stopped() -> None:
    first = within(30, f"{WORK}:process")
    with pytest.raises(OverLimit, match=r"No answer within 0\.1 s"):
        within(0.1, f"{WORK}:forever")
    assert within(30, f"{WORK}:process") != first


def test_a_solver_that_heeds_no_limit_is_stopped() -> None:
    with pytest.raises(OverLimit, match="No answer"):
        within(0.2, f"{WORK}:solver_without_limit")


def test_work_that_takes_too_much_memory_is_stopped() -> None:
    with pytest.raises(OverLimit, match="memory"):
        within(30, f"{WORK}:memory", 2 * guard.MEGABYTES)
    assert within(30, f"{WORK}:process") > 0


def test_a_child_that_dies_is_replaced() -> None:
    with pytest.raises(OverLimit, match="ended the solver"):
        within(30, f"{WORK}:die")
    assert within(30, f"{WORK}:process") > 0


def test_endless_nesting_is_told() -> None:
    with pytest.raises(OverLimit, match="nested too deeply"):
        within(30, f"{WORK}:nest")


def test_a_forked_process_has_children_of_its_own() -> None:
    ours = within(30, f"{WORK}:process")
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.write(writing, str(within(30, f"{WORK}:process")).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        theirs = int(file.read())
    os.waitpid(child, 0)
    assert theirs != ours
    assert within(30, f"{WORK}:process") == ours


# -- questions -----------------------------------------------------------------------------------------------------

ONE, TWO = policy(allow("s3:*")), policy(allow("s3:Get*"))


def test_questions_are_answered_through_the_guard() -> None:
    given = PolicySet.from_json({"identity": [document(allow("s3:*"))]})
    caller = "arn:aws:iam::111111111111:user/bob"
    asked = Request(caller, "s3:GetObject", "arn:aws:s3:::b/k", "111111111111")
    assert asking.no_new_access(ONE, TWO, seconds=30).answer is Answer.PROVED
    assert asking.grants(ONE, [(["s3:GetObject"], [])], seconds=30).answer is Answer.REFUTED
    assert asking.public(policy(allow(Principal="*")), seconds=30).answer is Answer.REFUTED
    assert asking.compare(ONE, TWO, seconds=30).relation is Relation.CONTAINS
    assert asking.can(Access(given, caller, ("ec2:*",)), seconds=30).answer is Answer.PROVED
    assert asking.solve(asked, given, seconds=30) is Outcome.ALLOW
    assert asking.advise(asked, given, seconds=30).to_block


def test_what_goes_over_its_limit_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OverLimit("It took too much")

    monkeypatch.setattr(asking, "within", refuse)
    given = PolicySet.from_json({})
    verdicts = [
        asking.no_new_access(ONE, TWO, policy_type=PolicyType.IDENTITY),
        asking.grants(ONE, []),
        asking.public(ONE),
        asking.compare(ONE, TWO).only_first,
        asking.can(Access(given, "anonymous")),
    ]
    assert {(verdict.answer, verdict.reason) for verdict in verdicts} == {(Answer.UNKNOWN, "It took too much.")}
    assert all(verdict.claim for verdict in verdicts)
    assert asking.compare(ONE, TWO).relation is Relation.UNKNOWN
    assert asking.solve(Request("anonymous", "s3:GetObject", "*"), given) is Outcome.UNKNOWN
    assert asking.advise(Request("anonymous", "s3:GetObject", "*"), given).note == "It took too much."
    with pytest.raises(Unanswered, match="too much"):
        asking.who(Question((), ("s3",), frozenset()))


def test_a_child_that_is_being_started_answers_the_first_question(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    class Child(guard._Child):
        def __init__(self, megabytes: int) -> None:
            started.append(megabytes)
            super().__init__(megabytes)

    monkeypatch.setattr(guard, "_Child", Child)
    monkeypatch.setattr(guard, "_idle", queue.LifoQueue())
    monkeypatch.setattr(guard, "_warming", None)
    for _ in range(guard.CHILDREN):
        guard._idle.put(None)
    guard.warm()
    assert guard.within(5, "operator:add", 1, 2) == 3
    guard.warm()
    assert guard.within(5, "operator:add", 1, 2) == 3
    assert len(started) == 1
    while not guard._idle.empty():
        if (child := guard._idle.get()) is not None:
            child.stop()
