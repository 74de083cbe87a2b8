"""Who may do what. Groups are made after each migration; an administrator puts people into them.

- Auditors read and export.
- Reviewers also archive, unarchive, keep archive rules, preview changes, ask who changed a resource, have policies
  recommended and generated, and make tokens for their pipelines.
- Administrators also keep analyzers, guardrails and the names of accounts, import inventory and usage, and see to all
  tokens.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.core.exceptions import PermissionDenied

ARCHIVE = "findings.change_finding"
RULES = "findings.change_archiverule"
ANALYZERS = "analyzers.change_analyzer"
IMPORT = "analyzers.add_import"
NAMES = "analyzers.change_knownaccount"
CHANGES = "analyzers.add_policychange"
RECOMMEND = "findings.add_recommendation"
GENERATE = "analyzers.add_policygeneration"
PREVIEWS = "analyzers.add_accesspreview"
GUARDRAILS = "analyzers.change_storedguardrail"
TOKENS = "analyzers.add_checktoken"
ALL_TOKENS = "analyzers.change_checktoken"

AUDITORS = ("findings.view_finding", "analyzers.view_analyzer", "analyzers.view_resource")
REVIEWERS = (*AUDITORS, ARCHIVE, RULES, CHANGES, PREVIEWS, RECOMMEND, GENERATE, TOKENS)
ADMINISTRATORS = (*REVIEWERS, ANALYZERS, IMPORT, NAMES, GUARDRAILS, ALL_TOKENS)
ROLES = {"Auditors": AUDITORS, "Reviewers": REVIEWERS, "Administrators": ADMINISTRATORS}

_DEEDS = {
    ARCHIVE: ("archive findings", "Reviewers"),
    RULES: ("keep archive rules", "Reviewers"),
    ANALYZERS: ("keep analyzers and start scans", "Administrators"),
    IMPORT: ("import inventory and usage", "Administrators"),
    NAMES: ("keep the names of accounts", "Administrators"),
    PREVIEWS: ("preview what a change of a policy would do", "Reviewers"),
    GUARDRAILS: ("keep guardrails", "Administrators"),
    TOKENS: ("make tokens for pipelines", "Reviewers"),
    ALL_TOKENS: ("see to the tokens of others", "Administrators"),
    CHANGES: ("ask CloudTrail who changed a resource", "Reviewers"),
    RECOMMEND: ("have policies recommended", "Reviewers"),
    GENERATE: ("have policies generated", "Reviewers"),
}

Actor = User | AnonymousUser | None
"""None: the system itself or the command line."""


def require(user: Actor, permission: str) -> None:
    """Raises PermissionDenied with a sentence that says what is missing."""
    if user is None or user.has_perm(permission):
        return
    deed, group = _DEEDS[permission]
    raise PermissionDenied(f"You may not {deed}. Ask an administrator to add you to the group {group}.")


def person(user: Actor) -> User | None:
    return user if isinstance(user, User) else None


def create_groups(**kwargs: Any) -> None:
    """Make the groups and give them their permissions; for `post_migrate`."""
    for name, wanted in ROLES.items():
        group, _ = Group.objects.get_or_create(name=name)
        codenames = [permission.split(".")[1] for permission in wanted]
        labels = {permission.split(".")[0] for permission in wanted}
        group.permissions.set(Permission.objects.filter(codename__in=codenames, content_type__app_label__in=labels))
