"""One example of each check: what it finds, where, and the same mended. A test runs them all; the page
docs/policy-validation.md shows them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from analyzers.policy.model import Path
from analyzers.reasoning.question import PolicyType

from .document import TRUST

_BASES: dict[tuple[PolicyType, str], dict[str, Any]] = {
    (PolicyType.IDENTITY, ""): {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::my-bucket/*"},
    (PolicyType.RESOURCE, ""): {
        "Effect": "Allow",
        "Principal": {"AWS": "111122223333"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::my-bucket/*",
    },
    (PolicyType.RESOURCE, TRUST): {
        "Effect": "Allow",
        "Principal": {"AWS": "111122223333"},
        "Action": "sts:AssumeRole",
    },
    (PolicyType.SERVICE_CONTROL, ""): {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"},
    (PolicyType.RESOURCE_CONTROL, ""): {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteBucket",
        "Resource": "*",
    },
}


@dataclass(frozen=True)
class Example:
    """`wrong` and `mended` are a text, a whole policy (it has Statement), a list of statements, or elements that
    replace those of a plain statement of the type (None: removes one). `at` is the place of the finding."""

    wrong: Any
    mended: Any
    at: Path
    type: PolicyType = PolicyType.IDENTITY
    resource_type: str = ""

    def texts(self) -> tuple[str, str]:
        return self._text(self.wrong), self._text(self.mended)

    def _text(self, told: Any) -> str:
        if isinstance(told, str):
            return told
        if isinstance(told, list):
            told = {"Version": "2012-10-17", "Statement": told}
        elif "Statement" not in told:
            statement = {**self._base(), **told}
            kept = {name: value for name, value in statement.items() if value is not None}
            told = {"Version": "2012-10-17", "Statement": [kept]}
        return json.dumps(told, indent=2)

    def _base(self) -> dict[str, Any]:
        key = (self.type, self.resource_type)
        return _BASES[key if key in _BASES else (self.type, "")]


def _when(**operators: dict[str, Any]) -> dict[str, Any]:
    return {"Condition": dict(operators)}


def _if(operator: str, key: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"Condition": {operator: {key: value}}, **more}


def _trust(wrong: Any, mended: Any, *at: str | int) -> Example:
    return Example(wrong, mended, ("Statement", 0, *at), PolicyType.RESOURCE, TRUST)


def _resource(wrong: Any, mended: Any, *at: str | int, of: str = "") -> Example:
    return Example(wrong, mended, ("Statement", 0, *at), PolicyType.RESOURCE, of)


def _scp(wrong: Any, mended: Any, *at: str | int) -> Example:
    return Example(wrong, mended, ("Statement", 0, *at), PolicyType.SERVICE_CONTROL)


def _rcp(wrong: Any, mended: Any, *at: str | int) -> Example:
    return Example(wrong, mended, ("Statement", 0, *at), PolicyType.RESOURCE_CONTROL)


def _identity(wrong: Any, mended: Any, *at: str | int) -> Example:
    return Example(wrong, mended, ("Statement", 0, *at))


def _condition(operator: str, key: str, wrong: Any, mended: Any, *at: str | int, **more: Any) -> Example:
    """Another value."""
    return _identity(
        _if(operator, key, wrong, **more), _if(operator, key, mended, **more), "Condition", operator, key, *at
    )


def _operator(key: str, value: Any, wrong: str, mended: str, **more: Any) -> Example:
    """Another operator."""
    return _identity(_if(wrong, key, value, **more), _if(mended, key, value, **more), "Condition", wrong, key)


def _key(operator: str, value: Any, wrong: str, mended: str, **more: Any) -> Example:
    """Another key."""
    return _identity(
        _if(operator, wrong, value, **more), _if(operator, mended, value, **more), "Condition", operator, wrong
    )


def _arn(wrong: str, mended: str, action: str = "s3:GetObject") -> Example:
    return _identity({"Action": action, "Resource": wrong}, {"Action": action, "Resource": mended}, "Resource")


def _large(statements: int, **elements: Any) -> list[dict[str, Any]]:
    """That many different statements."""
    return [
        {"Effect": "Deny", **elements, "Action": "s3:DeleteObject", "Resource": f"arn:aws:s3:::my-bucket-{i:04}/*"}
        for i in range(statements)
    ]


_ROLE = "arn:aws:iam::111122223333:role/app"
_GITHUB = "token.actions.githubusercontent.com"
_GITHUB_PROVIDER = {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{_GITHUB}"}
_COGNITO = {"Federated": "cognito-identity.amazonaws.com"}
_WEB = "sts:AssumeRoleWithWebIdentity"
_POOL = "us-west-2:11112222-3333-4444-5555-666677778888"
_AUD = "cognito-identity.amazonaws.com:aud"
_KEYCLOAK = {"Federated": "arn:aws:iam::111122223333:oidc-provider/login.example.com"}
_SUB = "repo:my-org/my-repo:ref:refs/heads/main"
_SNS = {"Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*"}
_SOURCE = {"ArnLike": {"aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:my-topic"}}
_NOT_A_SERVICE = {"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}
_A_SERVICE = {"BoolIfExists": {"aws:PrincipalIsAWSService": "true"}, "Null": {"aws:SourceAccount": "false"}}
_FOREIGN = {"StringNotEqualsIfExists": {"aws:SourceOrgID": "o-a1b2c3d4e5"}}
_ALLOW, _ALL = {"Effect": "Allow", "Resource": "*"}, {"Resource": "*"}
_PASS, _LINK = {"Action": "iam:PassRole"}, {"Action": "iam:CreateServiceLinkedRole"}
_ROLES_NOT = {"Resource": None, "NotResource": "arn:aws:iam::111122223333:role/admin"}
_LINKED = "arn:aws:iam::*:role/aws-service-role/ecs.amazonaws.com/*"
_LIST = {"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::my-bucket"}
_TABLE = {"Action": "dynamodb:GetItem", "Resource": "arn:aws:dynamodb:eu-west-1:111122223333:table/my-table"}
_DESCRIBE = {"Action": "ec2:DescribeInstances", "Resource": "*"}
_NOT_ACTION = {"Action": None, "NotAction": "iam:*", "Resource": "*"}

EXAMPLES: dict[str, Example] = {
    # -- the document ------------------------------------------------------------------------------------------------
    "JSON_SYNTAX_ERROR": Example('{"Version": "2012-10-17", "Statement": [}', {}, ()),
    "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA": Example(_large(120), {}, ()),
    "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA": Example(
        _large(120, Principal={"AWS": "111122223333"}), {}, (), PolicyType.RESOURCE, "AWS::S3::Bucket"
    ),
    "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA": Example(
        {"Principal": {"AWS": [f"arn:aws:iam::111122223333:role/app-{i:04}" for i in range(60)]}},
        {},
        (),
        PolicyType.RESOURCE,
        TRUST,
    ),
    "POLICY_SIZE_EXCEEDS_SCP_QUOTA": Example(_large(90), {}, (), PolicyType.SERVICE_CONTROL),
    "POLICY_SIZE_EXCEEDS_RCP_QUOTA": Example(_large(60, Principal="*"), {}, (), PolicyType.RESOURCE_CONTROL),
    "INVALID_POLICY_ELEMENT": _identity({"Conditions": {}}, {}, "Conditions"),
    "DATA_TYPE_MISMATCH": _identity({"Action": 5}, {}, "Action"),
    "INVALID_VERSION": Example(
        {"Version": "2026-01-31", "Statement": [_BASES[PolicyType.IDENTITY, ""]]}, {}, ("Version",)
    ),
    "MISSING_VERSION": Example({"Statement": [_BASES[PolicyType.IDENTITY, ""]]}, {}, ()),
    "MISSING_STATEMENT": Example({"Version": "2012-10-17", "Statement": []}, {}, ("Statement",)),
    "MISSING_EFFECT": _identity({"Effect": None}, {}),
    "INVALID_EFFECT": _identity({"Effect": "allow"}, {}, "Effect"),
    "MISSING_ACTION": _identity({"Action": None}, {}),
    "MISSING_RESOURCE": _identity({"Resource": None}, {}),
    "MISSING_PRINCIPAL": _resource({"Principal": None}, {}),
    "UNSUPPORTED_PRINCIPAL": _identity({"Principal": "*"}, {}, "Principal"),
    "UNSUPPORTED_ELEMENT_COMBINATION": _identity({"NotAction": "s3:PutObject"}, {}, "Action"),
    "EMPTY_ARRAY_ACTION": _identity({"Action": []}, {}, "Action"),
    "EMPTY_ARRAY_RESOURCE": _identity({"Resource": []}, {}, "Resource"),
    "EMPTY_OBJECT_CONDITION": _identity({"Condition": {}}, {}, "Condition"),
    "UNSUPPORTED_SID": _identity({"Sid": "Read objects"}, {"Sid": "ReadObjects"}, "Sid"),
    "EMPTY_SID_VALUE": _identity({"Sid": ""}, {}, "Sid"),
    "UNIQUE_SIDS_REQUIRED": Example(
        [
            {"Sid": "A", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
            {"Sid": "A", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"},
        ],
        {},
        ("Statement", 1, "Sid"),
    ),
    "UNIQUE_SIDS_RECOMMENDED": Example(
        [
            {"Sid": "A", "Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"},
            {"Sid": "A", "Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"},
        ],
        {},
        ("Statement", 1, "Sid"),
        PolicyType.SERVICE_CONTROL,
    ),
    # -- control policies --------------------------------------------------------------------------------------------
    "SCP_SYNTAX_ERROR_ACTION_WILDCARD": _scp({"Action": "s3:*Bucket"}, {"Action": "s3:Delete*"}, "Action"),
    "SCP_SYNTAX_ERROR_PRINCIPAL": _scp({"Principal": "*"}, {}, "Principal"),
    "RCP_SYNTAX_ERROR_PRINCIPAL": _rcp({"Principal": {"AWS": "111122223333"}}, {}, "Principal"),
    "RCP_SYNTAX_ERROR_ALLOW": _rcp(
        {"Effect": "Allow", "Resource": "arn:aws:s3:::my-bucket"}, {"Effect": "Allow"}, "Effect"
    ),
    "RCP_SYNTAX_ERROR_NOTACTION": _rcp({"Action": None, "NotAction": "s3:GetObject"}, {}, "NotAction"),
    "RCP_SYNTAX_ERROR_ACTION": _rcp({"Action": "ec2:RunInstances"}, {}, "Action"),
    "RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY": _rcp(
        _when(StringNotEqualsIfExists={"aws:PrincipalOrgID": "o-a1b2c3d4e5"}),
        _when(StringNotEqualsIfExists={"aws:PrincipalOrgID": "o-a1b2c3d4e5"}, **_NOT_A_SERVICE),
        "Condition",
        "StringNotEqualsIfExists",
        "aws:PrincipalOrgID",
    ),
    "RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY": _rcp(
        _when(**_FOREIGN, Null={"aws:SourceAccount": "false"}),
        _when(**_FOREIGN, **_A_SERVICE),
        "Condition",
        "StringNotEqualsIfExists",
        "aws:SourceOrgID",
    ),
    "RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK": _rcp(
        _when(**_FOREIGN, BoolIfExists={"aws:PrincipalIsAWSService": "true"}),
        _when(**_FOREIGN, **_A_SERVICE),
        "Condition",
        "StringNotEqualsIfExists",
        "aws:SourceOrgID",
    ),
    # -- principals --------------------------------------------------------------------------------------------------
    "INVALID_PRINCIPAL_FORMAT": _resource({"Principal": "111122223333"}, {}, "Principal"),
    "INVALID_PRINCIPAL_KEY": _resource({"Principal": {"Aws": "111122223333"}}, {}, "Principal", "Aws"),
    "UNSUPPORTED_WILDCARD_IN_PRINCIPAL": _resource(
        {"Principal": {"AWS": "arn:aws:iam::111122223333:role/*"}}, {"Principal": {"AWS": _ROLE}}, "Principal", "AWS"
    ),
    "INVALID_ROLE_REFERENCE": _resource({"Principal": {"AWS": "AROAEXAMPLE1234567890"}}, {}, "Principal", "AWS"),
    "INVALID_USER_REFERENCE": _resource({"Principal": {"AWS": "AIDAEXAMPLE1234567890"}}, {}, "Principal", "AWS"),
    "EMPTY_ARRAY_PRINCIPAL": _resource({"Principal": {"AWS": []}}, {}, "Principal", "AWS"),
    "EMPTY_OBJECT_PRINCIPAL": _resource({"Principal": {}}, {}, "Principal"),
    "ALLOW_WITH_NOT_PRINCIPAL": _resource(
        {"Principal": None, "NotPrincipal": {"AWS": "111122223333"}}, {}, "NotPrincipal"
    ),
    "FEDERATED_PRINCIPAL_NOT_SUPPORTED": _resource(
        {"Principal": {"Federated": "accounts.google.com"}}, {}, "Principal", "Federated"
    ),
    # -- trust policies ----------------------------------------------------------------------------------------------
    "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL": _trust(
        {"Effect": "Deny", "Principal": None, "NotPrincipal": {"AWS": "111122223333"}}, {}, "NotPrincipal"
    ),
    "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL": _trust({"Principal": "*"}, {}, "Principal"),
    "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE": _trust(_ALL, {}, "Resource"),
    "INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY": _trust(
        {"Principal": {"Federated": "google"}, "Action": _WEB},
        {
            "Principal": {"Federated": "accounts.google.com"},
            "Action": _WEB,
            **_if("StringEquals", "accounts.google.com:aud", "my-app"),
        },
        "Principal",
        "Federated",
    ),
    "MISMATCHED_ACTION_FOR_PRINCIPAL": _trust(
        {"Principal": _COGNITO, **_if("StringEquals", _AUD, _POOL)},
        {"Principal": _COGNITO, "Action": _WEB, **_if("StringEquals", _AUD, _POOL)},
        "Action",
    ),
    "MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY": _trust(
        {"Principal": {"Service": "rolesanywhere.amazonaws.com"}},
        {
            "Principal": {"Service": "rolesanywhere.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
        },
        "Principal",
        "Service",
    ),
    "MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL": _trust(
        {"Principal": _COGNITO, "Action": _WEB},
        {"Principal": _COGNITO, "Action": _WEB, **_if("StringEquals", _AUD, _POOL)},
        "Principal",
        "Federated",
    ),
    "MISSING_GITHUB_REPO_CONDITION_KEY": _trust(
        {"Principal": _GITHUB_PROVIDER, "Action": _WEB, **_if("StringEquals", f"{_GITHUB}:aud", "sts.amazonaws.com")},
        {"Principal": _GITHUB_PROVIDER, "Action": _WEB, **_if("StringEquals", f"{_GITHUB}:sub", _SUB)},
        "Principal",
        "Federated",
    ),
    "SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED": _trust(
        {"Principal": _GITHUB_PROVIDER, "Action": _WEB, **_if("StringLike", f"{_GITHUB}:sub", "repo:my-org/*")},
        {"Principal": _GITHUB_PROVIDER, "Action": _WEB, **_if("StringLike", f"{_GITHUB}:sub", _SUB)},
        "Condition",
        "StringLike",
        f"{_GITHUB}:sub",
    ),
    "REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY": _trust(
        {"Principal": {"AWS": [_ROLE, "arn:aws:sts::111122223333:assumed-role/app/session"]}},
        {"Principal": {"AWS": [_ROLE]}},
        "Principal",
        "AWS",
        1,
    ),
    # -- actions and resources ---------------------------------------------------------------------------------------
    "INVALID_ACTION": _identity({"Action": "s3:GetObjekt"}, {}, "Action"),
    "INVALID_SERVICE_IN_ACTION": _identity({"Action": "s4:GetObject"}, {}, "Action"),
    "WILDCARD_IN_SERVICE_NAME": _identity({"Action": "s3*:GetObject"}, {}, "Action"),
    "INVALID_ARN_PREFIX": _arn("my-bucket/*", "arn:aws:s3:::my-bucket/*"),
    "MISSING_ARN_FIELD": _arn("arn:aws:s3:my-bucket", "arn:aws:s3:::my-bucket/*"),
    "INVALID_PARTITION": _arn("arn:amazon:s3:::my-bucket/*", "arn:aws:s3:::my-bucket/*"),
    "INVALID_ARN_SERVICE_CASE": _arn("arn:aws:S3:::my-bucket/*", "arn:aws:s3:::my-bucket/*"),
    "INVALID_ARN_REGION": _arn(
        "arn:aws:sqs:eu-west-9:111122223333:q", "arn:aws:sqs:eu-west-1:111122223333:q", "sqs:SendMessage"
    ),
    "INVALID_ARN_ACCOUNT": _arn(
        "arn:aws:sqs:eu-west-1:1111:q", "arn:aws:sqs:eu-west-1:111122223333:q", "sqs:SendMessage"
    ),
    "INVALID_ARN_RESOURCE": _arn("arn:aws:iam::111122223333:app", "arn:aws:iam::111122223333:role/app", "iam:GetRole"),
    "ARN_REGION_NOT_ALLOWED": _arn(
        "arn:aws:iam:eu-west-1:111122223333:role/app", "arn:aws:iam::111122223333:role/app", "iam:GetRole"
    ),
    "MISSING_ARN_REGION": _arn("arn:aws:sqs::111122223333:q", "arn:aws:sqs:*:111122223333:q", "sqs:SendMessage"),
    "ARN_ACCOUNT_NOT_ALLOWED": _arn("arn:aws:s3::111122223333:my-bucket/*", "arn:aws:s3:::my-bucket/*"),
    "MISSING_ARN_ACCOUNT": _arn("arn:aws:sqs:eu-west-1::q", "arn:aws:sqs:eu-west-1:111122223333:q", "sqs:SendMessage"),
    "UNSUPPORTED_ACTION_IN_POLICY": _resource({"Action": "kms:Decrypt"}, {}, "Action", of="AWS::S3::Bucket"),
    "UNSUPPORTED_RESOURCE_ARN_IN_POLICY": _resource(
        {"Resource": "arn:aws:kms:eu-west-1:111122223333:key/1234"}, {}, "Resource", of="AWS::S3::Bucket"
    ),
    "IRRELEVANT_CONDITION_KEY_IN_POLICY": _resource(
        _if("StringEquals", "s3:ResourceAccount", "111122223333"),
        {},
        "Condition",
        "StringEquals",
        "s3:ResourceAccount",
        of="AWS::S3::Bucket",
    ),
    "S3_PREFIX_IN_NEGATIVE_CONTEXT": _identity(
        {**_LIST, "Effect": "Deny", **_if("StringLike", "s3:prefix", "private/*")},
        {**_LIST, "Effect": "Deny", **_if("StringNotLike", "s3:prefix", "public/*")},
        "Condition",
        "StringLike",
        "s3:prefix",
    ),
    "DYNAMODB_ATTRIBUTES_WITHOUT_SELECT": _identity(
        {**_TABLE, "Condition": {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["name"]}}},
        {
            **_TABLE,
            "Condition": {
                "ForAllValues:StringEquals": {"dynamodb:Attributes": ["name"]},
                "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
            },
        },
        "Condition",
        "ForAllValues:StringEquals",
        "dynamodb:Attributes",
    ),
    # -- variables ---------------------------------------------------------------------------------------------------
    "MISSING_BRACE_IN_VARIABLE": _arn(
        "arn:aws:s3:::my-bucket/${aws:username", "arn:aws:s3:::my-bucket/${aws:username}"
    ),
    "MISSING_QUOTE_IN_VARIABLE": _arn(
        "arn:aws:s3:::my-bucket/${aws:username, guest}", "arn:aws:s3:::my-bucket/${aws:username, 'guest'}"
    ),
    "UNSUPPORTED_SPACE_IN_VARIABLE": _arn(
        "arn:aws:s3:::my-bucket/${aws: username}", "arn:aws:s3:::my-bucket/${aws:username}"
    ),
    "EMPTY_VARIABLE": _arn("arn:aws:s3:::my-bucket/${}", "arn:aws:s3:::my-bucket/${aws:username}"),
    "VARIABLE_UNSUPPORTED_IN_ELEMENT": _identity({"Action": "s3:${aws:username}"}, {}, "Action"),
    "VARIABLE_UNSUPPORTED_IN_VERSION": Example(
        {
            "Version": "2008-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::my-bucket/${aws:username}",
            },
        },
        {},
        ("Statement", "Resource"),
    ),
    "INVALID_VARIABLE_FOR_OPERATOR": _condition(
        "NumericLessThan", "s3:max-keys", "${aws:PrincipalTag/limit}", "10", **_LIST
    ),
    # -- condition operators -----------------------------------------------------------------------------------------
    "INVALID_CONDITION_OPERATOR": _identity(
        _if("StringMatches", "aws:PrincipalTag/team", "a"),
        _if("StringLike", "aws:PrincipalTag/team", "a"),
        "Condition",
        "StringMatches",
    ),
    "NULL_WITH_IF_EXISTS": _identity(
        _if("NullIfExists", "aws:TokenIssueTime", "true"),
        _if("Null", "aws:TokenIssueTime", "true"),
        "Condition",
        "NullIfExists",
    ),
    "NULL_WITH_QUALIFIER": _identity(
        _if("ForAllValues:Null", "aws:TagKeys", "true"),
        _if("Null", "aws:TagKeys", "true"),
        "Condition",
        "ForAllValues:Null",
    ),
    "DUPLICATE_KEYS_WITH_DIFFERENT_CASE": _identity(
        {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "a", "aws:principaltag/team": "b"}}},
        _if("StringEquals", "aws:PrincipalTag/team", ["a", "b"]),
        "Condition",
        "StringEquals",
        "aws:principaltag/team",
    ),
    "EMPTY_ARRAY_CONDITION": _condition("StringEquals", "aws:PrincipalTag/team", [], ["a"]),
    "EMPTY_ARRAY_CONDITION_FORALLVALUES": _condition(
        "ForAllValues:StringEquals", "aws:TagKeys", [], ["a"], Action="ec2:CreateTags", Resource="*"
    ),
    "EMPTY_ARRAY_CONDITION_FORANYVALUE": _condition(
        "ForAnyValue:StringEquals", "aws:TagKeys", [], ["a"], Action="ec2:CreateTags", Resource="*"
    ),
    "EMPTY_ARRAY_CONDITION_IFEXISTS": _condition("StringEqualsIfExists", "aws:PrincipalTag/team", [], ["a"]),
    "INVALID_CONDITION_DATA_TYPE": _condition("StringEquals", "aws:PrincipalTag/level", ["1", 2], ["1", "2"]),
    "INVALID_CONDITION_MULTIPLE_BOOLEAN": _condition("Bool", "aws:SecureTransport", ["true", "false"], "true"),
    # -- condition keys ----------------------------------------------------------------------------------------------
    "INVALID_CONDITION_KEY_FORMAT": _key("StringEquals", "a", "username", "aws:username"),
    "INVALID_GLOBAL_CONDITION_KEY": _key("StringEquals", "o-a1b2c3d4e5", "aws:PrincipalOrg", "aws:PrincipalOrgID"),
    "INVALID_SERVICE_CONDITION_KEY": _key("StringEquals", "a", "s3:prefixes", "s3:prefix", **_LIST),
    "INVALID_SERVICE": _key("StringEquals", "a", "s4:prefix", "s3:prefix", **_LIST),
    "MISSING_TAG_KEY_IN_CONDITION": _key("StringEquals", "a", "aws:PrincipalTag", "aws:PrincipalTag/team"),
    "UNSUPPORTED_GLOBAL_CONDITION_KEY": _key("ArnEquals", _ROLE, "aws:ARN", "aws:PrincipalArn"),
    "MISSING_QUALIFIER": _operator(
        "aws:TagKeys", ["a"], "StringEquals", "ForAnyValue:StringEquals", Action="ec2:CreateTags", Resource="*"
    ),
    "FORALLVALUES_WITH_SINGLE_VALUED_KEY": _operator(
        "aws:PrincipalTag/team", ["a"], "ForAllValues:StringEquals", "StringEquals"
    ),
    "FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE": _trust(
        {"Principal": _COGNITO, "Action": _WEB, **_if("ForAnyValue:StringEquals", _AUD, _POOL)},
        {"Principal": _COGNITO, "Action": _WEB, **_if("StringEquals", _AUD, _POOL)},
        "Condition",
        "ForAnyValue:StringEquals",
        _AUD,
    ),
    "CONFIRM_AUDIENCE_CLAIM_TYPE": _trust(
        {
            "Principal": _KEYCLOAK,
            "Action": _WEB,
            **_if("ForAllValues:StringEquals", "login.example.com:aud", "my-app"),
        },
        {"Principal": _KEYCLOAK, "Action": _WEB, **_if("StringEquals", "login.example.com:aud", "my-app")},
        "Condition",
        "ForAllValues:StringEquals",
        "login.example.com:aud",
    ),
    "TYPE_MISMATCH": _operator("aws:MultiFactorAuthPresent", "true", "StringEquals", "Bool"),
    "STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS": _operator(
        "aws:PrincipalArn", "arn:aws:iam::111122223333:role/app-*", "StringLike", "ArnLike"
    ),
    "UNTRUSTWORTHY_CONDITION_KEY": _identity(
        _if("StringEquals", "aws:UserAgent", "my-app"), {}, "Condition", "StringEquals", "aws:UserAgent"
    ),
    "MISSING_PAIRED_CONDITION_KEYS": _identity(
        _when(IpAddress={"aws:VpcSourceIp": "10.0.0.0/16"}),
        _when(IpAddress={"aws:VpcSourceIp": "10.0.0.0/16"}, StringEquals={"aws:SourceVpc": "vpc-12345678"}),
        "Condition",
        "IpAddress",
        "aws:VpcSourceIp",
    ),
    "UNSUPPORTED_ACTION_FOR_CONDITION_KEY": _identity(
        _if("StringEquals", "s3:prefix", "public/"), {**_LIST, **_if("StringEquals", "s3:prefix", "public/")}, "Action"
    ),
    "MISSING_ACTION_FOR_CONDITION_KEY": _identity(
        {**_DESCRIBE, **_if("StringEquals", "ec2:CreateAction", "RunInstances")},
        {"Action": "ec2:CreateTags", **_ALL, **_if("StringEquals", "ec2:CreateAction", "RunInstances")},
        "Condition",
        "StringEquals",
        "ec2:CreateAction",
    ),
    "USE_CONDITION_KEY_ONLY_WITH_SUPPORTED_SERVICES": _identity(
        {"Effect": "Deny", "Action": "*", **_ALL, **_if("StringNotEquals", "aws:VpceAccount", "111122223333")},
        {"Effect": "Deny", "Action": "s3:*", **_ALL, **_if("StringNotEquals", "aws:VpceAccount", "111122223333")},
        "Condition",
        "StringNotEquals",
        "aws:VpceAccount",
    ),
    # -- condition values --------------------------------------------------------------------------------------------
    "TYPE_MISMATCH_BOOLEAN": _condition("Bool", "aws:SecureTransport", "yes", "true"),
    "TYPE_MISMATCH_DATE": _condition("DateLessThan", "aws:CurrentTime", "31.1.2026", "2026-01-31"),
    "TYPE_MISMATCH_NUMBER": _condition("NumericLessThan", "aws:MultiFactorAuthAge", "one hour", "3600"),
    "TYPE_MISMATCH_IP_RANGE": _condition("IpAddress", "aws:SourceIp", "203.0.113.*", "203.0.113.0/24"),
    "TYPE_MISMATCH_STRING": _condition("BinaryEquals", "aws:PrincipalTag/token", "a-b", "YS1i"),
    "INVALID_DATE_VALUE": _condition("DateLessThan", "aws:CurrentTime", "1769817600", "2026-01-31"),
    "INVALID_REGION": _condition("StringEquals", "aws:RequestedRegion", "eu-west-9", "eu-west-1"),
    "INVALID_VPC_FORMAT": _condition("StringEquals", "aws:SourceVpc", "vpc-1", "vpc-12345678"),
    "INVALID_VPCE_FORMAT": _condition("StringEquals", "aws:SourceVpce", "vpce-1", "vpce-12345678"),
    "INVALID_SERVICE_PRINCIPAL_FORMAT": _condition(
        "StringEquals", "iam:PassedToService", "lambda", "lambda.amazonaws.com", Action="iam:PassRole", Resource=_ROLE
    ),
    "INVALID_KMS_KEY_VALUE": _condition(
        "StringEquals",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "alias/my-key",
        "arn:aws:kms:eu-west-1:111122223333:key/11112222-3333-4444-5555-666677778888",
        Action="s3:PutObject",
    ),
    "PRIVATE_IP_ADDRESS": _condition("IpAddress", "aws:SourceIp", "10.0.0.0/8", "203.0.113.0/24"),
    "PRIVATE_NOT_IP_ADDRESS": _condition("NotIpAddress", "aws:SourceIp", "10.0.0.0/8", "203.0.113.0/24", Effect="Deny"),
    "PRIVATE_IP_ADDRESS_SUBSET": _condition(
        "IpAddress", "aws:SourceIp", ["203.0.113.0/24", "10.0.0.0/8"], ["203.0.113.0/24"], 1
    ),
    "PRIVATE_NOT_IP_ADDRESS_SUBSET": _condition(
        "NotIpAddress", "aws:SourceIp", ["203.0.113.0/24", "10.0.0.0/8"], ["203.0.113.0/24"], 1, Effect="Deny"
    ),
    "IMPROVE_IP_RANGE": _condition("IpAddress", "aws:SourceIp", "203.0.113.7/24", "203.0.113.0/24"),
    # -- wildcards ---------------------------------------------------------------------------------------------------
    "WILDCARD_WITHOUT_LIKE_OPERATOR": _identity(
        _if("StringEquals", "aws:PrincipalTag/job", "admin-*"),
        _if("StringLike", "aws:PrincipalTag/job", "admin-*"),
        "Condition",
        "StringEquals",
        "aws:PrincipalTag/job",
    ),
    "EQUIVALENT_TO_NULL_FALSE": _identity(
        _if("StringLike", "aws:PrincipalTag/job", "*"),
        _if("Null", "aws:PrincipalTag/job", "false"),
        "Condition",
        "StringLike",
        "aws:PrincipalTag/job",
    ),
    "EQUIVALENT_TO_NULL_TRUE": _identity(
        _if("StringNotLike", "aws:PrincipalTag/job", "*"),
        _if("Null", "aws:PrincipalTag/job", "true"),
        "Condition",
        "StringNotLike",
        "aws:PrincipalTag/job",
    ),
    "REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION": _identity(
        _if("StringLikeIfExists", "aws:PrincipalTag/job", "*"),
        {},
        "Condition",
        "StringLikeIfExists",
        "aws:PrincipalTag/job",
    ),
    "REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION": _identity(
        _if("StringNotLike", "aws:RequestedRegion", "*"),
        _if("StringNotLike", "aws:RequestedRegion", "us-*"),
        "Condition",
        "StringNotLike",
        "aws:RequestedRegion",
    ),
    "WILDCARD_USAGE_TOO_PERMISSIVE": _identity(
        _if("StringLike", "aws:PrincipalOrgID", "o-a1b2*"),
        _if("StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5"),
        "Condition",
        "StringLike",
        "aws:PrincipalOrgID",
    ),
    "VARIABLE_USAGE_TOO_PERMISSIVE": _identity(
        _if("StringLike", "aws:SourceVpce", "${aws:PrincipalTag/endpoint}"),
        _if("StringEquals", "aws:SourceVpce", "vpce-12345678"),
        "Condition",
        "StringLike",
        "aws:SourceVpce",
    ),
    # -- tags --------------------------------------------------------------------------------------------------------
    "DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE": _identity(
        {**_DESCRIBE, "Effect": "Deny", **_if("StringEquals", "aws:ResourceTag/status", "secret")},
        {
            "Effect": "Deny",
            "Action": "ec2:TerminateInstances",
            **_ALL,
            **_if("StringEquals", "aws:ResourceTag/status", "secret"),
        },
        "Condition",
        "StringEquals",
        "aws:ResourceTag/status",
    ),
    "DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE": _identity(
        {**_NOT_ACTION, "Effect": "Deny", **_if("StringEquals", "aws:ResourceTag/status", "secret")},
        {
            "Effect": "Deny",
            "Action": "ec2:TerminateInstances",
            **_ALL,
            **_if("StringEquals", "aws:ResourceTag/status", "secret"),
        },
        "Condition",
        "StringEquals",
        "aws:ResourceTag/status",
    ),
    "ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE": _identity(
        {**_DESCRIBE, **_if("StringEquals", "aws:ResourceTag/team", "a")},
        {"Action": "ec2:StartInstances", **_ALL, **_if("StringEquals", "aws:ResourceTag/team", "a")},
        "Condition",
        "StringEquals",
        "aws:ResourceTag/team",
    ),
    "ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE": _identity(
        {**_NOT_ACTION, **_if("StringEquals", "aws:ResourceTag/team", "a")},
        {"Action": "ec2:StartInstances", **_ALL, **_if("StringEquals", "aws:ResourceTag/team", "a")},
        "Condition",
        "StringEquals",
        "aws:ResourceTag/team",
    ),
    # -- roles -------------------------------------------------------------------------------------------------------
    "PASS_ROLE_WITH_NOT_RESOURCE": _identity({**_PASS, **_ROLES_NOT}, {**_PASS, "Resource": _ROLE}, "Action"),
    "PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE": _identity(
        {"Action": "iam:Pass*", **_ROLES_NOT}, {"Action": "iam:Pass*", "Resource": _ROLE}, "Action"
    ),
    "PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE": _identity(
        {"Action": None, "NotAction": "iam:Create*", **_ROLES_NOT},
        {"Action": None, "NotAction": "iam:*", **_ROLES_NOT},
        "NotAction",
    ),
    "PASS_ROLE_WITH_STAR_IN_RESOURCE": _identity({**_PASS, **_ALL}, {**_PASS, "Resource": _ROLE}, "Action"),
    "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE": _identity(
        {"Action": "iam:Pass*", **_ALL}, {"Action": "iam:Pass*", "Resource": _ROLE}, "Action"
    ),
    "PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION": _identity(
        {"Action": None, "NotAction": "iam:Create*", **_ALL},
        {"Action": None, "NotAction": "iam:*", **_ALL},
        "NotAction",
    ),
    "CREATE_SLR_WITH_NOT_RESOURCE": _identity({**_LINK, **_ROLES_NOT}, {**_LINK, "Resource": _LINKED}, "Action"),
    "CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE": _identity(
        {"Action": "iam:CreateServ*", **_ROLES_NOT}, {"Action": "iam:CreateServ*", "Resource": _LINKED}, "Action"
    ),
    "CREATE_SLR_WITH_NOT_ACTION_AND_NOT_RESOURCE": _identity(
        {"Action": None, "NotAction": "iam:Pass*", **_ROLES_NOT},
        {"Action": None, "NotAction": "iam:*", **_ROLES_NOT},
        "NotAction",
    ),
    "CREATE_SLR_WITH_STAR_IN_RESOURCE": _identity({**_LINK, **_ALL}, {**_LINK, "Resource": _LINKED}, "Action"),
    "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE": _identity(
        {"Action": "iam:CreateServ*", **_ALL}, {"Action": "iam:CreateServ*", "Resource": _LINKED}, "Action"
    ),
    "CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION": _identity(
        {"Action": None, "NotAction": "iam:Pass*", **_ALL},
        {"Action": None, "NotAction": "iam:*", **_ALL},
        "NotAction",
    ),
    # -- services as principals --------------------------------------------------------------------------------------
    "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL": _resource(_SNS, {**_SNS, "Condition": _SOURCE}, "Principal", "Service"),
    "RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL": _resource(
        {**_SNS, **_if("StringEquals", "aws:SourceOwner", "111122223333")},
        {**_SNS, "Condition": _SOURCE},
        "Condition",
        "StringEquals",
        "aws:SourceOwner",
    ),
    "UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL": _resource(
        {**_SNS, "Condition": {**_SOURCE, "StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}},
        {**_SNS, "Condition": _SOURCE},
        "Condition",
        "StringEquals",
        "aws:PrincipalOrgID",
    ),
    # -- redundancy --------------------------------------------------------------------------------------------------
    "REDUNDANT_ACTION": _identity({"Action": ["s3:Get*", "s3:GetObject"]}, {"Action": ["s3:Get*"]}, "Action", 0),
    "REDUNDANT_RESOURCE": _identity(
        {"Resource": ["arn:aws:s3:::my-bucket/*", "arn:aws:s3:::my-bucket/a"]}, {}, "Resource", 0
    ),
    "REDUNDANT_STATEMENT": Example(
        [
            {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::my-bucket/*"},
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::my-bucket/a"},
        ],
        {},
        ("Statement", 1),
    ),
    "REDUNDANT_CONDITION_VALUE_NUM": _condition(
        "NumericLessThan", "aws:MultiFactorAuthAge", ["2700", "3600"], ["3600"], 0
    ),
}
