"""Addresses of analyzers and inventory."""

from __future__ import annotations

from django.urls import path

from .views import access, analyzers, catalogue, internal, inventory, simulator

urlpatterns = [
    path("analyzers/", analyzers.analyzer_list, name="analyzers"),
    path("analyzers/new/", analyzers.analyzer_new, name="analyzer-new"),
    path("analyzers/new/internal/", internal.internal_new, name="internal-new"),
    path("analyzers/<int:pk>/", analyzers.analyzer_page, name="analyzer"),
    path("analyzers/<int:pk>/state/", analyzers.scan_state, name="scan-state"),
    path("analyzers/<int:pk>/scan/", analyzers.scan_start, name="scan-start"),
    path("analyzers/<int:pk>/delete/", analyzers.analyzer_delete, name="analyzer-delete"),
    path("analyzers/<int:pk>/matrix/", access.matrix_page, name="access-matrix"),
    path("access/", access.access, name="access"),
    path("access/resource/", access.resource_page, name="access-resource"),
    path("access/principal/", access.principal_page, name="access-principal"),
    path("scans/<int:pk>/cancel/", analyzers.scan_cancel, name="scan-cancel"),
    path("inventory/", inventory.inventory, name="inventory"),
    path("inventory/resources/", inventory.resources, name="resources"),
    path("inventory/principals/", inventory.principals, name="principals"),
    path("inventory/import/", inventory.import_page, name="import"),
    path("inventory/import/<int:pk>/", inventory.import_result, name="import-result"),
    path("inventory/export.json", inventory.export, name="export-inventory"),
    path("catalogue/", catalogue.catalogue_page, name="catalogue"),
    path("catalogue/<str:prefix>/", catalogue.service_page, name="catalogue-service"),
    path("simulator/", simulator.simulator, name="simulator"),
    path("simulator/<str:key>/", simulator.simulation, name="simulation"),
    path("simulator/<str:key>/line.jsonl", simulator.simulation_line, name="simulation-line"),
]
