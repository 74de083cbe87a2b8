"""Generated policies as StartPolicyGeneration, GetGeneratedPolicy, CancelPolicyGeneration and ListPolicyGenerations
have them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analyzers.actions import CancelPolicyGeneration, QuotaExceeded, StartPolicyGeneration
from analyzers.models import PolicyGeneration
from findings import policy_wire

LISTED = timedelta(days=7)
"""As the service lists them."""
OPTIONS = ("includeResourcePlaceholders", "includeServiceLevelTemplate")
MOST = 1000
DAYS = 90


class GenerationList(APIView):
    """GET `?principalArn=`: those of the last seven days. POST `{policyGenerationDetails: {principalArn}, startTime?,
    endTime?, guardrailPolicy?}`: 202 with `{jobId}`."""

    def get(self, request: Request) -> Response:
        rows = PolicyGeneration.objects.filter(started_at__gt=timezone.now() - LISTED).defer("result", "guardrail")
        if principal := request.query_params.get("principalArn"):
            rows = rows.filter(principal=principal)
        return Response({"policyGenerations": [policy_wire.policy_generation(row) for row in rows[:MOST]]})

    def post(self, request: Request) -> Response:
        try:
            job = _start(request)
        except QuotaExceeded as error:
            return Response({"message": " ".join(error.messages)}, status=402)
        except ValidationError as error:
            return Response({"message": " ".join(error.messages)}, status=400)
        return Response({"jobId": str(job.pk)}, status=202)


class GenerationDetail(APIView):
    """`?includeResourcePlaceholders=true&includeServiceLevelTemplate=true` as in GetGeneratedPolicy."""

    def get(self, request: Request, pk: uuid.UUID) -> Response:
        job = get_object_or_404(PolicyGeneration, pk=pk)
        placeholders, services = (request.query_params.get(name) == "true" for name in OPTIONS)
        return Response(policy_wire.generated_policy(job, placeholders=placeholders, services=services))


class GenerationCancel(APIView):
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        CancelPolicyGeneration(get_object_or_404(PolicyGeneration, pk=pk), request.user)()
        return Response({})


def _start(request: Request) -> PolicyGeneration:
    """Raises PermissionDenied, ValidationError or QuotaExceeded."""
    data = request.data if isinstance(request.data, dict) else {}
    details = data.get("policyGenerationDetails")
    now = timezone.now()
    until = _instant(data, "endTime") or now
    return StartPolicyGeneration(
        _text(details if isinstance(details, dict) else {}, "principalArn"),
        _instant(data, "startTime") or _before(until),
        until,
        request.user,
        guardrail=_text(data, "guardrailPolicy"),
    )()


def _before(until: datetime) -> datetime:
    try:
        return until - timedelta(days=DAYS)
    except OverflowError as error:
        raise ValidationError("endTime must be an instant of this age.") from error


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name, "")
    if not isinstance(value, str) or "\x00" in value:
        raise ValidationError(f"{name} must be a text.")
    return value


def _instant(data: dict[str, Any], name: str) -> datetime | None:
    text = _text(data, name)
    if not text:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ValidationError(f"{name} must be an instant such as 2026-01-31T00:00:00Z.")
    return found
