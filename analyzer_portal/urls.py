"""Addresses."""

from __future__ import annotations

from django.urls import include, path

from .health import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("api/v1/", include("findings.api.urls")),
    path("api/checks/", include("analyzers.api.urls")),
    path("", include("findings.urls")),
    path("", include("analyzers.urls")),
]
