"""What pipelines may do: send a run, have policies checked, and look at what came of that.

docs/checks-in-the-portal.md
"""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.shortcuts import get_object_or_404
from django.urls import reverse
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analyzers.check_runs.assigned import matches
from analyzers.check_runs.carry_out import AT_ONCE, carry_out
from analyzers.check_runs.reading import AskedRun, SentRun
from analyzers.check_runs.store import keep_asked, keep_sent
from analyzers.models import CheckRun, CheckToken
from analyzers.tasks import wake_for_check

from .access import BoundedJSON, CheckTokenAuthentication, HasCheckToken, PerToken


class _ForPipelines(APIView):
    authentication_classes = [CheckTokenAuthentication]
    permission_classes = [HasCheckToken]
    parser_classes = [BoundedJSON]
    throttle_classes = [PerToken]

    def token(self, pipeline: str) -> CheckToken:
        """Raises PermissionDenied for a pipeline that the token does not speak for."""
        token = cast(CheckToken, self.request.auth)
        if not matches(token.pipelines, pipeline):
            raise PermissionDenied("This token is for other pipelines.")
        return token


class RunList(_ForPipelines):
    """`POST`: a run that the pipeline has checked by itself."""

    def post(self, request: Request) -> Response:
        sent = SentRun(data=request.data)
        sent.is_valid(raise_exception=True)
        run = keep_sent(sent.validated_data, self.token(sent.validated_data["pipeline"]))
        return Response(told(run, request), status=201)


class CheckPolicies(_ForPipelines):
    """`POST`: policies to be checked here. 200 with what came of it, or 202 with a run to look at again."""

    def post(self, request: Request) -> Response:
        asked = AskedRun(data=request.data)
        asked.is_valid(raise_exception=True)
        run = keep_asked(asked.validated_data, self.token(asked.validated_data["pipeline"]))
        run = carry_out(run.pk, AT_ONCE) or run
        if run.finished_at is None:
            wake_for_check(run.pk)
        return _answer(run, request)


class RunDetail(_ForPipelines):
    """`GET`: a run that was begun with this token."""

    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return _answer(get_object_or_404(CheckRun, pk=pk, token=cast(CheckToken, request.auth)), request)


def _answer(run: CheckRun, request: Request) -> Response:
    if run.finished_at is None:
        headers = {"Location": reverse("api-check-run", args=[run.pk]), "Retry-After": "5"}
        return Response(told(run, request), status=202, headers=headers)
    return Response({**told(run, request), "outcomes": run.outcomes, "unreadable": run.unreadable})


def told(run: CheckRun, request: Request) -> dict[str, Any]:
    return {
        "id": str(run.pk),
        "state": "RUNNING" if run.finished_at is None else "FINISHED",
        "result": run.result or None,
        "message": run.message,
        "guardrails": run.guardrails,
        "passed": run.passed,
        "failed": run.failed,
        "unknown": run.unknown,
        "run": reverse("api-check-run", args=[run.pk]),
        "page": request.build_absolute_uri(reverse("check-run", args=[run.pk])),
    }
