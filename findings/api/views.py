"""Findings, analyzers and scans as JSON. Read only; parameters are those of the pages."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analyzers.models import Analyzer, Scan
from findings import paging, wire
from findings.models import Finding
from findings.views.listing import listing


class FindingList(APIView):
    """`?q=&status=&sort=&size=&after=`: `{findings: [...], nextToken}`."""

    def get(self, request: Request) -> Response:
        shown = listing(request.query_params)
        try:
            if shown.error:
                raise ValidationError(shown.error)
            page = paging.page_of(shown.rows, shown.sort, shown.size, shown.after)
        except ValidationError as error:
            return Response({"message": " ".join(error.messages)}, status=400)
        following = {"nextToken": page.next} if page.next else {}
        return Response({"findings": [wire.finding(row) for row in page.rows], **following})


class FindingDetail(APIView):
    """The finding with the verdict, the witness and the statements that grant."""

    def get(self, request: Request, pk: uuid.UUID) -> Response:
        row = get_object_or_404(Finding, pk=pk)
        return Response({**wire.finding(row), "proof": row.proof, "details": row.details})


class AnalyzerList(APIView):
    def get(self, request: Request) -> Response:
        rows = [
            {"name": row.name, "type": row.type, "scope": row.scope, "createdAt": wire.instant(row.created_at)}
            for row in Analyzer.objects.all()
        ]
        return Response({"analyzers": rows})


class ScanDetail(APIView):
    def get(self, request: Request, pk: int) -> Response:
        scan = get_object_or_404(Scan.objects.select_related("analyzer"), pk=pk)
        return Response(
            {
                "id": scan.pk,
                "analyzer": scan.analyzer.name,
                "status": scan.status,
                "resourcesTotal": scan.resources_total,
                "resourcesDone": scan.resources_done,
                "resourcesFailed": scan.resources_failed,
                "findingsNew": scan.findings_new,
                "findingsResolved": scan.findings_resolved,
                "error": scan.error,
            }
        )
