"""Have the policies of a finding's principal recommended without what is unused."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from findings import recommending
from findings.models import Event, Finding, Recommendation
from findings.models.recommendation import PATIENCE
from findings.roles import RECOMMEND, Actor, person, require


@dataclass(frozen=True)
class Recommend:
    """`wake`: let a worker compute it; otherwise `findings.recommending.work` must be called."""

    finding: Finding
    user: Actor
    variant: str = Recommendation.Variant.STANDARD
    wake: bool = True

    def __call__(self) -> Recommendation:
        """One that is being computed is not begun again. Raises PermissionDenied or ValidationError."""
        require(self.user, RECOMMEND)
        if self.variant not in Recommendation.Variant.values:
            raise ValidationError({"variant": f"One of {', '.join(Recommendation.Variant.values)}."})
        if not recommending.offered_for(self.finding):
            raise ValidationError("Policies are recommended for findings of unused permissions only.")
        now = timezone.now()
        with transaction.atomic():
            Finding.objects.select_for_update().only("pk").get(pk=self.finding.pk)
            row = Recommendation.objects.filter(finding=self.finding, variant=self.variant).first()
            if row is not None and row.status == row.Status.IN_PROGRESS and row.started_at > now - PATIENCE:
                return row
            begun = {
                "status": Recommendation.Status.IN_PROGRESS,
                "started_at": now,
                "completed_at": None,
                "requested_by": person(self.user),
                "error_code": "",
                "error_message": "",
                "steps": [],
                "details": {},
                "input_digest": "",
            }
            row, _ = Recommendation.objects.update_or_create(finding=self.finding, variant=self.variant, defaults=begun)
            Event.objects.create(
                finding=self.finding,
                kind=Event.Kind.RECOMMENDED,
                at=now,
                actor=person(self.user),
                new_status=self.finding.status,
                details={"variant": self.variant},
            )
        if self.wake:
            self._call(row)
        return row

    @staticmethod
    def _call(row: Recommendation) -> None:
        from findings.tasks import wake_for_recommendation

        if not wake_for_recommendation(row.pk):
            told = recommending.failed("NO_WORKER", "No worker could be told; try again when the workers run.")
            Recommendation.objects.filter(pk=row.pk).update(**told, completed_at=timezone.now())
            row.refresh_from_db()
