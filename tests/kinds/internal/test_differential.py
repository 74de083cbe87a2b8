"""The internal analysis against the two engines, which weigh whole policy sets and know nothing of groups and bits.

What the evaluator allows to a concrete request must have been found; what is found as proved must be possible; and for
every single access the analysis must say what the solver says of the whole policy set.
"""

from __future__ import annotations

import json
import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzers.kinds.internal import Analyst, People
from analyzers.kinds.internal.replay import policies_of
from analyzers.kinds.internal.target import Target
from analyzers.kinds.internal.touch import Touches
from analyzers.kinds.internal.weigh import Weigher
from analyzers.kinds.population import ROLE, USER, Home, Member, Population
from analyzers.kinds.subject import ChannelDocument, Subject
from analyzers.reasoning.decision import decide
from analyzers.reasoning.evaluate import Outcome
from analyzers.reasoning.question import Access
from analyzers.reasoning.reach import can, is_public
from analyzers.reasoning.request import Request
from analyzers.reasoning.verdict import Answer
from tests.reasoning.generators import ABROAD, ASKED, BUCKET, CONTEXTS, HOME, KEY, statements
from tests.reasoning.generators import ROLE as ROLE_ARN

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "30000")) // 100
ORGANIZATION = "o-1"
ACTIONS = {
    "AWS::S3::Bucket": ("s3:GetObject", "s3:PutObject", "s3:ListBucket"),
    "AWS::KMS::Key": ("kms:Decrypt", "kms:RetireGrant"),
    "AWS::IAM::Role": ("sts:AssumeRole",),
}
ARNS = {"AWS::S3::Bucket": BUCKET, "AWS::KMS::Key": KEY, "AWS::IAM::Role": ROLE_ARN}


def texts(*, principals: bool, most: int = 3, **more: Any) -> st.SearchStrategy[str]:
    found = st.lists(statements(principals=principals, **more), min_size=1, max_size=most)
    versions = st.sampled_from(["2012-10-17"] * 7 + ["2008-10-17"])
    return st.builds(lambda given, version: json.dumps({"Version": version, "Statement": given}), found, versions)


OWN = texts(principals=False)
ALLOWING = st.just(
    json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
)
LEVEL = st.lists(ALLOWING | OWN, min_size=1, max_size=2).map(tuple)
LEVELS = st.none() | st.none() | st.fixed_dictionaries({"root": LEVEL}, optional={"ou": LEVEL})
CONTROLS = (
    st.none()
    | st.none()
    | st.fixed_dictionaries(
        {"root": st.lists(texts(principals=True, most=2, effects=("Deny",)), max_size=1).map(tuple)}
    )
)


@st.composite
def populations(draw: Any) -> Population:
    shared = draw(st.lists(OWN, min_size=2, max_size=3))
    who = [
        (f"arn:aws:iam::{HOME}:user/bob", USER),
        (f"arn:aws:iam::{HOME}:user/team/bob", USER),
        (f"arn:aws:iam::{HOME}:role/app", ROLE),
        (f"arn:aws:iam::{HOME}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX", ROLE),
        (f"arn:aws:iam::{ABROAD}:user/eve", USER),
        (f"arn:aws:iam::{ABROAD}:role/app", ROLE),
    ]
    members = []
    for arn, kind in draw(st.lists(st.sampled_from(who), min_size=1, max_size=4, unique=True)):
        members.append(
            Member(
                arn,
                kind,
                arn.split(":")[4],
                unique_id={USER: "AIDAEXAMPLE", ROLE: "AROAEXAMPLE"}[kind],
                identity=tuple(draw(st.lists(st.sampled_from(shared), max_size=2, unique=True))),
                boundary=draw(st.none() | st.none() | OWN),
                trust='{"Statement":[]}',
                tags=draw(st.sampled_from([{"team": "a"}, {"team": "b"}, {"Team": "*"}])),
            )
        )
    homes = {
        account: Home(
            account,
            management=draw(st.sampled_from([False, False, False, True])),
            path=f"{ORGANIZATION}/r-1/ou-{account[0]}/",
            scp_levels=draw(LEVELS),
            rcp_levels=draw(CONTROLS),
        )
        for account in (HOME, ABROAD)
    }
    return Population(tuple(members), homes, ORGANIZATION)


@st.composite
def subjects(draw: Any) -> Subject:
    type_ = draw(st.sampled_from(sorted(ACTIONS)))
    documents = tuple(
        ChannelDocument("POLICY", "", text) for text in draw(st.lists(texts(principals=True), max_size=1))
    )
    configuration = {}
    if type_ == "AWS::S3::Bucket":
        configuration = draw(
            st.sampled_from(
                [
                    {},
                    {},
                    {"public_access_block": {"RestrictPublicBuckets": True}},
                    {"acl": [{"grantee": "AllUsers", "permission": "READ"}]},
                    {"acl": [{"grantee": "AuthenticatedUsers", "permission": "FULL_CONTROL"}]},
                ]
            )
        )
    return Subject(ARNS[type_], type_, HOME, documents, configuration)


def known(population: Population, member: Member) -> dict[str, Any]:
    """What holds of every request of the member."""
    context: dict[str, Any] = {
        "aws:PrincipalOrgID": ORGANIZATION,
        "aws:PrincipalOrgPaths": (population.homes[member.account].path,),
        "aws:PrincipalTag/team": next(iter(member.tags.values())),
        "aws:ResourceOrgID": ORGANIZATION,
        "aws:ResourceOrgPaths": (population.homes[HOME].path,),
    }
    if member.kind == USER:
        context["aws:userid"] = member.unique_id
    return context


def _ask(access: Access) -> Any:
    return can(access, seconds=30)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(populations(), subjects(), st.booleans(), st.lists(CONTEXTS, min_size=3, max_size=3))
def test_the_analysis_says_what_the_engines_say(
    population: Population, subject: Subject, controlled: bool, contexts: list[dict[str, Any]]
) -> None:
    people = People(population, controlled=controlled, weigher=Weigher(Touches(), _ask))
    analysis = Analyst(people).analyze(subject)
    assert not analysis.error
    target = Target(subject, people)
    for member in population.members:
        found = {
            action: finding
            for finding in analysis.findings
            if finding.principal == member.arn
            for action in finding.action
        }
        proved = {a for f in analysis.findings if f.principal == member.arn and f.proved for a in f.action}
        policies = policies_of(people.group_of[member.arn], target, people)
        told = known(population, member)
        for finding in analysis.findings:
            assert "does not confirm" not in finding.reason, (finding.reason, finding.witness, policies)
        for action in ACTIONS[subject.type]:
            inside = subject.type == "AWS::S3::Bucket" and action != "s3:ListBucket"
            resource = f"{subject.arn}/*" if inside else subject.arn
            access = Access(policies, member.arn, (action,), (resource,), HOME, told)
            answer = can(access, seconds=30).answer
            if answer is Answer.REFUTED:
                assert action in found, (member, action)
            elif answer is Answer.PROVED:
                assert action not in proved, (member, action, found[action])
            for context in contexts:
                for name in ("a/x", "bob/x", "b"):
                    asked = f"{subject.arn}/{name}" if inside else subject.arn
                    request = Request(member.arn, action, asked, HOME, {**context, **told})
                    outcome = decide(request, policies, is_public=is_public).outcome
                    assert outcome is not Outcome.ALLOW or action in found, (request, member)
    assert ASKED
