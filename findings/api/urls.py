"""Addresses of the API."""

from __future__ import annotations

from django.urls import path

from . import generations, recommendations, views

urlpatterns = [
    path("findings/", views.FindingList.as_view(), name="api-findings"),
    path("findings/<uuid:pk>/", views.FindingDetail.as_view(), name="api-finding"),
    path(
        "findings/<uuid:pk>/recommendation/",
        recommendations.FindingRecommendation.as_view(),
        name="api-recommendation",
    ),
    path("policy-generations/", generations.GenerationList.as_view(), name="api-policy-generations"),
    path("policy-generations/<uuid:pk>/", generations.GenerationDetail.as_view(), name="api-policy-generation"),
    path(
        "policy-generations/<uuid:pk>/cancel/",
        generations.GenerationCancel.as_view(),
        name="api-policy-generation-cancel",
    ),
    path("analyzers/", views.AnalyzerList.as_view(), name="api-analyzers"),
    path("scans/<int:pk>/", views.ScanDetail.as_view(), name="api-scan"),
]
