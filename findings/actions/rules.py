"""Archive rules: create, change, delete, apply to what was found before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from analyzers.models import Analyzer
from findings import filters
from findings.models import ArchiveRule, Finding, FindingStatus
from findings.roles import RULES, Actor, person, require

from .archive import Archive

MAX_RULES = 1_000
"""Per analyzer, the service's larger quota."""


def matching(analyzer: Analyzer, criteria: filters.Criteria) -> QuerySet[Finding]:
    """The active findings that a rule would archive."""
    return Finding.objects.filter(analyzer=analyzer, status=FindingStatus.ACTIVE).filter(filters.query(criteria))


def _check(rule: ArchiveRule) -> None:
    errors: dict[str, Any] = {}
    try:
        filters.validate(rule.filter, rule=True)
    except ValidationError as error:
        errors["filter"] = error.messages
    try:
        rule.full_clean(exclude=["filter"])
    except ValidationError as error:
        errors |= error.message_dict
    if errors:
        raise ValidationError(errors)


@dataclass(frozen=True)
class CreateRule:
    """`existing`: archive what matches already, too."""

    analyzer: Analyzer
    name: str
    filter: dict[str, Any]
    user: Actor
    reason: str = ""
    existing: bool = False

    def __call__(self) -> tuple[ArchiveRule, int]:
        """The rule and how many findings it archived. Raises PermissionDenied or ValidationError."""
        require(self.user, RULES)
        rule = ArchiveRule(
            analyzer=self.analyzer,
            name=self.name,
            filter=self.filter,
            reason=self.reason,
            created_by=person(self.user),
        )
        if self.analyzer.archive_rules.count() >= MAX_RULES:
            raise ValidationError(f"An analyzer has at most {MAX_RULES:,} archive rules.")
        _check(rule)
        with transaction.atomic():
            rule.save()
            archived = ApplyRule(rule, self.user)() if self.existing else 0
        return rule, archived


@dataclass(frozen=True)
class UpdateRule:
    rule: ArchiveRule
    filter: dict[str, Any]
    user: Actor
    reason: str = ""
    existing: bool = False

    def __call__(self) -> int:
        """How many findings the changed rule archived. Raises PermissionDenied or ValidationError."""
        require(self.user, RULES)
        self.rule.filter, self.rule.reason = self.filter, self.reason
        _check(self.rule)
        with transaction.atomic():
            self.rule.save()
            return ApplyRule(self.rule, self.user)() if self.existing else 0


@dataclass(frozen=True)
class DeleteRule:
    """What the rule archived stays archived."""

    rule: ArchiveRule
    user: Actor

    def __call__(self) -> None:
        require(self.user, RULES)
        self.rule.delete()


@dataclass(frozen=True)
class ApplyRule:
    rule: ArchiveRule
    user: Actor

    def __call__(self) -> int:
        """Archive the active findings that match; how many."""
        require(self.user, RULES)
        found = matching(self.rule.analyzer, self.rule.filter)
        return len(Archive(found, None if self.user is None else self.user, self.rule.reason, self.rule.name)())
