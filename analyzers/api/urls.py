"""Addresses for pipelines."""

from __future__ import annotations

from django.urls import path

from . import checks

urlpatterns = [
    path("", checks.CheckPolicies.as_view(), name="api-checks"),
    path("runs/", checks.RunList.as_view(), name="api-check-runs"),
    path("runs/<uuid:pk>/", checks.RunDetail.as_view(), name="api-check-run"),
]
