"""Every command names an operation and options that AWS's own service descriptions know."""

from __future__ import annotations

import shlex

import botocore.session
import pytest
from botocore import xform_name

from analyzers.checks.mending.commands import (
    block_public,
    disable_lists,
    put,
    put_identity,
    put_list,
    revoke_grant,
    unshare,
)
from analyzers.checks.mending.values import Command
from tests.kinds.test_external_types import OWN, POINT, SHAPES, SHARED

SESSION = botocore.session.get_session()
OF_THE_CLI = {"--region"}


def known(command: Command) -> None:
    for line in command.line.splitlines():
        aws, service, verb, *rest = shlex.split(line)
        model = SESSION.get_service_model("s3" if service == "s3api" else service)
        operations = {xform_name(name, "-"): name for name in model.operation_names}
        assert aws == "aws"
        assert verb in operations, line
        members = model.operation_model(operations[verb]).input_shape.members
        options = {f"--{xform_name(name, '-')}" for name in members} | OF_THE_CLI
        required = [
            name
            for name in model.operation_model(operations[verb]).input_shape.required_members
            if not members[name].metadata.get("idempotencyToken")  # the CLI makes one up
        ]
        given = {word for word in rest if word.startswith("--")}
        assert given <= options, line
        assert {f"--{xform_name(name, '-')}" for name in required} <= given, line


POLICY = '{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Principal":"*","Action":"x:Y"}]}'


@pytest.mark.parametrize("kind", SHAPES)
def test_policies(kind: str) -> None:
    changed = put(kind, SHAPES[kind][0], OWN, POLICY, before=POLICY.replace("x:Y", "x:Z"))
    gone = put(kind, SHAPES[kind][0], OWN, "", before=POLICY)
    for command in (changed, gone):
        assert command.line or command.note
        known(command)


def test_access_points() -> None:
    for text in (POLICY, ""):
        known(put("AWS::S3::Bucket", "arn:aws:s3:::b", OWN, text, point=POINT))
        known(put("AWS::S3::Bucket", "arn:aws:s3:::b", OWN, text, point=f"arn:aws:s3::{OWN}:accesspoint/abc.mrap"))


@pytest.mark.parametrize("owner", ["role/r", "user/team/u", "group/g"])
def test_policies_of_principals(owner: str) -> None:
    for text in (POLICY, ""):
        known(put_identity(f"arn:aws:iam::{OWN}:{owner}", "name", "", text))
    known(put_identity(f"arn:aws:iam::{OWN}:{owner}", "name", f"arn:aws:iam::{OWN}:policy/p", POLICY))


@pytest.mark.parametrize("kind", SHARED)
@pytest.mark.parametrize("whom", ["*", "999988887777"])
def test_shares(kind: str, whom: str) -> None:
    known(unshare(kind, SHARED[kind], whom))


def test_settings() -> None:
    known(revoke_grant(SHAPES["AWS::KMS::Key"][0], "g"))
    known(block_public("b", {"BlockPublicAcls": True}))
    known(disable_lists("b"))
    known(put_list("b", "c" * 64, []))
