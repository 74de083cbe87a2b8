"""The whole decision (SEMANTICS 3): who may what when several policies meet. Both engines are asked, each time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analyzers.policy import Policy, parse_value
from analyzers.reasoning import assumptions
from analyzers.reasoning.bucket_access import public_by_form
from analyzers.reasoning.decision import decide
from analyzers.reasoning.evaluate import Decision, resource_side
from analyzers.reasoning.policy_set import PolicySet
from analyzers.reasoning.request import Request
from analyzers.reasoning.solve_request import solve

HOME, ABROAD = "111111111111", "222222222222"
USER = f"arn:aws:iam::{HOME}:user/bob"
EVE = f"arn:aws:iam::{ABROAD}:user/eve"
ROLE = f"arn:aws:iam::{HOME}:role/app"
SESSION = f"arn:aws:sts::{HOME}:assumed-role/app/s1"
FEDERATED = f"arn:aws:sts::{HOME}:federated-user/bob"
ROOT = f"arn:aws:iam::{HOME}:root"
OBJECT = "arn:aws:s3:::b/k"
KEY = f"arn:aws:kms:eu-west-1:{HOME}:key/k1"
TARGET = f"arn:aws:iam::{HOME}:role/target"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": "*", **more}


def deny(action: str = "*", **more: Any) -> dict[str, Any]:
    return allow(action, **more) | {"Effect": "Deny"}


ALL = document(allow())
OTHER = document(allow("ec2:*"))


def on(principal: Any, *more: dict[str, Any], **elements: Any) -> dict[str, Any]:
    return document(allow(Principal=principal, **elements), *more)


def decision(
    caller: str = USER,
    action: str = "s3:GetObject",
    asked: str = OBJECT,
    owner: str = HOME,
    **policies: Any,
) -> Decision:
    request, known = Request(caller, action, asked, owner), PolicySet.from_json(policies)
    told = decide(request, known)
    assert solve(request, known, is_public=public_by_form, seconds=30) is told.outcome, told.reason
    return told


def said(*request: str, **policies: Any) -> tuple[str, str | None]:
    told = decision(*request, **policies)
    return told.outcome.value, told.kind


YES, NO, DENIED, UNKNOWN = ("allow", None), ("deny", "implicit"), ("deny", "explicit"), ("unknown", None)


@pytest.mark.parametrize(
    ("caller", "principal", "limits", "expected"),
    [
        # what a grant of each strength does without and with silent limits, in the same account
        (USER, {"AWS": USER}, {}, YES),
        (USER, {"AWS": USER}, {"boundary": OTHER}, YES),
        (USER, "*", {"boundary": OTHER}, YES),
        (USER, {"AWS": HOME}, {}, NO),
        (USER, {"AWS": HOME}, {"identity": [ALL]}, YES),
        (USER, {"AWS": HOME}, {"identity": [ALL], "boundary": OTHER}, NO),
        (SESSION, {"AWS": ROLE}, {}, YES),
        (SESSION, {"AWS": ROLE}, {"boundary": OTHER}, NO),
        (SESSION, {"AWS": ROLE}, {"session": OTHER}, NO),
        (SESSION, {"AWS": ROLE}, {"boundary": ALL, "session": ALL}, YES),
        (SESSION, {"AWS": SESSION}, {"boundary": OTHER}, YES),
        (SESSION, {"AWS": SESSION}, {"session": OTHER}, YES),
        (SESSION, "*", {"session": OTHER}, YES),
        (FEDERATED, {"AWS": FEDERATED}, {}, YES),
        (FEDERATED, {"AWS": USER}, {}, NO),
        (FEDERATED, {"AWS": USER}, {"session": ALL}, YES),
        (FEDERATED, {"AWS": USER}, {"session": OTHER}, NO),
        (FEDERATED, {"AWS": f"arn:aws:iam::{HOME}:user/eve"}, {"session": ALL}, NO),
        (FEDERATED, {"AWS": f"arn:aws:iam::{HOME}:user/a/b/bob"}, {"session": ALL}, YES),
        (FEDERATED, {"AWS": f"arn:aws:iam::{HOME}:user/bob/eve"}, {"session": ALL}, NO),
        (SESSION, {"AWS": f"arn:aws:iam::{HOME}:role/a/b/app"}, {}, YES),
        (SESSION, {"AWS": f"arn:aws:iam::{HOME}:role/app/b"}, {}, NO),
        (FEDERATED, {"AWS": f"arn:aws:sts::{HOME}:assumed-role/app/bob"}, {"session": ALL}, NO),
        (USER, {"AWS": "AIDAEXAMPLEEXAMPLEEX"}, {}, NO),
        (USER, {"AWS": ["AIDAEXAMPLEEXAMPLEEX", USER]}, {}, YES),
        (FEDERATED, {"AWS": f"arn:aws:iam::{ABROAD}:user/bob"}, {"session": ALL}, NO),
        (FEDERATED, {"AWS": HOME}, {"identity": [ALL]}, NO),
        (FEDERATED, {"AWS": HOME}, {"identity": [ALL], "session": ALL}, YES),
    ],
)
def test_a_grant_in_the_same_account(caller: str, principal: Any, limits: Any, expected: Any) -> None:
    assert said(caller, resource=on(principal), **limits) == expected


@pytest.mark.parametrize("principal", [{"AWS": EVE}, {"AWS": ABROAD}, "*"])
def test_another_account_needs_both_sides(principal: Any) -> None:
    assert said(EVE, resource=on(principal)) == NO
    assert said(EVE, identity=[ALL]) == NO
    assert said(EVE, resource=on(principal), identity=[ALL]) == YES
    assert said(EVE, resource=on(principal), identity=[ALL], boundary=OTHER) == NO
    assert said(EVE, resource=on(principal), identity=[ALL], scp_levels={"root": [OTHER]}) == NO


def test_a_session_grant_abroad_does_not_pass_the_session_policy() -> None:
    caller = f"arn:aws:sts::{ABROAD}:assumed-role/app/s1"
    assert said(caller, resource=on({"AWS": caller}), identity=[ALL], session=OTHER) == NO
    assert said(caller, resource=on({"AWS": caller}), identity=[ALL], session=ALL) == YES


@pytest.mark.parametrize("place", ["identity", "boundary", "session", "resource", "scp_levels", "rcp_levels"])
def test_an_explicit_deny_binds_wherever_it_stands(place: str) -> None:
    policies: dict[str, Any] = {"identity": [ALL], "resource": on("*")}
    assert said(SESSION, **policies) == YES
    denial = document(allow(), deny("s3:GetObject"))
    if place in {"resource", "rcp_levels"}:
        denial = on("*", deny("s3:GetObject", Principal="*"))
    policies[place] = {"root": [denial]} if place.endswith("levels") else denial
    assert said(SESSION, **policies) == DENIED


def test_the_other_reading_of_session_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    told = decision(SESSION, resource=on({"AWS": SESSION}), session=OTHER)
    assert (told.outcome, told.assumptions) == ("allow", ("DIRECT_GRANT_PASSES_SESSION_POLICY",))
    assert decision(SESSION, resource=on({"AWS": SESSION}), session=ALL).assumptions == ()
    monkeypatch.setattr(assumptions, "DIRECT_GRANT_PASSES_SESSION_POLICY", False)
    assert said(SESSION, resource=on({"AWS": SESSION}), session=OTHER) == NO


def test_statements_after_a_deny_count() -> None:
    assert said(identity=[document(deny("ec2:*"), allow())]) == YES
    assert said(resource=document(deny("ec2:*", Principal="*"), allow(Principal="*"))) == YES
    assert said(identity=[document(deny("ec2:*"), deny("s3:*"), allow())]) == DENIED


def test_the_identity_path_needs_boundary_and_session() -> None:
    assert said(SESSION, identity=[ALL]) == YES
    assert said(SESSION, identity=[ALL], boundary=OTHER) == NO
    assert said(SESSION, identity=[ALL], session=OTHER) == NO
    assert said(SESSION, identity=[OTHER, ALL], boundary=ALL, session=[OTHER, ALL]) == YES


def test_the_root_user_may_what_nothing_forbids() -> None:
    told = decision(ROOT)
    assert (told.outcome, told.reason) == ("allow", "The root user may do what nothing forbids.")
    assert said(ROOT, scp_levels={"root": [document(deny())]}) == DENIED
    assert said(ROOT, resource=on("*", deny(Principal="*"))) == DENIED
    assert said(ROOT, "kms:Decrypt", KEY, key_policy=on({"AWS": ROLE})) == NO
    assert said(ROOT, "kms:Decrypt", KEY, key_policy=on({"AWS": HOME})) == YES


@pytest.mark.parametrize("caller", ["anonymous", "sns.amazonaws.com", "canonical:abc", "federated:accounts.google.com"])
def test_who_has_no_policies_is_judged_by_the_resource_alone(caller: str) -> None:
    assert said(caller, resource=on("*"), boundary=OTHER, scp_levels={"root": []}) == YES
    assert said(caller, identity=[ALL]) == NO
    assert said(caller, resource=on({"AWS": HOME})) == NO
    closed = document(deny())
    assert said(caller, resource=on("*"), identity=[closed], boundary=closed, session=closed) == YES


def test_a_caller_that_is_no_principal_is_judged_without_a_crash() -> None:
    assert said("arn:odd", identity=[ALL]) == NO
    assert said("arn:odd", resource=on({"AWS": USER}), identity=[ALL]) == NO


# -- control policies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ({}, YES),
        ({"root": [ALL], "ou": [ALL], "account": [ALL]}, YES),
        ({"root": [ALL], "ou": [OTHER], "account": [ALL]}, NO),
        ({"root": [OTHER, ALL]}, YES),
        ({"root": []}, NO),
        ({"root": [document(allow(), deny("s3:*"))], "account": [ALL]}, DENIED),
    ],
)
def test_every_level_of_service_control_policies_must_allow(levels: Any, expected: Any) -> None:
    assert said(identity=[ALL], scp_levels=levels) == expected


def test_who_service_control_policies_do_not_bind() -> None:
    closed = {"root": [document(deny())]}
    linked = f"arn:aws:iam::{HOME}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
    assert said(linked, identity=[ALL], scp_levels=closed) == YES
    assert said(identity=[ALL], scp_levels=closed, principal_account_is_management=True) == YES
    assert said("sns.amazonaws.com", resource=on("*"), scp_levels=closed) == YES


def test_a_name_alone_does_not_prove_a_service_linked_role() -> None:
    caller = f"arn:aws:sts::{HOME}:assumed-role/AWSServiceRoleForX/s"
    assert said(caller, identity=[ALL], scp_levels={"root": [document(deny())]}) == UNKNOWN
    assert said(caller, identity=[ALL], scp_levels={"root": [ALL]}) == YES
    told = decision(caller, identity=[ALL], scp_levels={"root": []})
    assert (told.outcome, told.reason) == ("unknown", "Whether control policies bind this request is not known.")


def test_resource_control_policies_bind_whoever_calls() -> None:
    closed = {"root": [document(deny("*", Principal="*"))]}
    for caller in (USER, "anonymous", "sns.amazonaws.com"):
        assert said(caller, resource=on("*"), rcp_levels=closed) == DENIED
    assert said(EVE, identity=[ALL], resource=on("*"), rcp_levels=closed) == DENIED
    assert said(identity=[ALL], rcp_levels={"root": []}) == YES


def test_what_resource_control_policies_do_not_bind() -> None:
    closed = {"root": [document(deny("*", Principal="*"))]}
    assert said(identity=[ALL], rcp_levels=closed, principal_account_is_management=True) == YES
    assert said(USER, "kms:RetireGrant", KEY, key_policy=on({"AWS": USER}), rcp_levels=closed) == YES
    assert (
        said(EVE, identity=[ALL], resource=on("*"), rcp_levels=closed, principal_account_is_management=True) == DENIED
    )


def test_whether_an_unlisted_service_is_bound_is_unknown() -> None:
    closed = {"root": [document(deny("*", Principal="*"))]}
    told = decision(USER, "sns:Publish", f"arn:aws:sns:eu:{HOME}:t", identity=[ALL], rcp_levels=closed)
    assert (told.outcome, told.assumptions) == ("unknown", ("SERVICE_OUTSIDE_RCP_LIST",))
    silent = {"root": [document(deny("ec2:*", Principal="*"))]}
    quiet = decision(USER, "sns:Publish", f"arn:aws:sns:eu:{HOME}:t", identity=[ALL], rcp_levels=silent)
    assert quiet.assumptions == ()
    retired = decision(USER, "kms:RetireGrant", KEY, key_policy=on({"AWS": USER}), rcp_levels=closed)
    assert (retired.outcome, retired.assumptions) == ("allow", ())
    assert said(USER, "sns:Publish", f"arn:aws:sns:eu:{HOME}:t", identity=[ALL], rcp_levels=silent) == YES


# -- NotPrincipal --------------------------------------------------------------------------------------------------


def test_an_exemption_must_name_the_account_too() -> None:
    def told(*named: str, **more: Any) -> Decision:
        return decision(identity=[ALL], resource=document(deny("s3:*", NotPrincipal={"AWS": list(named)})), **more)

    assert told(USER, HOME).outcome == "allow"
    assert (told(USER).outcome, told(USER).assumptions) == ("deny", ("NOT_PRINCIPAL_NEEDS_ACCOUNT",))
    assert told(EVE, ABROAD).outcome == "deny"
    bounded = told(USER, HOME, boundary=ALL)
    assert (bounded.outcome, bounded.kind) == ("deny", "explicit")
    assert bounded.assumptions == ("NOT_PRINCIPAL_DENIES_BOUNDED",)


def test_the_rules_of_exemptions_are_for_denies_that_exempt() -> None:
    assert said(resource=document(allow(NotPrincipal={"AWS": USER}))) == NO
    assert said(resource=document(allow(NotPrincipal={"AWS": EVE}))) == YES
    others = on({"AWS": USER}, deny(Principal={"AWS": EVE}))
    assert said(resource=others) == YES
    assert said(resource=others, boundary=ALL) == YES
    nobody = on("*", deny(NotPrincipal="*"))
    assert said(resource=nobody) == YES
    assert said(resource=on("*", deny(NotPrincipal={"AWS": ["*", EVE]}))) == YES
    service = on("*", deny(NotPrincipal={"Service": "sns.amazonaws.com"}))
    assert said("sns.amazonaws.com", resource=service) == YES
    assert said(resource=service) == DENIED
    provider = on("*", deny(NotPrincipal={"AWS": USER, "Federated": HOME}))
    assert said(resource=provider) == DENIED


def test_a_boundary_matters_to_exemptions_on_the_resource_alone() -> None:
    exempt = {"root": [document(deny(NotPrincipal={"AWS": [USER, HOME]}))]}
    assert said(resource=on("*"), rcp_levels=exempt) == YES
    assert said(resource=on("*"), rcp_levels=exempt, boundary=ALL) == YES
    assert said(resource=on("*"), rcp_levels={"root": [document(deny(NotPrincipal={"AWS": [EVE, ABROAD]}))]}) == DENIED


# -- services ------------------------------------------------------------------------------------------------------


def test_a_key_does_not_trust_its_account_by_itself() -> None:
    assert said(USER, "kms:Decrypt", KEY, identity=[ALL]) == NO
    assert said(USER, "kms:Decrypt", KEY, key_policy=on({"AWS": USER})) == YES
    assert said(USER, "kms:Decrypt", KEY, key_policy=on({"AWS": HOME})) == NO
    assert said(USER, "kms:Decrypt", KEY, identity=[ALL], key_policy=on({"AWS": HOME}), boundary=OTHER) == NO
    assert said(EVE, "kms:Decrypt", KEY, identity=[ALL], key_policy=on({"AWS": ABROAD})) == YES
    assert said(EVE, "kms:Decrypt", KEY, key_policy=on({"AWS": EVE})) == NO
    assert said(USER, "kms:ListKeys", "*", identity=[ALL]) == YES
    assert said(USER, "kms:ListKeys", "*", key_policy=on("*")) == NO
    assert said(USER, "tag:GetResources", KEY, key_policy=on("*")) == NO
    assert said(USER, "tag:GetResources", KEY, identity=[ALL]) == YES


def test_a_role_is_only_assumed_by_whom_it_trusts() -> None:
    def told(caller: str, trusted: Any, action: str = "sts:AssumeRole", **more: Any) -> Any:
        trust = document({"Effect": "Allow", "Action": "sts:*", "Principal": trusted})
        return said(caller, action, TARGET, trust=trust, **more)

    assert said(USER, "sts:AssumeRole", TARGET, identity=[ALL]) == NO
    assert told(USER, {"AWS": USER}) == YES
    assert told(USER, {"AWS": HOME}) == NO
    assert told(USER, {"AWS": HOME}, identity=[ALL]) == YES
    assert told(EVE, {"AWS": EVE}) == NO
    assert told(EVE, {"AWS": EVE}, identity=[ALL]) == YES
    assert told(SESSION, {"AWS": ROLE}, boundary=OTHER) == NO
    assert told("ec2.amazonaws.com", {"Service": "ec2.amazonaws.com"}) == YES
    provider = "accounts.google.com"
    assert told(f"federated:{provider}", {"Federated": provider}, "sts:AssumeRoleWithWebIdentity") == YES
    assert told(f"federated:{provider}", {"AWS": HOME}, "sts:AssumeRoleWithWebIdentity") == NO


def test_documents_on_the_resource_stand_beside_each_other() -> None:
    silent = on("*", Action="ec2:*")
    assert said(USER, "sts:AssumeRole", TARGET, trust=on({"AWS": USER}), resource=silent) == YES
    assert said(USER, "sts:AssumeRole", TARGET, trust=silent, resource=on({"AWS": USER})) == YES
    assert said(USER, "kms:Decrypt", KEY, key_policy=on({"AWS": USER}), resource=silent) == YES
    assert said(USER, "kms:Decrypt", KEY, key_policy=silent, resource=on({"AWS": USER})) == YES
    assert said(USER, "kms:Decrypt", KEY, key_policy=silent, resource=silent) == NO
    assert said(USER, "kms:Decrypt", KEY, key_policy=on("*"), resource=on("*", deny(Principal="*"))) == DENIED
    assert said(USER, "s3:GetObject", OBJECT, trust=on("*"), key_policy=on("*")) == NO
    assert said(USER, "s3:GetObject", OBJECT, resource=on("*"), trust=on("*", deny(Principal="*"))) == YES


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ({"ownership": "ObjectWriter"}, YES),
        ({}, YES),
        ({"ownership": "BucketOwnerEnforced"}, NO),
        ({"bpa": {"IgnorePublicAcls": True}}, NO),
        ({"bpa": {"BlockPublicAcls": True}}, YES),
        ({"resource": document(deny("s3:*", Principal="*"))}, DENIED),
    ],
)
def test_an_access_control_list_is_another_way_in(policies: Any, expected: Any) -> None:
    grants = [{"grantee": "AllUsers", "permission": "READ"}]
    assert said("anonymous", acl=grants, **policies) == expected
    assert said("anonymous", "s3:PutObject", resource=on("*"), acl=grants) == YES
    assert said("anonymous", "s3:PutObject", resource=on("*", Action="s3:GetObject"), acl=grants) == NO


def test_signed_callers_of_another_account_need_their_own_side_for_an_acl() -> None:
    grants = [{"grantee": "AuthenticatedUsers", "permission": "READ"}]
    assert said("anonymous", acl=grants) == NO
    assert said(EVE, acl=grants) == NO
    assert said(EVE, acl=grants, identity=[ALL]) == YES


def test_an_access_control_list_says_nothing_of_what_has_no_name() -> None:
    grants = [{"grantee": "AllUsers", "permission": "FULL_CONTROL"}]
    assert said(USER, "s3:ListAllMyBuckets", "*", acl=grants) == NO
    assert said("anonymous", "s3:ListBucket", "arn:aws:s3:::b", acl=grants) == YES
    assert decision("anonymous", "s3:ListBucket", "arn:aws:s3:::b", acl=grants).assumptions == ()
    assert decision("anonymous", acl=grants).assumptions == ("ACL_OF_AN_OBJECT_REQUEST",)
    ignored = {"bpa": {"IgnorePublicAcls": True}}
    assert said("anonymous", "s3:ListBucket", "arn:aws:s3:::b", acl=grants, **ignored) == NO
    assert said("anonymous", "s3:ListBucket", "arn:aws:s3:::b", acl=grants, bpa={"IgnorePublicAcls": False}) == YES


def test_whose_a_canonical_id_is_cannot_be_told() -> None:
    grants = [{"grantee": "abc", "permission": "READ"}]
    told = decision(EVE, acl=grants, identity=[ALL])
    assert told.outcome == "unknown"
    assert "CANONICAL_USER_IS_CALLER" in told.assumptions
    assert said(EVE, acl=grants) == NO
    assert said("canonical:abc", acl=grants) == YES


def test_two_canonical_ids_are_two_doubts() -> None:
    doubts = on({"CanonicalUser": "abc"}, deny(Principal={"CanonicalUser": "abd"}))
    assert said(EVE, identity=[ALL], resource=doubts) == UNKNOWN
    assert said("canonical:abc", resource=doubts) == YES
    assert said("canonical:abd", resource=on("*", deny(Principal={"CanonicalUser": "abd"}))) == DENIED


def test_block_public_access_closes_a_public_policy_to_other_accounts() -> None:
    bpa = {"RestrictPublicBuckets": True}
    public = on("*", allow("s3:*", Principal={"AWS": ABROAD}))
    assert said("anonymous", resource=public, bpa=bpa) == NO
    assert said(EVE, identity=[ALL], resource=public, bpa=bpa) == NO
    assert said(USER, resource=public, bpa=bpa) == YES
    assert said("sns.amazonaws.com", resource=public, bpa=bpa) == YES
    assert said(EVE, identity=[ALL], resource=on({"AWS": ABROAD}), bpa=bpa) == YES
    assert "Block Public Access" in decision("anonymous", resource=public, bpa=bpa).reason


def test_an_access_point_and_its_bucket_must_both_allow() -> None:
    point = f"arn:aws:s3:eu-west-1:{HOME}:accesspoint/ap/object/k"
    told = decision("anonymous", "s3:GetObject", point, resource=on("*"))
    assert (told.outcome, told.assumptions) == ("unknown", ("GRANT_ON_ACCESS_POINT",))
    assert "must both allow" in told.reason
    assert said(EVE, "s3:GetObject", point, resource=on("*"), identity=[ALL]) == UNKNOWN
    assert said(EVE, "s3:GetObject", point, identity=[ALL]) == NO
    assert said(USER, "s3:GetObject", point, identity=[ALL]) == YES
    assert said(USER, "s3:GetObject", point, identity=[ALL], resource=on("*", deny(Principal="*"))) == DENIED
    assert said("anonymous", "s3:GetObject", point, acl=[{"grantee": "AllUsers", "permission": "READ"}]) == NO


def test_whether_a_grant_on_an_access_point_counts_is_one_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    point = f"arn:aws:s3:eu-west-1:{HOME}:accesspoint/ap/object/k"
    monkeypatch.setattr(assumptions, "GRANT_ON_ACCESS_POINT", True)
    assert said("anonymous", "s3:GetObject", point, resource=on("*")) == YES
    monkeypatch.setattr(assumptions, "GRANT_ON_ACCESS_POINT", False)
    assert said("anonymous", "s3:GetObject", point, resource=on("*")) == NO
    assert said("anonymous", "sqs:SendMessage", point, resource=on("*")) == YES


def test_what_is_public_may_be_asked_elsewhere() -> None:
    policies = PolicySet.from_json({"resource": on("*"), "bpa": {"RestrictPublicBuckets": True}})
    request = Request("anonymous", "s3:GetObject", OBJECT, HOME)
    assert decide(request, policies, is_public=lambda _: False).outcome == "allow"
    unknown = decide(request, policies, is_public=lambda _: None)
    assert (unknown.outcome, unknown.reason) == (
        "unknown",
        "Whether the bucket's policy is public as a whole is not known, and the answer depends on it.",
    )


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([{"Principal": "*"}], True),
        ([{"Principal": {"AWS": ABROAD}}], False),
        ([{"Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}], False),
        ([{"Principal": "*", "Condition": {"StringLike": {"aws:SourceVpc": "vpc-*"}}}], True),
        ([{"Principal": "*", "Condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}}], True),
        ([{"Principal": "*", "Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}}], True),
        ([{"Principal": "*", "Condition": {"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}}], True),
        ([{"Principal": "*", "Condition": {"NumericEquals": {"s3:max-keys": "1"}}}], True),
        ([{"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}}], True),
        ([{"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}], False),
        ([{"Principal": "*", "Condition": {"Odd": {"aws:SourceVpc": "vpc-1"}}}], None),
        ([{"Principal": {"Federated": "graph.facebook.com"}}], True),
        ([{"Principal": {"Federated": "accounts.google.com"}}], False),
        ([{"Principal": {"AWS": "graph.facebook.com"}}], False),
        ([{"NotPrincipal": {"AWS": HOME}}], True),
        ([{"Principal": "*"}, {"Principal": "*", "Effect": "Deny"}], None),
        ([{"Principal": "*", "Effect": "Deny"}], False),
        ([{"Principal": "*", "Surprise": 1}], None),
    ],
)
def test_the_form_of_a_public_policy(statements: Any, expected: Any) -> None:
    assert public_by_form(parse_value(document(*(allow() | statement for statement in statements)))) is expected


def test_a_policy_that_is_not_understood_as_a_whole_is_not_called_closed() -> None:
    odd = {**on({"AWS": ABROAD}), "Odd": 1}
    assert public_by_form(parse_value(odd)) is None
    assert public_by_form(parse_value({**on("*"), "Odd": 1})) is None


# -- what cannot be told -------------------------------------------------------------------------------------------


def test_an_unknown_owner_matters_only_where_the_answer_depends_on_it() -> None:
    told = decision(USER, "s3:GetObject", OBJECT, "", identity=[ALL])
    assert (told.outcome, told.reason) == (
        "unknown",
        "The account of the resource is not told, and the answer depends on it.",
    )
    assert said(USER, "s3:GetObject", OBJECT, "") == NO
    assert said(USER, "s3:GetObject", OBJECT, "", identity=[ALL], resource=on("*")) == YES
    assert said(USER, "s3:ListAllMyBuckets", "*", "", identity=[ALL]) == YES


def test_what_is_not_understood_stays_open_where_it_could_matter() -> None:
    odd = document(deny(Condition={"Odd": {"a": "b"}}))
    assert said(identity=[ALL, odd]) == UNKNOWN
    assert said(identity=[odd]) == NO
    assert said(identity=[ALL, odd], boundary=document(deny())) == DENIED
    assert said(identity=[document(allow(Condition={"Odd": {"a": "b"}}))]) == UNKNOWN
    assert said(identity=[document(allow(Condition={"Odd": {"a": "b"}})), ALL]) == YES


def test_the_resource_side_is_open_where_a_statement_is() -> None:
    odd = {"Odd": {"a": "b"}}
    request = Request("anonymous", "s3:GetObject", OBJECT, HOME)

    def told(*statements: dict[str, Any], denies: tuple[Policy, ...] = ()) -> tuple[str, str | None]:
        answer = resource_side(request, [parse_value(document(*statements))], denies)
        return answer.outcome.value, answer.kind

    assert told(allow(Principal="*", Condition=odd)) == UNKNOWN
    silent = resource_side(request, [parse_value(document(allow(Principal={"AWS": EVE})))])
    assert silent.steps[0].reason == "the principal does not match"
    assert told(allow(Principal="*", Condition=odd), allow(Principal="*")) == YES
    assert told(allow(Principal="*"), deny(Principal="*", Condition=odd)) == UNKNOWN
    assert told(deny(Principal="*", Condition=odd)) == NO
    guard = parse_value(document(allow(Principal="*"), deny(Principal="*", Sid="No")))
    answer = resource_side(request, [parse_value(document(allow(Principal="*", Sid="Yes")))], [guard])
    assert [step.statement for step in answer.steps] == [(0, 0, "Yes", "Allow"), (1, 1, "No", "Deny")]
    assert (answer.statements, answer.reason) == (((1, 1, "No", "Deny"),), "Denied by statement 1 (No).")
    assert told(allow(Principal="*"), denies=(guard,)) == DENIED
    assert told(deny("ec2:*", Principal="*"), denies=(guard,)) == DENIED


def test_a_principal_where_none_belongs_is_open() -> None:
    assert decision(identity=[on("*")]).assumptions == ("MISPLACED_PRINCIPAL",)
    assert said(identity=[on("*")]) == UNKNOWN
    assert said(identity=[document({"Effect": "Allow", "Action": "*"})]) == UNKNOWN
    assert said(resource=ALL) == UNKNOWN
    assert said(EVE, resource=ALL) == NO


@pytest.mark.parametrize("reading", [True, False])
def test_what_a_misplaced_principal_means_is_one_constant(reading: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assumptions, "MISPLACED_PRINCIPAL", reading)
    expected = YES if reading else NO
    assert said(identity=[on("*")]) == expected
    assert said(identity=[document({"Effect": "Allow", "Action": "*"})]) == expected
    assert said(resource=ALL) == expected


@pytest.mark.parametrize("reading", [True, False])
def test_whose_a_canonical_id_is_is_one_constant(reading: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assumptions, "CANONICAL_USER_IS_CALLER", reading)
    assert said(EVE, identity=[ALL], resource=on({"CanonicalUser": "abc"})) == (YES if reading else NO)
    assert said("canonical:abc", resource=on({"CanonicalUser": "abc"})) == YES


def test_a_federated_user_is_its_namesake_by_one_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assumptions, "FEDERATED_USER_IS_NAMESAKE", False)
    assert said(FEDERATED, resource=on({"AWS": USER}), session=ALL) == NO
    assert said(FEDERATED, resource=on({"AWS": FEDERATED})) == YES


def test_the_rules_of_exemptions_are_two_constants(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(*named: str, **more: Any) -> Any:
        return said(identity=[ALL], resource=document(deny("s3:*", NotPrincipal={"AWS": list(named)})), **more)

    monkeypatch.setattr(assumptions, "NOT_PRINCIPAL_NEEDS_ACCOUNT", False)
    assert told(USER) == YES
    assert told(USER, boundary=ALL) == DENIED
    monkeypatch.setattr(assumptions, "NOT_PRINCIPAL_DENIES_BOUNDED", False)
    assert told(USER, boundary=ALL) == YES
    assert told(EVE, boundary=ALL) == DENIED


@pytest.mark.parametrize("reading", [True, False])
def test_whether_an_unlisted_service_is_bound_is_one_constant(reading: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assumptions, "SERVICE_OUTSIDE_RCP_LIST", reading)
    closed = {"root": [document(deny("*", Principal="*"))]}
    expected = DENIED if reading else YES
    assert said(USER, "sns:Publish", f"arn:aws:sns:eu:{HOME}:t", identity=[ALL], rcp_levels=closed) == expected
    assert said(identity=[ALL], rcp_levels=closed) == DENIED


def test_a_wildcard_that_would_cross_colons_is_open() -> None:
    queue = f"arn:aws:sqs:eu:{HOME}:q"
    assert said(USER, "sqs:SendMessage", queue, identity=[document(allow(Resource=f"arn:aws:*:{HOME}:q"))]) == UNKNOWN
    assert (
        said(USER, "sqs:SendMessage", queue, identity=[ALL, document(deny(Resource=f"arn:aws:*:{HOME}:q"))]) == UNKNOWN
    )


# -- telling -------------------------------------------------------------------------------------------------------


def test_a_decision_names_its_statements_and_shows_each_step() -> None:
    told = decision(identity=[ALL, document(deny("s3:*", Sid="NoBuckets"))], scp_levels={"root": [ALL], "ou": [ALL]})
    assert told.reason == "Denied by statement 0 (NoBuckets) of the caller's policy [1]."
    assert [(ref.document, ref.statement, ref.sid, ref.effect) for ref in told.statements] == [
        ("identity[1]", 0, "NoBuckets", "Deny")
    ]
    assert [(step.statement.document, step.truth) for step in told.steps] == [
        ("identity[0]", True),
        ("identity[1]", True),
        ("scp:root", True),
        ("scp:ou", True),
    ]


def test_an_allow_names_the_statements_that_match_and_no_others() -> None:
    told = decision(identity=[OTHER, document(allow("ec2:*"), allow("s3:*", Sid="Mine"), deny("ec2:*"))])
    assert [(ref.document, ref.statement, ref.sid) for ref in told.statements] == [("identity[1]", 1, "Mine")]


def test_each_step_says_why_it_does_not_match() -> None:
    statements = [
        allow(Principal={"AWS": EVE}),
        allow("ec2:*", Principal="*"),
        allow(Principal="*", Resource="arn:aws:s3:::c"),
        allow(Principal="*", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}}),
        allow(Principal="*", Condition={"Odd": {"aws:SourceVpc": "vpc-1"}}),
        allow(Principal={"AWS": USER}),
        allow(Principal={"CanonicalUser": "abc"}),
        allow(),
    ]
    assert [(step.truth, step.reason) for step in decision(resource=document(*statements)).steps] == [
        (False, "the principal does not match"),
        (False, "the action does not match"),
        (False, "the resource does not match"),
        (False, "the condition on aws:SourceVpc does not match"),
        (None, "the condition on aws:SourceVpc cannot be decided"),
        (True, ""),
        (None, "The account of a canonical user id is not known."),
        (None, "A principal is named where none belongs, or is missing where one is required."),
    ]
    told = decision(resource=document(deny(NotPrincipal={"AWS": USER})))
    assert told.steps[0].reason == assumptions.BECAUSE["NOT_PRINCIPAL_NEEDS_ACCOUNT"]


def test_a_namesake_is_an_assumption() -> None:
    named = ("FEDERATED_USER_IS_NAMESAKE",)
    assert decision(FEDERATED, resource=on({"AWS": USER}), session=ALL).assumptions == named
    assert decision(FEDERATED, resource=on({"AWS": FEDERATED}), session=ALL).assumptions == ()
    assert decision(USER, resource=on({"AWS": USER})).assumptions == ()
    other_action = on({"AWS": FEDERATED}, allow("ec2:*", Principal={"AWS": USER}))
    assert decision(FEDERATED, resource=other_action, session=ALL).assumptions == ()


CLOSED = document(allow(), deny("s3:*"))
SHUT = on("*", deny("*", Principal="*", Sid="No"))


@pytest.mark.parametrize(
    ("policies", "reason"),
    [
        ({"identity": [CLOSED]}, "Denied by statement 1 of the caller's policy."),
        ({"identity": [ALL, CLOSED]}, "Denied by statement 1 of the caller's policy [1]."),
        ({"boundary": CLOSED}, "Denied by statement 1 of the permissions boundary."),
        ({"session": [ALL, CLOSED]}, "Denied by statement 1 of the session policy [1]."),
        ({"resource": SHUT}, "Denied by statement 1 (No) of the resource's policy."),
        ({"scp_levels": {"root": [CLOSED]}}, "Denied by statement 1 of the service control policy root."),
        ({"scp_levels": {"ou": [ALL, CLOSED]}}, "Denied by statement 1 of the service control policy ou[1]."),
        ({"rcp_levels": {"root": [SHUT]}}, "Denied by statement 1 (No) of the resource control policy root."),
    ],
)
def test_a_denial_names_the_document(policies: Any, reason: str) -> None:
    told = decision(SESSION, **{"identity": [ALL], **policies})
    assert told.reason == reason
    assert len(told.statements) == 1
    assert told.statements[0] in [step.statement for step in told.steps]


def test_a_denial_names_every_statement_that_denies_and_counts() -> None:
    management = {"principal_account_is_management": True}
    told = decision(identity=[CLOSED], resource=SHUT, scp_levels={"root": [CLOSED]}, rcp_levels={"root": [SHUT]})
    assert [ref.document for ref in told.statements] == ["identity", "resource", "scp:root", "rcp:root"]
    told = decision(
        identity=[CLOSED], resource=SHUT, scp_levels={"root": [CLOSED]}, rcp_levels={"root": [SHUT]}, **management
    )
    assert [ref.document for ref in told.statements] == ["identity", "resource"]
    assert {step.statement.document for step in told.steps} == {"identity", "resource"}
    linked = f"arn:aws:sts::{HOME}:assumed-role/AWSServiceRoleForX/s"
    told = decision(linked, identity=[CLOSED], scp_levels={"root": [CLOSED]})
    assert [ref.document for ref in told.statements] == ["identity"]
    everywhere = {"root": [document(deny("*", Principal="*"))]}
    topic = f"arn:aws:sns:eu:{HOME}:t"
    told = decision(USER, "sns:Publish", topic, identity=[document(deny("sns:*"))], rcp_levels=everywhere)
    assert [ref.document for ref in told.statements] == ["identity"]
    odd = document(deny(Condition={"Odd": {"a": "b"}}), deny("s3:GetObject"), deny("ec2:*"))
    assert [ref.statement for ref in decision(identity=[odd]).statements] == [1]


@pytest.mark.parametrize(
    ("request_", "policies", "reason", "documents"),
    [
        ((), {"identity": [ALL]}, "Allowed by statement 0 of the caller's policy.", ["identity"]),
        (
            (),
            {"identity": [OTHER, ALL], "boundary": ALL, "resource": on("*")},
            "Allowed by statement 0 of the caller's policy [1].",
            ["identity[1]", "boundary", "resource"],
        ),
        ((), {"resource": on("*")}, "Allowed by statement 0 of the resource's policy.", ["resource"]),
        (
            (),
            {"identity": [ALL], "scp_levels": {"root": [ALL]}, "rcp_levels": {"root": [on("*")]}},
            "Allowed by statement 0 of the caller's policy.",
            ["identity", "scp:root"],
        ),
        (
            (USER, "kms:Decrypt", KEY),
            {"key_policy": on("*")},
            "Allowed by statement 0 of the key policy.",
            ["key_policy"],
        ),
        (
            (USER, "sts:AssumeRole", TARGET),
            {"trust": document({"Effect": "Allow", "Action": "*", "Principal": "*"})},
            "Allowed by statement 0 of the role's trust policy.",
            ["trust"],
        ),
        (
            ("anonymous",),
            {"acl": [{"grantee": "AllUsers", "permission": "READ"}]},
            "Allowed by statement 0 (Grant1) of the access control list [1].",
            ["acl[1]"],
        ),
        (
            ("anonymous",),
            {
                "acl": [{"grantee": "AllUsers", "permission": "READ"}],
                "resource": on("*"),
                "bpa": {"RestrictPublicBuckets": True},
            },
            "Allowed by statement 0 (Grant1) of the access control list [1].",
            ["acl[1]"],
        ),
    ],
)
def test_an_allow_names_the_documents_that_count(request_: Any, policies: Any, reason: str, documents: Any) -> None:
    told = decision(*request_, **policies)
    assert (told.outcome, told.kind, told.reason) == ("allow", None, reason)
    assert [ref.document for ref in told.statements] == documents


ODD = {"Condition": {"Odd": {"a": "b"}}}


@pytest.mark.parametrize(
    ("policies", "reason", "statements"),
    [
        (
            {"identity": [document(allow(**ODD))]},
            "Whether statement 0 of the caller's policy allows it is not known: the condition on a cannot be decided.",
            ["identity"],
        ),
        (
            {"identity": [document(allow(), deny(Sid="D", **ODD))], "resource": document(allow(Principal="*", **ODD))},
            "Whether statement 1 (D) of the caller's policy denies it is not known: "
            "the condition on a cannot be decided.",
            ["identity", "resource"],
        ),
        (
            {"identity": [ALL], "scp_levels": {"root": [document(allow(**ODD))]}},
            "Whether statement 0 of the service control policy root allows it is not known: "
            "the condition on a cannot be decided.",
            ["scp:root"],
        ),
    ],
)
def test_what_is_not_known_names_the_statement(policies: Any, reason: str, statements: Any) -> None:
    told = decision(**policies)
    assert (told.outcome, told.kind, told.reason) == ("unknown", None, reason)
    assert [ref.document for ref in told.statements] == statements
    assert all(step.truth is None for step in told.steps if step.statement in told.statements)


def test_one_sentence_ends_in_one_full_stop() -> None:
    told = decision(resource=on({"CanonicalUser": "abc"}), identity=[OTHER], caller=EVE)
    assert told.outcome == "deny"
    told = decision(EVE, resource=on({"CanonicalUser": "abc"}), identity=[ALL])
    assert told.reason == (
        "Whether statement 0 of the resource's policy allows it is not known: "
        "The account of a canonical user id is not known."
    )


def test_an_allow_that_exempts_is_no_deny_that_does() -> None:
    told = decision(resource=document(allow(NotPrincipal={"AWS": USER})))
    assert [(step.truth, step.reason) for step in told.steps] == [(False, "the principal does not match")]


@pytest.mark.parametrize("named", [[USER, EVE], [EVE, USER], [ROLE, USER], [HOME, USER], [USER, HOME]])
def test_one_of_several_principals_is_enough(named: list[str]) -> None:
    assert said(USER, resource=on({"AWS": named})) == YES
    assert said(resource=on("*", deny(NotPrincipal={"AWS": [*named, HOME]}))) == YES


def test_an_implicit_deny_has_steps_and_no_statements() -> None:
    told = decision(identity=[OTHER])
    assert (told.statements, told.assumptions) == ((), ())
    assert [(step.statement.document, step.truth) for step in told.steps] == [("identity", False)]


def test_a_denial_rests_only_on_what_could_change_it() -> None:
    topic = f"arn:aws:sns:eu:{HOME}:t"
    closed = {"root": [document(deny("*", Principal="*"))]}
    assert decision(USER, "sns:Publish", topic, rcp_levels=closed).assumptions == ("SERVICE_OUTSIDE_RCP_LIST",)
    assert decision(identity=[CLOSED], resource=on({"CanonicalUser": "abc"})).assumptions == ()
    assert decision(resource=on({"CanonicalUser": "abc"})).assumptions == ()
    exempt = document(deny("s3:*", NotPrincipal={"AWS": [USER]}), allow(Principal={"CanonicalUser": "abc"}))
    assert decision(identity=[ALL], resource=exempt).assumptions == ("NOT_PRINCIPAL_NEEDS_ACCOUNT",)


def test_the_reason_for_a_key_names_the_side_that_is_silent() -> None:
    told = decision(USER, "kms:Decrypt", KEY, key_policy=on({"AWS": HOME}))
    assert told.reason == "No policy of the caller allows it."
    told = decision(USER, "kms:Decrypt", KEY, identity=[ALL])
    assert (
        told.reason == "No statement on the resource allows it, and policies of the caller alone are not enough here."
    )


@pytest.mark.parametrize(
    ("policies", "caller", "reason"),
    [
        ({}, USER, "No policy of the caller allows it."),
        ({"identity": [ALL], "boundary": OTHER}, USER, "The permissions boundary does not allow it."),
        ({"identity": [ALL], "session": OTHER}, SESSION, "The session policy does not allow it."),
        (
            {"identity": [ALL], "scp_levels": {"ou-1": [OTHER]}},
            USER,
            "No service control policy at the level 'ou-1' allows it.",
        ),
        ({"identity": [ALL]}, EVE, "The caller is of another account, and no statement on the resource allows it."),
        ({"resource": on({"AWS": ROLE}), "boundary": OTHER}, SESSION, "The permissions boundary does not allow it."),
        ({"identity": [ALL], "boundary": ALL, "session": OTHER}, SESSION, "The session policy does not allow it."),
        ({"identity": [ALL]}, FEDERATED, "Nothing that the caller may use allows it."),
        ({"resource": on({"AWS": USER}), "session": OTHER}, FEDERATED, "The session policy does not allow it."),
        ({"resource": on({"AWS": USER}), "boundary": OTHER}, FEDERATED, "The permissions boundary does not allow it."),
        ({"boundary": OTHER}, USER, "No policy of the caller allows it."),
        ({"identity": [ALL]}, "anonymous", "No statement on the resource allows it."),
        (
            {"resource": on("*"), "bpa": {"RestrictPublicBuckets": True}},
            "anonymous",
            "Block Public Access restricts the bucket, whose policy is public, to its owner's account.",
        ),
    ],
)
def test_the_reason_says_what_is_missing(policies: Any, caller: str, reason: str) -> None:
    assert decision(caller, **policies).reason == reason


@pytest.mark.parametrize(
    ("policies", "message"),
    [
        ([], "policies must be an object"),
        ({"identities": []}, "policies has no element 'identities'"),
        ({"identity": ["{"]}, "identity[0]: The document ends too early"),
        (
            {"identity": [{"Version": "2012-10-17", "Statement": {"Effect": "allow"}}]},
            "identity[0]: A statement needs Effect",
        ),
        ({"scp_levels": []}, "scp_levels must be an object of lists of documents"),
        ({"bpa": {"RestrictPublicBuckets": "yes"}}, "bpa must hold"),
        ({"bpa": []}, "bpa must be an object"),
        ({"bpa": {"Other": True}}, "bpa must hold"),
        ({"acl": {}}, "acl must be a list of objects"),
        ({"ownership": "Mine"}, "ownership must be one of"),
        ({"principal_account_is_management": "no"}, "principal_account_is_management must be"),
    ],
)
def test_a_policy_set_that_is_not_understood_is_refused(policies: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        PolicySet.from_json(policies)
    assert message in str(caught.value)


def test_documents_may_be_texts() -> None:
    policies = PolicySet.from_json({"identity": [json.dumps(ALL)], "boundary": None, "session": [ALL]})
    assert isinstance(policies.identity[0], Policy)
    assert (policies.boundary, len(policies.session or ())) == (None, 1)
