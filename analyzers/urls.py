"""Addresses of analyzers and inventory."""

from __future__ import annotations

from django.urls import path

from .views import access, analyzers, catalogue, collections, internal, inventory, known_accounts, previews, simulator

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
    path("inventory/aws/", collections.collections, name="collections"),
    path("inventory/aws/new/", collections.collection_new, name="collection-new"),
    path("inventory/aws/<int:pk>/", collections.collection_page, name="collection"),
    path("inventory/aws/<int:pk>/again/", collections.collection_again, name="collection-again"),
    path("inventory/aws/<int:pk>/cancel/", collections.collection_cancel, name="collection-cancel"),
    path("inventory/aws/schedules/<int:pk>/end/", collections.schedule_end, name="collection-schedule-end"),
    path("inventory/aws/files/<str:name>", collections.collector_file, name="collector-file"),
    path("inventory/export.json", inventory.export, name="export-inventory"),
    path("inventory/known-accounts/", known_accounts.known_accounts, name="known-accounts"),
    path("inventory/known-accounts/import/", known_accounts.known_accounts_import, name="known-accounts-import"),
    path("inventory/known-accounts/export.csv", known_accounts.known_accounts_export, name="known-accounts-export"),
    path("inventory/known-accounts/<int:pk>/delete/", known_accounts.known_account_delete, name="known-account-delete"),
    path("previews/", previews.preview_list, name="previews"),
    path("previews/new/", previews.preview_new, name="preview-new"),
    path("previews/<uuid:pk>/", previews.preview_page, name="preview"),
    path("previews/<uuid:pk>/cancel/", previews.preview_cancel, name="preview-cancel"),
    path("catalogue/", catalogue.catalogue_page, name="catalogue"),
    path("catalogue/<str:prefix>/", catalogue.service_page, name="catalogue-service"),
    path("simulator/", simulator.simulator, name="simulator"),
    path("simulator/<str:key>/", simulator.simulation, name="simulation"),
    path("simulator/<str:key>/line.jsonl", simulator.simulation_line, name="simulation-line"),
]
