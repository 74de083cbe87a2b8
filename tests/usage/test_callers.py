"""Whose use a call is, by what it was made, and whether it was refused."""

from __future__ import annotations

from typing import Any

import pytest

from analyzers.usage.decode import tally_events

from .events import ACCOUNT, ALICE, ROLE, UNTIL, USER, event, only_key, session


def test_a_session_is_folded_into_its_role_with_the_roles_path() -> None:
    found = tally_events([event(userIdentity=session("build-17"))], UNTIL)
    ((key, one),) = found.uses.items()
    assert (key.principal, key.account) == (ROLE, ACCOUNT)
    assert one.sessions == ["build-17"]


def test_without_an_issuer_the_role_is_told_without_its_path() -> None:
    who = session()
    del who["sessionContext"]
    assert only_key(event(userIdentity=who)).principal == f"arn:aws:iam::{ACCOUNT}:role/Worker"


def test_users_and_the_root_user_are_themselves() -> None:
    assert only_key(event()).principal == USER
    root = {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT}
    assert only_key(event(userIdentity=root)).principal == f"arn:aws:iam::{ACCOUNT}:root"


def test_a_federated_user_is_folded_into_the_user_whose_permissions_it_has() -> None:
    who = {
        "type": "FederatedUser",
        "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/Guest",
        "accountId": ACCOUNT,
        "sessionContext": {"sessionIssuer": {"type": "IAMUser", "arn": USER, "accountId": ACCOUNT}},
    }
    assert only_key(event(userIdentity=who)).principal == USER


def test_other_partitions_keep_theirs() -> None:
    who = {"type": "AssumedRole", "arn": f"arn:aws-cn:sts::{ACCOUNT}:assumed-role/Worker/x"}
    assert only_key(event(userIdentity=who)).principal == f"arn:aws-cn:iam::{ACCOUNT}:role/Worker"


@pytest.mark.parametrize(
    "who",
    [
        {"type": "AWSService", "invokedBy": "lambda.amazonaws.com"},
        {"type": "AWSAccount", "principalId": "AROAEXAMPLE:x", "accountId": "999988887777"},
        {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"},
        {"type": "SAMLUser", "principalId": "x", "userName": "bob", "identityProvider": "y"},
        {"type": "WebIdentityUser", "principalId": "x", "userName": "bob", "identityProvider": "y"},
        {"type": "IdentityCenterUser", "accountId": ACCOUNT, "onBehalfOf": {"userId": "1"}},
        {"accountId": ACCOUNT, "invokedBy": "AWS Internal"},
    ],
)
def test_calls_of_nobody_inside_are_counted_and_belong_to_nobody(who: dict[str, Any]) -> None:
    found = tally_events([event("sts:AssumeRole", userIdentity=who)], UNTIL)
    assert (found.uses, found.unknown, found.malformed) == ({}, {}, 0)
    assert (found.events, found.ignored.total()) == (1, 1)
    assert list(found.days) == [ACCOUNT]


@pytest.mark.parametrize("who", [None, {}, {"type": "IAMUser"}, {"type": "AssumedRole", "arn": "arn:aws:iam::1:x"}])
def test_a_call_without_a_caller_is_odd(who: Any) -> None:
    found = tally_events([event(userIdentity=who)], UNTIL)
    assert (found.uses, found.malformed, found.reasons) == ({}, 1, {"no principal is told": 1})


def test_assuming_a_role_is_the_callers_use_of_it() -> None:
    target = "arn:aws:iam::999988887777:role/deep/path/Target"
    found = only_key(event("sts:AssumeRole", requestParameters={"roleArn": target, "roleSessionName": "x"}))
    assert (found.principal, found.action, found.resource) == (USER, "sts:AssumeRole", target)


@pytest.mark.parametrize(
    "code",
    [
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "Client.UnauthorizedOperation",
        "UnauthorizedException",
        "AuthorizationError",
        "NotAuthorized",
        "KMS.AccessDeniedException",
    ],
)
def test_refused_calls_are_attempts(code: str) -> None:
    assert only_key(event(errorCode=code)).denied


@pytest.mark.parametrize(
    "code", ["NoSuchBucket", "ThrottlingException", "Client.DryRunOperation", "ValidationException"]
)
def test_other_errors_come_after_authorization(code: str) -> None:
    assert not only_key(event(errorCode=code)).denied


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"userAgent": "console.amazonaws.com"}, "CONSOLE"),
        ({"userAgent": "signin.amazonaws.com"}, "CONSOLE"),
        ({"userAgent": "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.11]"}, "CONSOLE"),
        ({"userAgent": "Mozilla/5.0 (X11; Linux x86_64)"}, "CONSOLE"),
        ({"sessionCredentialFromConsole": "true"}, "CONSOLE"),
        ({"userAgent": "aws-cli/2.15.10 Python/3.11.6"}, "CLI"),
        ({"userAgent": "Boto3/1.34.2 md/Botocore#1.34.2"}, "CLI"),
        ({"userAgent": "aws-sdk-go-v2/1.24.0 os/linux"}, "CLI"),
        ({"userAgent": "APN/1.0 HashiCorp/1.0 Terraform/1.6.6"}, "CLI"),
        ({"userAgent": "cloudformation.amazonaws.com"}, "SERVICE"),
        ({"sourceIPAddress": "athena.amazonaws.com"}, "SERVICE"),
        ({"userIdentity": {**ALICE, "invokedBy": "cloudformation.amazonaws.com"}}, "SERVICE"),
        ({"userAgent": "something else"}, "OTHER"),
        ({"userAgent": None}, "OTHER"),
    ],
)
def test_by_what_a_call_was_made(more: dict[str, Any], kind: str) -> None:
    assert only_key(event(**more)).source == kind


def test_what_a_service_does_with_the_callers_session_is_the_callers_use() -> None:
    found = only_key(
        event(
            "s3:GetObject",
            userIdentity=session(invokedBy="athena.amazonaws.com"),
            sourceIPAddress="athena.amazonaws.com",
            userAgent="athena.amazonaws.com",
            requestParameters={"bucketName": "lake", "key": "a"},
        )
    )
    assert found == (ROLE, ACCOUNT, "s3:GetObject", "arn:aws:s3:::lake/*", "eu-west-1", "SERVICE", False)


@pytest.mark.parametrize("kind", ["AwsConsoleSignIn", "AwsServiceEvent", "AwsVpceEvent"])
def test_events_that_are_no_calls_are_counted_only(kind: str) -> None:
    found = tally_events([event(eventType=kind)], UNTIL)
    assert (found.uses, found.ignored.total(), found.malformed) == ({}, 1, 0)
