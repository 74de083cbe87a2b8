"""Create, change and delete analyzers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from analyzers.inventory.selection import inclusions_of
from analyzers.models import INTERNAL_TYPES, SCANNED_TYPES, Account, Analyzer, AnalyzerType, Organization
from findings.roles import ANALYZERS, Actor, person, require

SHORTEST_PERIOD = 15
LONGEST_PERIOD = 60 * 24 * 31


def _check_period(minutes: int | None) -> None:
    if minutes is not None and not SHORTEST_PERIOD <= minutes <= LONGEST_PERIOD:
        raise ValidationError({"scan_every": f"Between {SHORTEST_PERIOD} and {LONGEST_PERIOD} minutes, or never."})


@dataclass(frozen=True)
class CreateAnalyzer:
    name: str
    type: str
    scope: str
    user: Actor
    configuration: dict[str, Any] = field(default_factory=dict)
    scan_every: int | None = 1440

    def __call__(self) -> Analyzer:
        """Raises PermissionDenied or ValidationError."""
        require(self.user, ANALYZERS)
        analyzer = Analyzer(
            name=self.name,
            type=self.type,
            scope=self.scope,
            configuration=self.configuration,
            scan_every=self.scan_every,
            created_by=person(self.user),
        )
        analyzer.full_clean()
        self._check_type()
        self._check_scope()
        _check_period(self.scan_every)
        analyzer.save()
        return analyzer

    def _check_type(self) -> None:
        if self.type not in SCANNED_TYPES:
            raise ValidationError({"type": f"{AnalyzerType(self.type).label} is not offered yet."})
        if self.type in INTERNAL_TYPES:
            inclusions_of(self.configuration)
        elif self.configuration:
            raise ValidationError({"configuration": "An external access analyzer takes no configuration."})

    def _check_scope(self) -> None:
        if not self.type.startswith("ORGANIZATION"):
            if not Account.objects.filter(pk=self.scope).exists():
                raise ValidationError({"scope": f"Account {self.scope} is not in the inventory. Import it first."})
        elif not Organization.objects.filter(pk=self.scope).exists():
            raise ValidationError({"scope": f"Organization {self.scope} is not in the inventory. Import it first."})


@dataclass(frozen=True)
class UpdateAnalyzer:
    analyzer: Analyzer
    scan_every: int | None
    user: Actor

    def __call__(self) -> Analyzer:
        require(self.user, ANALYZERS)
        _check_period(self.scan_every)
        self.analyzer.scan_every = self.scan_every
        self.analyzer.save(update_fields=["scan_every"])
        return self.analyzer


@dataclass(frozen=True)
class DeleteAnalyzer:
    """Its findings, their history and its archive rules go with it; `name` must be repeated."""

    analyzer: Analyzer
    name: str
    user: Actor

    def __call__(self) -> None:
        require(self.user, ANALYZERS)
        if self.name != self.analyzer.name:
            raise ValidationError({"name": f"Repeat the name {self.analyzer.name!r} to delete the analyzer."})
        with transaction.atomic():
            self.analyzer.delete()
