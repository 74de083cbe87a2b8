"""Policies as files: names that no ARN can spoil, and content types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from django.http import HttpResponse

MOST_NAME = 64


class File(NamedTuple):
    """`kind` is the last part of its address."""

    kind: str
    label: str
    ending: str
    content_type: str


FILES = (
    File("cli", "AWS CLI", ".sh", "text/plain; charset=utf-8"),
    File("cloudformation", "CloudFormation", ".cloudformation.json", "application/json"),
    File("terraform", "Terraform", ".tf.json", "application/json"),
    File("json", "Everything (JSON)", ".all.json", "application/json"),
    File("plan", "Plan", ".plan.txt", "text/plain; charset=utf-8"),
)
API = File("api", "API shape", ".recommendation.json", "application/json")
POLICY = "policy-"
"""Begins the kind of a new policy's bare document; then comes its number, from 1."""


def policy_file(number: int) -> File:
    return File(f"{POLICY}{number}", "Policy (JSON)", ".json", "application/json")


def offered(texts: Mapping[str, str]) -> list[File]:
    """The bare document, if there is just one, and all other files."""
    policies = [kind for kind in texts if kind.startswith(POLICY)]
    alone = [policy_file(1)] if len(policies) == 1 else []
    return [*alone, *(file for file in FILES if file.kind in texts)]


def find(kind: str) -> File | None:
    number = kind.removeprefix(POLICY)
    if kind.startswith(POLICY) and number.isdecimal() and len(number) < 5:
        return policy_file(int(number))
    return next((file for file in (*FILES, API) if file.kind == kind), None)


def name_of(name: str, file: File) -> str:
    """Letters, digits, `_`, `.` and `-` of the name, or of the last part of an ARN, and the ending."""
    last = name.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", last)[:MOST_NAME].strip("-.")
    return f"{plain or 'policy'}{file.ending}"


def response(file: File, name: str, text: str) -> HttpResponse:
    disposition = {"Content-Disposition": f'attachment; filename="{name_of(name, file)}"'}
    # A lone surrogate in a hostile policy must not end the download.
    return HttpResponse(text.encode("utf-8", "replace"), content_type=file.content_type, headers=disposition)
