"""Policies as files: names that no ARN can spoil, and content types."""

from __future__ import annotations

import re
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
    File("json", "Policy (JSON)", ".json", "application/json"),
    File("cli", "AWS CLI", ".sh", "text/plain; charset=utf-8"),
    File("cloudformation", "CloudFormation", ".cloudformation.json", "application/json"),
    File("terraform", "Terraform", ".tf", "text/plain; charset=utf-8"),
)
API = File("api", "API shape", ".recommendation.json", "application/json")


def name_of(arn: str, file: File) -> str:
    """Letters, digits, `_`, `.` and `-` of the last part of the ARN, and the ending."""
    last = arn.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", last)[:MOST_NAME].strip("-.")
    return f"{plain or 'policy'}{file.ending}"


def response(file: File, arn: str, text: str) -> HttpResponse:
    disposition = {"Content-Disposition": f'attachment; filename="{name_of(arn, file)}"'}
    # A lone surrogate in a hostile policy must not end the download.
    return HttpResponse(text.encode("utf-8", "replace"), content_type=file.content_type, headers=disposition)
