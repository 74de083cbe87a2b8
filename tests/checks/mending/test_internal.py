"""For each planted grant inside: the analysis that found it no longer does, and others keep what they had."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from analyzers.checks.mending.internal import Held, Inside, mend_internal
from analyzers.checks.mending.values import Candidate, Mended, Used
from analyzers.kinds.channels import TRAITS
from analyzers.kinds.internal import Analyst, People
from analyzers.kinds.policy_sets import Side, policy_set
from analyzers.kinds.population import Home, Member, Population
from analyzers.kinds.subject import ChannelDocument, Subject
from tests.kinds.internal.test_internal import (
    BUCKET,
    FOUND,
    GET,
    HOMES,
    ORGANIZATION,
    allow,
    ask,
    deny,
    role,
    said,
    subject,
    text,
    user,
)


def inside(about: Subject, member: Member, homes: dict[str, Home] | None = None, **more: Any) -> Inside:
    people = People(Population((member,), homes or HOMES, ORGANIZATION), controlled=True)
    findings = Analyst(people).analyze(about).findings
    home = (homes or HOMES).get(member.account)
    granting = {ref.text for one in findings for ref in one.statements if ref.channel == "IDENTITY"}
    actions = sorted({action for one in findings for action in one.action})
    return Inside(
        member.arn,
        tuple(actions),
        about,
        policy_set(member, home, Side(about.arn, about.account)),
        tuple(Held(one, member.arn, f"policy-{number}") for number, one in enumerate(member.identity)),
        tuple(granting),
        controlled=True,
        **more,
    )


def with_it(about: Subject, member: Member, one: Candidate) -> tuple[Subject, Member]:
    """The resource and the principal with the candidate in place."""
    if " of arn:aws:iam" in one.document:
        identity = tuple(new for old in member.identity if (new := one.text if old == one.before else old))
        return about, replace(member, identity=identity if one.before else (*identity, one.text))
    documents = tuple(replace_text for old in about.documents if (replace_text := _of(old, one)) is not None) or (
        ChannelDocument("POLICY", "", one.text),
    )
    return replace(about, documents=documents), member


def _of(old: ChannelDocument, one: Candidate) -> ChannelDocument | None:
    if old.text != one.before:
        return old
    return old._replace(text=one.text) if one.text else None


def test_every_candidate_tells_that_the_access_is_in_use() -> None:
    _, about, member, homes, _ = FOUND[0]
    asked = inside(about, member, homes)
    used = Used((member.arn, asked.actions[0], about.arn))
    other = Used(("arn:aws:iam::111122223333:role/other", asked.actions[0], about.arn))
    found = mend_internal(replace(asked, uses=(used, other)))
    assert len(found.candidates) > 1
    said_so = f"{member.arn} uses {asked.actions[0]} on {about.arn}"
    assert [one.loss.target_used for one in found.candidates] == [(said_so,)] * len(found.candidates)


@pytest.mark.parametrize("case", FOUND, ids=lambda case: case[0])
def test_a_planted_grant(case: tuple[Any, ...]) -> None:
    _, about, member, homes, _ = case
    if about.configuration.get("access_points"):
        pytest.skip("goes through an access point")
    mended = mend_internal(inside(about, member, homes))
    assert mended.candidates, (mended.note, mended.refused)
    for one in mended.candidates:
        changed, changed_member = with_it(about, member, one)
        assert said(ask(changed, changed_member, homes=homes)) == {}, one.sentence
        assert one.command is not None


def first(mended: Mended, words: str) -> Candidate:
    return next(one for one in mended.candidates if words in one.document)


def test_others_keep_what_they_had() -> None:
    shared = text(
        {
            "Effect": "Allow",
            "Principal": {"AWS": [user("u").arn, user("v").arn]},
            "Action": "s3:GetObject",
            "Resource": f"{BUCKET}/*",
        }
    )
    about, member, other = subject(shared), user("u"), user("v")
    mended = mend_internal(inside(about, member))
    for one in mended.candidates:
        changed, changed_member = with_it(about, member, one)
        assert said(ask(changed, changed_member, other)) == {"v": ("s3:GetObject",)}
    assert mended.candidates[0].loss.exact
    assert mended.candidates[0].document == "the resource's policy"


def test_a_policy_that_others_have_too_is_not_exact() -> None:
    about, member = subject(), user("u", text(GET))
    asked = inside(about, member)
    held = tuple(replace(one, arn="arn:aws:iam::111111111111:policy/p", others=("arn:x",)) for one in asked.held)
    mended = mend_internal(replace(asked, held=held, granting=(text(GET),)))
    managed = next((one for one in mended.candidates if "managed" in one.document), None)
    assert managed is None or "arn:x has this policy too" in managed.loss.sentence
    assert first(mended, "a new policy").loss.exact


def test_a_deny_on_one_side_does_when_both_sides_grant() -> None:
    both = text(
        {"Effect": "Allow", "Principal": {"AWS": user("u").arn}, "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
    )
    about, member = subject(both), user("u", text(GET))
    mended = mend_internal(inside(about, member))
    assert mended.candidates
    assert all(one.kind == "DENY" for one in mended.candidates)
    assert mended.refused


def test_what_is_not_known_is_not_mended() -> None:
    about, member = subject(), user("u", text(GET))
    mended = mend_internal(replace(inside(about, member), missing=("mystery",)))
    assert mended.candidates == ()
    assert "mystery" in mended.note


def test_what_is_denied_already_is_told() -> None:
    about, member = subject(), role("r", text(GET, deny("s3:*")))
    asked = replace(inside(about, member), actions=("s3:GetObject",))
    assert "no such access" in mend_internal(asked).note


def test_a_resource_without_a_policy_gets_one() -> None:
    about, member = subject(), user("u", text(allow("s3:*")))
    mended = mend_internal(replace(inside(about, member), actions=("s3:GetObject",)))
    new = first(mended, "a new policy")
    assert TRAITS[about.type].services == ("s3",)
    assert new.text
