"""Laws of the judgement, for any evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.kinds.unused import Holder, UnusedAnalysis, judge
from analyzers.usage.evidence import Coverage, Evidence, Report, Use

from .builders import (
    NOW,
    ago,
    allow,
    everything,
    evidence,
    key,
    password,
    policy,
    report,
    role,
    trail,
    unused,
    use,
    user,
)

ACTIONS = ("s3:GetObject", "s3:CreateBucket", "sqs:SendMessage", "sqs:CreateQueue", "iam:PassRole", "iam:CreateUser")
POLICY = policy(allow(*ACTIONS))
days = st.one_of(st.none(), st.floats(0, 399))


@st.composite
def reports(draw: st.DrawFn) -> Report | None:
    if draw(st.booleans()):
        return None
    services = draw(st.dictionaries(st.sampled_from(["s3", "sqs", "iam"]), days))
    tracked = draw(st.dictionaries(st.sampled_from(ACTIONS), days))
    return report(services, tracked, draw(st.floats(0, 10)))


trails = st.builds(lambda first, last: trail(max(first, last), last), st.integers(0, 400), st.integers(0, 12))
uses = st.builds(use, st.sampled_from(ACTIONS), st.floats(0, 399), denied=st.booleans())
roles = st.builds(lambda last, known: role(POLICY, last_used_at=ago(last), last_used_known=known), days, st.booleans())
users = st.builds(
    lambda one, two: user(POLICY, keys=(key(used=one), key("AKIA2", used=two)), password=password(one)), days, days
)
holders = st.one_of(roles, users)
some = settings(max_examples=60)


def _evidence(said: Report | None, trail_: Coverage | None, *seen: Use) -> Evidence:
    return evidence(*seen, report=said, trails=(trail_,) if trail_ else (), recorded=everything)


def _claims(analysis: UnusedAnalysis) -> set[tuple[str, str]]:
    """Everything that is said not to be used, action by action."""
    claims = {(one.kind, one.access_key_id) for one in analysis.findings if one.kind != "UnusedPermission"}
    for service, actions in unused(analysis).items():
        covered = [name for name in ACTIONS if name.startswith(f"{service}:") and name != "iam:PassRole"]
        claims |= {("", name) for name in (covered if actions == "whole" else actions)}
    return claims


@some
@given(holders, reports(), st.none() | trails, st.lists(uses, max_size=3), uses, st.integers(1, 365))
def test_more_use_never_adds_findings(
    holder: Holder, said: Report | None, trail_: Coverage | None, seen: list[Use], more: Use, period: int
) -> None:
    """Except that the permissions of a principal are judged once it is seen in use."""
    before = judge(holder, _evidence(said, trail_, *seen), period, NOW)
    after = judge(holder, _evidence(said, trail_, *seen, more), period, NOW)
    added = _claims(after) - _claims(before)
    assert all(kind == "" for kind, _ in added)
    if unused(before):
        assert not added
    assert ("", more.action) not in _claims(after) or more.last < NOW - timedelta(days=period)


@some
@given(holders, reports(), st.none() | trails, st.lists(uses, max_size=3), st.integers(1, 365), st.integers(1, 365))
def test_a_longer_period_never_adds_findings(
    holder: Holder, said: Report | None, trail_: Coverage | None, seen: list[Use], one: int, two: int
) -> None:
    """With the same exception: over a longer time the principal may be in use."""
    known = _evidence(said, trail_, *seen)
    short, long = judge(holder, known, min(one, two), NOW), judge(holder, known, max(one, two), NOW)
    added = _claims(long) - _claims(short)
    assert all(kind == "" for kind, _ in added)
    if unused(short):
        assert not added


@some
@given(holders, st.none() | trails, st.lists(uses, max_size=3), st.integers(1, 365))
def test_without_a_source_nothing_is_unused(
    holder: Holder, trail_: Coverage | None, seen: list[Use], period: int
) -> None:
    """Whatever was seen in use tells nothing of the rest."""
    analysis = judge(holder, evidence(*seen, trails=(trail_,) if trail_ else ()), period, NOW)
    assert not unused(analysis)
    unread = replace(holder, read_at=None)
    assert not judge(unread, evidence(*seen), period, NOW).findings


@some
@given(holders, reports(), st.none() | trails, st.lists(uses, max_size=3), st.integers(1, 365))
def test_the_numbers_of_the_gap_add_up(
    holder: Holder, said: Report | None, trail_: Coverage | None, seen: list[Use], period: int
) -> None:
    analysis = judge(holder, _evidence(said, trail_, *seen), period, NOW)
    assert analysis.gap is not None
    granted, used, idle = analysis.gap
    assert granted == len(ACTIONS)
    assert used >= 0 <= idle
    assert used + idle <= granted
    for finding in analysis.findings:
        if finding.kind == "UnusedPermission":
            services = finding.details["services"]
            assert sum(one["unused"] for one in services) == idle == finding.details["unused"]
            for one in services:
                assert one["granted"] == one["unused"] + len(one["used"]) + one["untracked"]
