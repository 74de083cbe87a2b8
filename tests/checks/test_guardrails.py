"""Guardrails: files of rules, and the library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzers.checks.cli.main import main
from analyzers.checks.custom import Result
from analyzers.checks.found import FoundPolicy, Place, Variant
from analyzers.checks.guardrails import GuardrailError, applicable, load, names, outcome, parse_guardrail, summary
from analyzers.reasoning.question import PolicyType

IDENTITY, RESOURCE = PolicyType.IDENTITY, PolicyType.RESOURCE
TRUST = "AWS::IAM::AssumeRolePolicyDocument"
GIVEN = {
    "github-organization": "acme",
    "organization": "o-1",
    "resources": "arn:aws:s3:::secret,arn:aws:s3:::secret/*",
    "accounts": "111122223333,444455556666",
}


def policy(statement: dict[str, Any], kind: PolicyType, resource_type: str = "") -> FoundPolicy:
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
    return FoundPolicy((Variant(text),), kind, Place("p.json"), resource_type)


def results(name: str, found: FoundPolicy) -> dict[str, Result]:
    guardrail = load(name, {key: GIVEN[key] for key in summary(name)[1]})
    return {rule.id: outcome(rule, found).result for rule in applicable(guardrail, found)}


S3 = {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
WEB = {
    "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},
    "Action": "sts:AssumeRoleWithWebIdentity",
}
AUDIENCE = {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}
SUBJECT = "token.actions.githubusercontent.com:sub"
ANY_WORKFLOW = policy(WEB | {"Condition": {"StringEquals": AUDIENCE}}, RESOURCE, TRUST)
PASS_ANY = policy({"Action": "iam:PassRole", "Resource": "*"}, IDENTITY)


@pytest.mark.parametrize(
    ("name", "rule", "found", "expected"),
    [
        ("no-public-access", "not-public", policy({"Principal": "*", **S3}, RESOURCE), "FAIL"),
        ("no-public-access", "not-public", policy({"Principal": {"AWS": "111122223333"}, **S3}, RESOURCE), "PASS"),
        ("trusted-accounts", "only-trusted", policy({"Principal": {"AWS": "444455556666"}, **S3}, RESOURCE), "PASS"),
        ("trusted-accounts", "only-trusted", policy({"Principal": {"AWS": "777788889999"}, **S3}, RESOURCE), "FAIL"),
        (
            "trusted-accounts",
            "only-trusted",
            policy({"Principal": {"Service": "logging.s3.amazonaws.com"}, **S3}, RESOURCE),
            "PASS",
        ),
        (
            "own-organization",
            "within-the-organization",
            policy({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, **S3}, RESOURCE),
            "PASS",
        ),
        (
            "own-organization",
            "within-the-organization",
            policy({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-2"}}, **S3}, RESOURCE),
            "FAIL",
        ),
        ("sensitive-resources", "sensitive", policy({"Action": "s3:*", "Resource": "*"}, IDENTITY), "FAIL"),
        ("sensitive-resources", "sensitive", policy(S3, IDENTITY), "PASS"),
        ("privilege-escalation", "write-own-rights", policy({"Action": "iam:Put*", "Resource": "*"}, IDENTITY), "FAIL"),
        ("privilege-escalation", "write-own-rights", policy(S3, IDENTITY), "PASS"),
        (
            "privilege-escalation",
            "pass-any-role",
            policy({"Action": "iam:PassRole", "Resource": "*"}, IDENTITY),
            "FAIL",
        ),
        (
            "privilege-escalation",
            "pass-any-role",
            policy({"Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/app-*"}, IDENTITY),
            "PASS",
        ),
        (
            "github-oidc",
            "own-workflows",
            policy(
                WEB | {"Condition": {"StringEquals": AUDIENCE, "StringLike": {SUBJECT: "repo:acme/app:*"}}},
                RESOURCE,
                TRUST,
            ),
            "PASS",
        ),
        (
            "github-oidc",
            "own-workflows",
            policy(WEB | {"Condition": {"StringEquals": AUDIENCE}}, RESOURCE, TRUST),
            "FAIL",
        ),
        (
            "github-oidc",
            "own-workflows",
            policy({"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}, RESOURCE, TRUST),
            "PASS",
        ),
        ("baseline", "leave-the-guards-alone", policy({"Action": "cloudtrail:*", "Resource": "*"}, IDENTITY), "FAIL"),
    ],
)
def test_the_library_does_what_it_says(name: str, rule: str, found: FoundPolicy, expected: str) -> None:
    assert results(name, found)[rule] == expected


def test_rules_are_about_their_types_of_policies_only() -> None:
    assert results("no-public-access", policy(S3, IDENTITY)) == {}
    assert results("github-oidc", policy({"Principal": "*", **S3}, RESOURCE, "AWS::S3::Bucket")) == {}
    assert results("trusted-accounts", policy(S3, IDENTITY)) == {}


@pytest.mark.parametrize("name", names())
def test_each_of_the_library_can_be_read_and_says_what_it_is_for(name: str) -> None:
    about, parameters = summary(name)
    guardrail = load(name, {key: GIVEN[key] for key in parameters})
    assert guardrail.name == name
    assert about
    assert all(rule.why for rule in guardrail.rules)


RULE = "name: x\nrules:\n  - check: access-not-granted\n    actions: ['s3:*']\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x", "rules missing"),
        ("name: x\nrules: []", "1 to"),
        ("name: 'a b'\nrules: [{check: validate}]", "a name has"),
        ("name: x\nrules: [{check: nothing}]", "check is one of"),
        ("name: x\nrules: [{check: access-not-granted}]", "actions, resources or both"),
        ("name: x\nrules: [{check: no-new-access}]", "reference is a policy"),
        ("name: x\nrules: [{check: no-new-access, reference: {Statement: 1}}]", "no policy"),
        ("name: x\nrules: [{check: no-new-access, reference: ../../etc/passwd}]", "beside its guardrail"),
        ("name: x\nrules: [{check: no-new-access, reference: missing.json}]", "cannot be read"),
        ("name: x\nrules: [{check: validate, level: NO}]", "level is one of"),
        ("name: x\nrules: [{check: validate, policy-types: [X]}]", "policy-types"),
        ("name: x\nrules: [{check: validate, odd: 1}]", "'odd' is not known"),
        ("name: x\nrules: [{check: validate, id: a}, {check: validate, id: a}]", "an id of its own"),
        ("name: x\nrules: [{check: access-not-granted, actions: '{{who}}'}]", "not among the parameters"),
        ("- x", "expected"),
        ("a: [", "x.yaml"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(GuardrailError) as caught:
        parse_guardrail(text, source="x.yaml", folder=tmp_path)
    assert said in str(caught.value)
    assert "x.yaml:" in str(caught.value)


def test_parameters_are_filled_in_as_lists_and_inside_of_texts() -> None:
    text = "name: x\nparameters: {who: who}\nrules: [{check: access-not-granted, actions: ['{{who}}']}]"
    assert parse_guardrail(text, {"who": "a:b, c:d"}).rules[0].access[0].actions == ("a:b", "c:d")
    inside = text.replace("'{{who}}'", "'s3:{{ who }}'")
    assert parse_guardrail(inside, {"who": "Get*"}).rules[0].access[0].actions == ("s3:Get*",)
    with pytest.raises(GuardrailError, match="one value, without commas"):
        parse_guardrail(inside, {"who": "Get*,Put*"})
    with pytest.raises(GuardrailError, match="needs who"):
        parse_guardrail(text)
    with pytest.raises(GuardrailError, match="no parameter 'other'"):
        parse_guardrail(text, {"other": "a"})


def test_a_reference_lies_beside_its_guardrail(tmp_path: Path) -> None:
    (tmp_path / "reference.json").write_text('{"Statement": []}')
    text = "name: x\nrules: [{check: no-new-access, reference: reference.json}]"
    assert parse_guardrail(text, folder=tmp_path).rules[0].reference == '{"Statement": []}'
    with pytest.raises(GuardrailError, match="in the guardrail itself"):
        parse_guardrail(text)


def test_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rules.yaml").write_text(RULE.replace("    actions", "    id: no-s3\n    why: Because.\n    actions"))
    Path("p.json").write_text(policy(S3, IDENTITY).variants[0].text)
    assert main(["guardrail", "rules.yaml", "p.json"]) == 1
    out = capsys.readouterr().out
    assert "[access-not-granted (no-s3)]" in out
    assert "why: Because." in out
    assert main(["guardrail", "trusted-accounts", "p.json"]) == 2
    assert "--with accounts=VALUE" in capsys.readouterr().err
    assert main(["guardrail", "nowhere.yaml", "p.json"]) == 2
    assert "baseline" in capsys.readouterr().err
    assert main(["guardrails"]) == 0
    assert "privilege-escalation" in capsys.readouterr().out


@pytest.mark.parametrize(
    "rule",
    [
        "check: access-not-granted, actions: [DeleteBucket]",
        "check: access-not-granted, resources: [my-bucket]",
        "check: no-public-access, resource-types: ['AWS::S3::BucketPolicy']",
    ],
)
def test_a_rule_that_nothing_could_break_is_a_mistake(rule: str) -> None:
    with pytest.raises(GuardrailError):
        parse_guardrail(f"name: x\nrules: [{{{rule}}}]")


def test_a_rule_about_a_resource_type_is_unknown_where_nobody_told_the_type() -> None:
    rule = "check: no-public-access, resource-types: ['AWS::S3::Bucket']"
    guardrail = parse_guardrail(f"name: x\nrules: [{{{rule}}}]")
    text = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}]})
    plain = FoundPolicy((Variant(text),), PolicyType.RESOURCE, Place("policy.json"))
    (found,) = applicable(guardrail, plain)
    assert outcome(found, plain).result is Result.UNKNOWN
    assert not list(applicable(guardrail, FoundPolicy((Variant(text),), PolicyType.RESOURCE, Place("t"), name="Ecr")))
