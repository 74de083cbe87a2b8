"""Recommendations as GenerateFindingRecommendation and GetFindingRecommendation have them."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from findings import policy_wire, recommending
from findings.actions import Recommend
from findings.models import Finding, Recommendation


class FindingRecommendation(APIView):
    """`?variant=standard|strict`. GET: the API's answer with our `variant`, `outOfDate` and `details`; POST asks for
    one and answers 202 with the same shape."""

    def get(self, request: Request, pk: uuid.UUID) -> Response:
        rows = Recommendation.objects.select_related("finding__analyzer")
        row = get_object_or_404(rows, finding=pk, variant=request.query_params.get("variant", "standard"))
        return Response(_told(row))

    def post(self, request: Request, pk: uuid.UUID) -> Response:
        finding = get_object_or_404(Finding.objects.select_related("analyzer"), pk=pk)
        try:
            row = Recommend(finding, request.user, request.query_params.get("variant", "standard"))()
        except ValidationError as error:
            return Response({"message": " ".join(error.messages)}, status=400)
        row.finding = finding
        return Response(_told(row), status=202)


def _told(row: Recommendation) -> dict[str, object]:
    ours = {
        "variant": row.variant,
        "outOfDate": recommending.is_out_of_date(row, timezone.now()),
        "details": {name: value for name, value in row.details.items() if name != "files"},
    }
    return {**policy_wire.recommendation(row), **ours}
