"""Readable examples: a witness that a person recognises is worth more than a shortest string.

Seeds only choose between the members of a class, so they never change an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .formula import Var
from .globs import Glob

STRANGER = "999999999999"
"""The account of nobody in particular in examples."""

EXAMPLE = "example"

_WORDS = {
    "principal": ("example",),
    "rest of the resource": ("example.txt", "example"),
    "action": ("",),
    "resource": ("example",),
}

FIXED: dict[str, tuple[str, ...]] = {
    "principal": (
        f"arn:aws:iam::{STRANGER}:role/stranger",
        f"arn:aws:iam::{STRANGER}:user/stranger",
    ),
    "action": (
        "s3:getobject",
        "s3:listbucket",
        "s3:putobject",
        "s3:deleteobject",
        "s3:putbucketpolicy",
        "s3:getbucketacl",
        "sts:assumerole",
        "sts:assumerolewithwebidentity",
        "sts:assumerolewithsaml",
        "kms:decrypt",
        "kms:encrypt",
        "kms:describekey",
        "sqs:receivemessage",
        "sqs:sendmessage",
        "sns:publish",
        "sns:subscribe",
        "lambda:invokefunction",
        "lambda:getlayerversion",
        "secretsmanager:getsecretvalue",
        "ecr:batchgetimage",
        "elasticfilesystem:clientmount",
        "dynamodb:getitem",
        "dynamodb:getrecords",
        "ec2:createvolume",
        "rds:restoredbinstancefromdbsnapshot",
        "s3express:createsession",
    ),
    "rest of the resource": ("", "/example.txt", "/example", ":1"),
    "resource": ("arn:aws:s3:::example", "arn:aws:s3:::example/example.txt"),
    "service": ("example.amazonaws.com",),
    "session": ("example-session",),
    "aws:userid": ("AIDAEXAMPLEEXAMPLE123",),
    "aws:username": ("example",),
    "aws:principalorgid": ("o-example99",),
    "aws:sourceaccount": (STRANGER,),
    "aws:sourcearn": (f"arn:aws:sns:us-east-1:{STRANGER}:example",),
    "aws:sourcevpc": ("vpc-0example",),
    "aws:sourcevpce": ("vpce-0example",),
    "aws:useragent": ("example/1.0",),
}


def seeds_for(var: Var, patterns: Sequence[Glob]) -> Iterator[str]:
    """Values to try first: the patterns' own texts, then what is usual for the variable.

    For actions it is the other way round, since a pattern's text is seldom the name of an action.
    """
    if var.name == "action":
        yield from FIXED["action"]
    for pattern in patterns:
        yield from _spellings(pattern, _WORDS.get(var.name, ("example", "")))
    yield from FIXED.get(var.name, ())
    yield EXAMPLE


def _spellings(pattern: Glob, words: Iterable[str]) -> Iterator[str]:
    """The text of a glob with its runs filled in; a run that makes up an ARN's account becomes the stranger's."""
    for word in words:
        text = ""
        for step in pattern:
            in_account = text.count(":") == 4 and text.startswith("arn:")
            if step.run:
                filler = STRANGER if in_account else word
                text += "aws" if text == "arn:" else "iam" if text == "arn:aws:" else filler
            elif step.negated:
                text += "x"
            else:
                text += min(step.chars, key=lambda c: (c.isupper(), c))
        yield text
