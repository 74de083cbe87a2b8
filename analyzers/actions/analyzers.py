"""Create, change and delete analyzers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from analyzers.collect.access import REGION
from analyzers.inventory.selection import inclusions_of
from analyzers.inventory.tracked import tracking_of
from analyzers.models import INTERNAL_TYPES, UNUSED_TYPES, Account, Analyzer, Organization
from findings.roles import ANALYZERS, Actor, person, require

SHORTEST_PERIOD = 15
LONGEST_PERIOD = 60 * 24 * 31


def _check_period(minutes: int | None) -> None:
    if minutes is not None and not SHORTEST_PERIOD <= minutes <= LONGEST_PERIOD:
        raise ValidationError({"scan_every": f"Between {SHORTEST_PERIOD} and {LONGEST_PERIOD} minutes, or never."})


def check_configuration(configuration: dict[str, Any], *, type_: str, scope: str) -> None:
    """Raises ValidationError if an analyzer of this type cannot have it."""
    if type_ in INTERNAL_TYPES:
        inclusions_of(configuration)
    elif type_ in UNUSED_TYPES:
        tracking_of(configuration, type_=type_, scope=scope)
    else:
        _check_external(configuration)


def _check_external(configuration: dict[str, Any]) -> None:
    """An external access analyzer knows `regions` only: where the API repeats the findings of roles."""
    regions = configuration.get("regions", [])
    names = isinstance(regions, list) and all(isinstance(name, str) and REGION.match(name) for name in regions)
    if set(configuration) - {"regions"} or not names:
        message = 'An external access analyzer takes no configuration but {"regions": ["eu-central-1", ...]}.'
        raise ValidationError({"configuration": message})


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
        self._check_scope()
        check_configuration(self.configuration, type_=self.type, scope=self.scope)
        _check_period(self.scan_every)
        analyzer.save()
        return analyzer

    def _check_scope(self) -> None:
        if not self.type.startswith("ORGANIZATION"):
            if not Account.objects.filter(pk=self.scope).exists():
                raise ValidationError({"scope": f"Account {self.scope} is not in the inventory. Import it first."})
        elif not Organization.objects.filter(pk=self.scope).exists():
            raise ValidationError({"scope": f"Organization {self.scope} is not in the inventory. Import it first."})


@dataclass(frozen=True)
class UpdateAnalyzer:
    """`configuration`: None leaves it; a new one is scanned for at once, and findings about what it leaves out are
    resolved. Not for external access, as with the API."""

    analyzer: Analyzer
    scan_every: int | None
    user: Actor
    configuration: dict[str, Any] | None = None

    def __call__(self) -> Analyzer:
        """Raises PermissionDenied or ValidationError."""
        require(self.user, ANALYZERS)
        _check_period(self.scan_every)
        self.analyzer.scan_every = self.scan_every
        changed = self.configuration is not None and self.configuration != self.analyzer.configuration
        if changed:
            self._configure()
        self.analyzer.save(update_fields=["scan_every", "configuration"])
        if changed:
            transaction.on_commit(self._scan)
        return self.analyzer

    def _configure(self) -> None:
        analyzer, configuration = self.analyzer, self.configuration or {}
        if analyzer.is_external:
            message = "The configuration of an external access analyzer cannot be changed. Create another analyzer."
            raise ValidationError({"configuration": message})
        check_configuration(configuration, type_=analyzer.type, scope=analyzer.scope)
        analyzer.configuration = configuration

    def _scan(self) -> None:
        from analyzers.tasks import start_scan

        start_scan(self.analyzer, reason="change")


@dataclass(frozen=True)
class DeleteAnalyzer:
    """Its findings and their history go with it, its archive rules are kept; `name` must be repeated."""

    analyzer: Analyzer
    name: str
    user: Actor

    def __call__(self) -> None:
        require(self.user, ANALYZERS)
        if self.name != self.analyzer.name:
            raise ValidationError({"name": f"Repeat the name {self.analyzer.name!r} to delete the analyzer."})
        with transaction.atomic():
            self.analyzer.delete()
