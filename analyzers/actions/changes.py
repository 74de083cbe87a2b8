"""Ask CloudTrail who changed a resource last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone

from analyzers.collect.access import DEFAULT_ROLE, Access, NoCredentials
from analyzers.collect.history import CALLS, GLOBAL_REGION, Change, NotTold, last_change
from analyzers.collect.place import Place
from analyzers.models import Collection, PolicyChange, Resource
from findings.roles import CHANGES, Actor, person, require

PATIENCE = timedelta(minutes=2)
"""After which a question without an answer may be asked again."""


@dataclass(frozen=True)
class AskWhoChanged:
    """`wake`: let a worker ask; otherwise `answer` must be called."""

    arn: str
    user: Actor
    wake: bool = True

    def __call__(self) -> PolicyChange:
        """Raises PermissionDenied or ValidationError."""
        require(self.user, CHANGES)
        if not Resource.objects.filter(arn=self.arn).exists():
            raise ValidationError("The resource is not in the inventory any more.")
        now = timezone.now()
        known = PolicyChange.objects.filter(resource=self.arn).first()
        if known is not None and known.status == PolicyChange.Status.ASKED and known.asked_at > now - PATIENCE:
            return known
        asked = {"status": PolicyChange.Status.ASKED, "reason": "", "asked_at": now, "asked_by": person(self.user)}
        change, _ = PolicyChange.objects.update_or_create(resource=self.arn, defaults=asked)
        if self.wake:
            from analyzers.tasks import wake_for_change

            if not wake_for_change(change.pk):
                _not_known(change, "No worker could be told; try again when the workers run.")
        return change


def answer(change: PolicyChange, access: Access | None = None) -> PolicyChange:
    """Ask CloudTrail with the credentials that read the account last, and keep what it says."""
    resource = Resource.objects.filter(arn=change.resource).first()
    if resource is None:
        return _not_known(change, "The resource is not in the inventory any more.")
    try:
        access = access or _access(resource.account_id)
        partition = change.resource.split(":")[1]
        region = resource.region if resource.type != "AWS::IAM::Role" else GLOBAL_REGION
        place = Place(
            resource.account_id,
            region,
            partition,
            CALLS,
            lambda service, where: access.client(resource.account_id, service, where),
        )
        found = last_change(place, resource.type, change.resource)
    except (NotTold, NoCredentials) as error:
        return _not_known(change, str(error))
    return _known(change, found)


def _access(account: str) -> Access:
    """As the last reading of the account; without one, the portal's own credentials and the usual role."""
    read = Collection.objects.filter(parts__account=account).order_by("-created_at").first()
    if read is None:
        return Access(role=DEFAULT_ROLE, attempts=3)
    return Access(profile=read.profile, role=read.role_name or DEFAULT_ROLE, external_id=read.external_id, attempts=3)


def _known(change: PolicyChange, found: Change) -> PolicyChange:
    change.status, change.reason = PolicyChange.Status.KNOWN, ""
    change.event, change.event_id, change.at = found.event, found.event_id, found.at
    change.by, change.source = found.by, found.source
    change.save()
    return change


def _not_known(change: PolicyChange, reason: str) -> PolicyChange:
    """What was known from an earlier answer stays, with the reason why there is no newer one."""
    change.status = PolicyChange.Status.KNOWN if change.event else PolicyChange.Status.UNKNOWN
    change.reason = reason[:2000]
    change.save()
    return change
