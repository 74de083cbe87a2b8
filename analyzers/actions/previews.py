"""Ask what a change of a policy would do, and end such a question."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from analyzers.inventory.controls import Control, Supposed
from analyzers.models import AccessPreview, Analyzer
from analyzers.previews.configurations import InvalidConfiguration
from analyzers.previews.supposed import control_as, resources_as
from analyzers.previews.work import affected
from findings.actions.copying import storable
from findings.roles import PREVIEWS, Actor, person, require

MAX_BYTES = 1_000_000
"""Of everything that is given."""
_QUOTA_LOCK = 0x70726576


class QuotaExceeded(ValidationError):
    """Too many previews in an hour."""


@dataclass(frozen=True)
class ControlChange:
    """As the arguments of `control_as`."""

    kind: str
    policy: str = ""
    text: str | None = None
    targets: Sequence[str] | None = None
    name: str = ""


@dataclass(frozen=True)
class CreatePreview:
    """`configurations`: {ARN: Configuration of the API}; `created`: {ARN: {type, account}} of a resource that is new.
    Or `control`. `wake`: tell a worker at once; the command line works by itself."""

    analyzer: Analyzer
    user: Actor
    configurations: Mapping[str, Any] = field(default_factory=dict)
    created: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    control: ControlChange | None = None
    wake: bool = True

    def __call__(self) -> AccessPreview:
        """Raises PermissionDenied, QuotaExceeded, or ValidationError by element: analyzer, resource, kind, policy,
        text, targets, configuration."""
        require(self.user, PREVIEWS)
        if not (self.analyzer.is_external or self.analyzer.is_internal):
            raise ValidationError({"analyzer": "Previews are about external or internal access."})
        _check_size([self.configurations, self.created, self.control and vars(self.control)])
        preview = AccessPreview(analyzer=self.analyzer, created_by=person(self.user))
        try:
            supposed, before = self._supposed(preview)
        except InvalidConfiguration as error:
            known = {"analyzer", "kind", "policy", "text", "targets"}
            name = error.where if error.where in known else "configuration"
            said = error.message if name == error.where else str(error)
            raise ValidationError({name: said}) from error
        preview.resource_ids = affected(self.analyzer, supposed, before)
        with transaction.atomic():
            _require_quota()
            preview.save()
        if self.wake:
            from analyzers.tasks import wake_preview

            transaction.on_commit(lambda: wake_preview(preview.pk))
        return preview

    def _supposed(self, preview: AccessPreview) -> tuple[Supposed, Control | None]:
        if self.control is None:
            preview.configurations, preview.created = dict(self.configurations), dict(self.created)
            after, _ = resources_as(self.analyzer, self.configurations, self.created)
            return Supposed(subjects=after), None
        if self.configurations:
            raise InvalidConfiguration("", "A preview is about a resource or a control policy, not both.")
        change = self.control
        control, before = control_as(
            self.analyzer,
            kind=change.kind,
            policy=change.policy,
            text=change.text,
            targets=change.targets,
            name=change.name,
        )
        preview.control, preview.before = control._asdict(), before._asdict() if before else None
        return Supposed(control), before


def _check_size(given: Any) -> None:
    try:
        text = json.dumps(given)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValidationError({"configuration": "This cannot be written as JSON."}) from error
    if len(text) > MAX_BYTES:
        raise ValidationError({"configuration": f"More than {MAX_BYTES:,} characters."})
    plain = json.loads(text)
    if storable(plain) != plain:
        raise ValidationError({"configuration": "There are characters in it that cannot be stored."})


def _require_quota() -> None:
    """Counted under a lock, so that many at once do not get past it together."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_QUOTA_LOCK])
    since = timezone.now() - timedelta(hours=1)
    if AccessPreview.objects.filter(created_at__gt=since).count() >= settings.PREVIEWS_AN_HOUR:
        raise QuotaExceeded(f"No more than {settings.PREVIEWS_AN_HOUR:,} previews an hour. Try again later.")


@dataclass(frozen=True)
class CancelPreview:
    """What is being computed is thrown away."""

    preview: AccessPreview
    user: Actor

    def __call__(self) -> AccessPreview:
        require(self.user, PREVIEWS)
        with transaction.atomic():
            preview = AccessPreview.objects.select_for_update().get(pk=self.preview.pk)
            if preview.is_open:
                preview.status, preview.reason = AccessPreview.Status.FAILED, AccessPreview.Reason.INTERNAL_ERROR
                preview.error, preview.finished_at = "Canceled.", timezone.now()
                preview.save(update_fields=["status", "reason", "error", "finished_at"])
        return preview
