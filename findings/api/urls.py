"""Addresses of the API."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("findings/", views.FindingList.as_view(), name="api-findings"),
    path("findings/<uuid:pk>/", views.FindingDetail.as_view(), name="api-finding"),
    path("analyzers/", views.AnalyzerList.as_view(), name="api-analyzers"),
    path("scans/<int:pk>/", views.ScanDetail.as_view(), name="api-scan"),
]
