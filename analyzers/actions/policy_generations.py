"""Have a policy written from what a principal did, and call that off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from analyzers.generating.work import failed
from analyzers.models import PolicyGeneration, Principal
from analyzers.policy import PolicyError, parse
from analyzers.usage.evidence import REACH
from findings.roles import GENERATE, Actor, person, require

DAY = timedelta(days=1)


class QuotaExceeded(ValidationError):
    """`ServiceQuotaExceededException` of the API."""


@dataclass(frozen=True)
class StartPolicyGeneration:
    """`wake`: let a worker do it; otherwise `analyzers.generating.work.work` must be called."""

    principal: str
    since: datetime
    until: datetime
    user: Actor
    guardrail: str = ""
    wake: bool = True

    def __call__(self) -> PolicyGeneration:
        """Raises PermissionDenied, ValidationError or QuotaExceeded."""
        require(self.user, GENERATE)
        self._check()
        with transaction.atomic():
            self._count(person(self.user))
            job = PolicyGeneration.objects.create(
                principal=self.principal,
                since=self.since,
                until=self.until,
                guardrail=self.guardrail,
                started_at=timezone.now(),
                requested_by=person(self.user),
            )
        if self.wake:
            from analyzers.tasks import wake_for_generation

            if not wake_for_generation(str(job.pk)):
                told = failed(job.ErrorCode.SERVICE, "No worker could be told; try again when the workers run.")
                PolicyGeneration.objects.filter(pk=job.pk).update(**told, completed_at=timezone.now())
                job.refresh_from_db()
        return job

    def _check(self) -> None:
        wrong: dict[str, str] = {}
        known = Principal.objects.filter(arn=self.principal).exclude(kind=Principal.Kind.GROUP)
        if not known.exists():
            wrong["principal"] = "No user or role of this ARN is in the inventory."
        if self.since >= self.until:
            wrong["until"] = "The end must be after the beginning."
        elif self.until - self.since > REACH + DAY:
            wrong["since"] = f"Use is kept for {REACH.days} days; choose a shorter time."
        if self.guardrail.strip() and (problem := _unreadable(self.guardrail)):
            wrong["guardrail"] = problem
        if wrong:
            raise ValidationError(wrong)

    @staticmethod
    def _count(user: User | None) -> None:
        """Raises QuotaExceeded. The command line has no quota."""
        if user is None:
            return
        User.objects.select_for_update().get(pk=user.pk)  # so that two requests at once do not both pass
        mine = PolicyGeneration.objects.filter(requested_by=user)
        if mine.filter(status=PolicyGeneration.Status.IN_PROGRESS).count() >= settings.POLICY_GENERATIONS_AT_ONCE:
            raise QuotaExceeded(
                f"At most {settings.POLICY_GENERATIONS_AT_ONCE} of your policies is generated at a time. "
                "Wait until it is done, or cancel it."
            )
        if mine.filter(started_at__gt=timezone.now() - DAY).count() >= settings.POLICY_GENERATIONS_A_DAY:
            raise QuotaExceeded(f"At most {settings.POLICY_GENERATIONS_A_DAY} policies in 24 hours. Try again later.")


@dataclass(frozen=True)
class CancelPolicyGeneration:
    """A worker that is at it throws its answer away. One that is finished stays as it is."""

    job: PolicyGeneration
    user: Actor

    def __call__(self) -> PolicyGeneration:
        """Raises PermissionDenied."""
        require(self.user, GENERATE)
        opened = PolicyGeneration.objects.filter(pk=self.job.pk, status=PolicyGeneration.Status.IN_PROGRESS)
        opened.update(status=PolicyGeneration.Status.CANCELED, completed_at=timezone.now())
        self.job.refresh_from_db()
        return self.job


def _unreadable(text: str) -> str:
    """Why this is no policy; empty if it is one."""
    try:
        parse(text)
    except PolicyError as error:
        return str(error)
    return ""
