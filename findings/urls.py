"""Addresses of findings and of people."""

from __future__ import annotations

from django.contrib.auth import views as auth
from django.urls import path

from .views import (
    finding,
    findings,
    home,
    mending,
    people,
    recommendation,
    rule_transfer,
    rules,
    unused,
    unused_finding,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("login/", people.Login.as_view(), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("profile/", people.profile, name="profile"),
    path("profile/password/", auth.PasswordChangeView.as_view(success_url="/profile/"), name="password_change"),
    path("findings/", findings.finding_list, name="findings"),
    path("findings/change/", findings.change_many, name="change-findings"),
    path("findings/undo/", findings.undo, name="undo"),
    path("findings/suggestions/", findings.suggestions, name="suggestions"),
    path("findings/export.csv", findings.export, {"kind": "csv"}, name="export-csv"),
    path("findings/export.xlsx", findings.export, {"kind": "xlsx"}, name="export-xlsx"),
    path("findings/<uuid:pk>/", finding.finding_page, name="finding"),
    path("findings/<uuid:pk>/service/", unused_finding.service_actions, name="finding-service"),
    path("unused/", unused.dashboard, name="unused"),
    path("unused/unknown/", unused.unknown, name="unused-unknown"),
    path("findings/<uuid:pk>/change/", finding.change, name="change-finding"),
    path("findings/<uuid:pk>/who-changed/", finding.who_changed, name="who-changed"),
    path("findings/<uuid:pk>/ask-who-changed/", finding.ask_who_changed, name="ask-who-changed"),
    path("findings/<uuid:pk>/recommendation/", recommendation.recommendation_page, name="recommendation"),
    path("findings/<uuid:pk>/recommend/", recommendation.recommend, name="recommend"),
    path(
        "findings/<uuid:pk>/recommendation/<slug:kind>/",
        recommendation.recommendation_file,
        name="recommendation-file",
    ),
    path("findings/<uuid:pk>/mend/", mending.ask, name="mend-finding"),
    path("findings/<uuid:pk>/smallest-change/", mending.fragment, name="smallest-change"),
    path("findings/<uuid:pk>/mend/<int:number>/policy.json", mending.document, name="mend-document"),
    path("findings/<uuid:pk>/mend/<int:number>/command.sh", mending.command, name="mend-command"),
    path("rules/", rules.rule_list, name="rules"),
    path("rules/new/", rules.rule_new, name="rule-new"),
    path("rules/preview/", rules.rule_preview, name="rule-preview"),
    path("rules/import/", rule_transfer.rule_import, name="rule-import"),
    path("rules/copy/", rule_transfer.rule_copy, name="rule-copy"),
    path("rules/kept/", rule_transfer.rule_kept, name="rule-kept"),
    path("rules/restore/<int:pk>/", rule_transfer.rule_restore, name="rule-restore"),
    path("rules/export.json", rule_transfer.rule_export, name="rule-export"),
    path("rules/<int:pk>/", rules.rule_page, name="rule"),
    path("rules/<int:pk>/edit/", rules.rule_edit, name="rule-edit"),
    path("rules/<int:pk>/delete/", rules.rule_delete, name="rule-delete"),
    path("rules/<int:pk>/apply/", rules.rule_apply, name="rule-apply"),
    path("rules/<int:pk>/undo/", rules.rule_undo, name="rule-undo"),
]
