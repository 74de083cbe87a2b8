"""Working on a preview: piece by piece, each in one transaction, under a lease, as scans do.

One worker works on a preview at a time. If it is lost its lease runs out, and another one goes on where it was.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from analyzers.inventory.controls import Control, Supposed, accounts_under
from analyzers.inventory.selection import all_within
from analyzers.inventory.subjects import resources_in_scope
from analyzers.kinds.subject import Subject
from analyzers.models import (
    AccessPreview,
    AccessPreviewFinding,
    AnalyzedResource,
    Analyzer,
    ControlPolicy,
    Document,
    Resource,
    ResourceType,
)
from analyzers.reasoning.question import PolicyType
from analyzers.scans.asking import Answer, Due
from analyzers.scans.jobs import ExternalJob, InternalJob
from analyzers.scans.work import answer_of, owner_name, told
from findings.actions.copying import copy_in, storable
from findings.actions.foresee import Foreseen, foresee
from findings.models import Finding, FindingStatus, Proof

from .configurations import InvalidConfiguration, texts_of
from .difference import difference
from .same import covers
from .supposed import resources_as
from .told import Effect, Pair, sentence

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=120)
PIECE = 50
NEW = 0
"""In place of the id of a resource that is not there yet."""
_COPIED = (
    "status",
    "resource",
    "resource_type",
    "resource_owner_account",
    "principal",
    "action",
    "condition",
    "sources",
    "is_public",
    "resource_control_policy_restriction",
    "service_control_policy_restriction",
    "access_type",
    "error",
    "proof",
    "details",
)
_FIRST = ("AWS::IAM::Role", "AWS::KMS::Key")
"""What others depend on: who a role is, and whether a key lets data be read."""


def affected(analyzer: Analyzer, supposed: Supposed, before: Control | None) -> list[int]:
    """The resources that must be asked about; `NEW` for those that are not there yet."""
    control = supposed.control
    if control is not None and analyzer.is_external:
        targets = {*control.targets, *(before.targets if before else ())}
        bound = accounts_under(control.organization, targets)
        return _ids(resources_in_scope(analyzer).filter(account__in=bound))
    if control is not None:
        return _ids(resources_in_scope(analyzer))
    rows = _ids(all_within(analyzer).filter(arn__in=list(supposed.subjects)))
    new = [NEW] if len(rows) < len(supposed.subjects) else []
    if analyzer.is_internal and any(subject.type in _FIRST for subject in supposed.subjects.values()):
        chosen = _ids(resources_in_scope(analyzer))
        return [*new, *chosen]
    return [*new, *rows]


def _ids(rows: Any) -> list[int]:
    return list(rows.order_by("arn").values_list("pk", flat=True))


# -- the work -------------------------------------------------------------------------------------------------------


def work(preview_id: Any, *, progress: Callable[[AccessPreview], None] | None = None) -> None:
    """Go on with a preview until it is complete, unless somebody else is at it or it is over."""
    owner = owner_name()
    preview = _lease(preview_id, owner)
    if preview is None:
        return
    try:
        asking = _Asking(preview)
        while preview.done < preview.total:
            piece = preview.resource_ids[preview.done : preview.done + PIECE]
            found = asking.piece(piece, lambda: _extend(preview_id, owner))
            if found is None or not _keep(preview_id, owner, len(piece), found):
                return
            preview.refresh_from_db()
            if progress is not None:
                progress(preview)
        _finish(preview_id, owner, asking)
    except InvalidConfiguration as error:
        _fail(preview_id, owner, AccessPreview.Reason.INVALID_CONFIGURATION, str(error))
    except Exception as error:
        logger.exception("preview %s failed", preview_id)
        _fail(preview_id, owner, AccessPreview.Reason.INTERNAL_ERROR, f"{type(error).__name__}: {error}")


def _lease(preview_id: Any, owner: str) -> AccessPreview | None:
    now = timezone.now()
    free = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lt=now)
    with transaction.atomic():
        rows = AccessPreview.objects.select_for_update(skip_locked=True, of=("self",)).select_related("analyzer")
        preview = rows.filter(free, pk=preview_id, status=AccessPreview.Status.CREATING).first()
        if preview is None:
            return None
        preview.lease_owner, preview.lease_expires_at = owner, now + LEASE
        preview.save(update_fields=["lease_owner", "lease_expires_at"])
    return preview


def _held(preview_id: Any, owner: str) -> QuerySet[AccessPreview]:
    return AccessPreview.objects.filter(pk=preview_id, lease_owner=owner, status=AccessPreview.Status.CREATING)


def _extend(preview_id: Any, owner: str) -> bool:
    """False if the preview was canceled, or is somebody else's by now."""
    return _held(preview_id, owner).update(lease_expires_at=timezone.now() + LEASE) == 1


def _fail(preview_id: Any, owner: str, reason: str, message: str) -> None:
    _held(preview_id, owner).update(
        status=AccessPreview.Status.FAILED,
        reason=reason,
        error=storable(message)[:4000],
        finished_at=timezone.now(),
        lease_expires_at=None,
    )


class _Piece(NamedTuple):
    rows: list[AccessPreviewFinding]
    counts: Counter[str]
    documents: dict[str, str]


class _Asking:
    """The questions of one preview, loaded once by the process that works on it."""

    def __init__(self, preview: AccessPreview) -> None:
        self._analyzer = preview.analyzer
        self.now: dict[str, Subject | None] = {}
        after: dict[str, Subject] = {}
        control = None
        if preview.control is not None:
            control = _control(preview.control)
        else:
            after, self.now = resources_as(preview.analyzer, preview.configurations, preview.created)
        self.supposed = Supposed(control, after)
        kind = InternalJob if self._analyzer.is_internal else ExternalJob
        self._job: InternalJob | ExternalJob = kind(self._analyzer, self.supposed)
        self._present: InternalJob | ExternalJob = kind(self._analyzer)
        texts = [text for subject in after.values() for _, text in texts_of(subject)]
        self._texts = {Document.digest(text): text for text in texts}

    def piece(self, ids: Sequence[int], go_on: Callable[[], bool]) -> _Piece | None:
        """What would change at these resources; None if the work is to end."""
        counts: Counter[str] = Counter(stale=self._stale(ids))
        answers = []
        for due in self._due(ids):
            if not go_on():
                return None
            answers.append(answer_of(self._job, due))
        rows: list[AccessPreviewFinding] = []
        documents: dict[str, str] = {}
        stored = self._stored(ids)
        for one in answers:
            foreseen_all = self._foreseen(one)
            before = [known.existing for known in foreseen_all if known.existing and not _closed(known.existing)]
            after = [known.row for known in foreseen_all if not known.is_gone]
            for foreseen in foreseen_all:
                row = self._row(foreseen, documents, before, after)
                if foreseen.existing is not None and not _closed(foreseen.existing):
                    stored -= 1
                counts[row.change] += 1
                counts["opening"] += row.opening
                counts["uncertain"] += row.uncertain or _doubtful(row)
                if row.change != row.Change.UNCHANGED or row.uncertain or row.resource in self.supposed.subjects:
                    rows.append(row)
        counts["UNCHANGED"] += stored
        return _Piece(rows, counts, documents)

    def _due(self, ids: Sequence[int]) -> Iterable[Due[Subject]]:
        for due in self._job.due([pk for pk in ids if pk != NEW]):
            yield Due(due.subject) if due.subject.arn in self.supposed.subjects else due
        if NEW in ids:
            yield from (Due(self.supposed.subjects[arn]) for arn, now in self.now.items() if now is None)

    def _stored(self, ids: Sequence[int]) -> int:
        arns = Resource.objects.filter(pk__in=ids).values("arn")
        rows = Finding.objects.filter(analyzer=self._analyzer, resource__in=arns)
        new = [arn for arn, now in self.now.items() if now is None] if NEW in ids else []
        more = Finding.objects.filter(analyzer=self._analyzer, resource__in=new)
        return sum(found.exclude(status=FindingStatus.RESOLVED).count() for found in (rows, more))

    def _foreseen(self, one: Answer) -> list[Foreseen]:
        return foresee(self._analyzer, told([one]), timezone.now(), only=one.only)

    def _stale(self, ids: Sequence[int]) -> int:
        """Of how many resources the findings are older than the inventory, as far as that is seen at once."""
        ids = [pk for pk in ids if pk != NEW]
        arns = Resource.objects.filter(pk__in=ids).values("arn")
        rows = AnalyzedResource.objects.filter(analyzer=self._analyzer, resource_arn__in=arns)
        if isinstance(self._present, InternalJob):
            return len(ids) - rows.filter(population=self._present.digest).count()
        known = dict(rows.values_list("resource_arn", "input_hash"))  # also of those that end in an error each time
        return sum(known.get(due.subject.arn) != due.input_hash for due in self._present.due(ids))

    def _row(
        self, foreseen: Foreseen, documents: dict[str, str], before: Sequence[Finding], after: Sequence[Finding]
    ) -> AccessPreviewFinding:
        row, existing = foreseen.row, foreseen.existing
        change = AccessPreviewFinding.Change
        if existing is None:
            kind = change.NEW
        elif foreseen.is_gone:
            kind = change.GONE
        else:
            kind = change.CHANGED if foreseen.is_changed else change.UNCHANGED
        made = AccessPreviewFinding(
            change=kind,
            existing_id=existing.pk if existing else None,
            existing_status=existing.status if existing else "",
            uncertain=foreseen.uncertain,
            **{name: getattr(row, name) for name in _COPIED},
        )
        if foreseen.is_gone or existing is None or _closed(existing):
            made.same_access = any(covers(other, row) for other in (after if foreseen.is_gone else before))
        made.opening = not foreseen.is_gone and not made.same_access and _opens(row, existing)
        for ref in made.details.get("statements") or ():
            if (text := ref.pop("text", None)) is not None:
                documents[ref["document"]] = storable(text)
            elif ref["document"] in self._texts:
                documents[ref["document"]] = storable(self._texts[ref["document"]])
        return made


def _doubtful(row: AccessPreviewFinding) -> bool:
    """Whether something would be otherwise that is not proved."""
    return row.proof != Proof.PROVED and row.change in {row.Change.NEW, row.Change.CHANGED} and not row.same_access


def _closed(existing: Finding) -> bool:
    return existing.status == FindingStatus.RESOLVED


def _opens(row: Finding, existing: Finding | None) -> bool:
    if existing is None or _closed(existing):
        return True
    return (row.is_public and not existing.is_public) or (row.proof != Proof.PROVED and existing.proof == Proof.PROVED)


def _keep(preview_id: Any, owner: str, number: int, found: _Piece) -> bool:
    with transaction.atomic():
        preview = _held(preview_id, owner).select_for_update().first()
        if preview is None:
            return False
        for row in found.rows:
            row.preview = preview
        copy_in(AccessPreviewFinding, found.rows)
        preview.done += number
        preview.counts = {**preview.counts, **(Counter(preview.counts) + found.counts)}
        preview.documents = {**preview.documents, **found.documents}
        preview.save(update_fields=["done", "counts", "documents"])
    return True


# -- the end --------------------------------------------------------------------------------------------------------


def _finish(preview_id: Any, owner: str, asking: _Asking) -> None:
    preview = _held(preview_id, owner).select_related("analyzer").first()
    if preview is None:
        return
    comparisons = [_compared(*one) for one in _texts(preview, asking)]
    summary = sentence(
        _what(preview, asking), _effect(preview), "inside" if preview.analyzer.is_internal else "outside"
    )
    _held(preview_id, owner).update(
        status=AccessPreview.Status.COMPLETED,
        finished_at=timezone.now(),
        lease_expires_at=None,
        comparisons=storable(comparisons),
        summary=storable(summary),
        notes=_notes(preview, asking),
    )


def _texts(preview: AccessPreview, asking: _Asking) -> list[tuple[str, str, str, PolicyType]]:
    """Name, text before, text after and kind of each document that is different."""
    control = asking.supposed.control
    if control is not None:
        before = _control(preview.before).text if preview.before else ""
        kind = PolicyType.SERVICE_CONTROL if control.kind == ControlPolicy.Kind.SCP else PolicyType.RESOURCE_CONTROL
        return [(control.name, before, control.text, kind)] if before != control.text else []
    found = []
    for arn, after in asking.supposed.subjects.items():
        now = asking.now.get(arn)
        old, new = dict(texts_of(now)) if now else {}, dict(texts_of(after))
        for name in sorted({*old, *new}):
            if old.get(name, "") != new.get(name, ""):
                found.append((name, old.get(name, ""), new.get(name, ""), PolicyType.RESOURCE))
    return found


def _compared(about: str, before: str, after: str, kind: PolicyType) -> dict[str, Any]:
    return {"about": about, "before": before, "after": after, **difference(before, after, kind)}


def _what(preview: AccessPreview, asking: _Asking) -> str:
    if asking.supposed.control is not None:
        return ""
    [subject] = asking.supposed.subjects.values()
    others = preview.findings.exclude(resource=subject.arn).exclude(change="UNCHANGED")
    if others.exists():  # a role or a key, on which others depend
        return ""
    return f"the {ResourceType(subject.type).label}"


def _effect(preview: AccessPreview) -> Effect:
    told_of = preview.findings.exclude(change=AccessPreviewFinding.Change.UNCHANGED)
    rows = list(told_of.filter(error=""))
    known = Finding.objects.filter(analyzer=preview.analyzer, resource__in={row.resource for row in rows}, error="")
    before = {row.pk: _pair(row) for row in known.exclude(status=FindingStatus.RESOLVED)}
    gone = {row.existing_id for row in rows if row.change == row.Change.GONE}
    after = {pair for pk, pair in before.items() if pk not in gone}
    after |= {_pair(row) for row in rows if row.change != row.Change.GONE}
    open_before = {row.resource for row in known.exclude(status=FindingStatus.RESOLVED) if row.is_public}
    public = {row.resource for row in rows if row.is_public and row.change != row.Change.GONE} - open_before
    rows_of_doubt = told_of.filter(same_access=False)
    doubtful = rows_of_doubt.exclude(change=AccessPreviewFinding.Change.GONE).exclude(proof=Proof.PROVED).count()
    kept = preview.findings.filter(uncertain=True).count()
    return Effect(
        set(before.values()), after, {_pair(row) for row in rows if not row.same_access}, public, doubtful + kept
    )


def _pair(row: Finding | AccessPreviewFinding) -> Pair:
    return row.resource, json.dumps(row.principal, sort_keys=True)


def _notes(preview: AccessPreview, asking: _Asking) -> list[str]:
    notes = []
    stale = preview.counts.get("stale", 0)
    if stale:
        notes.append(
            f"The findings of {stale:,} of {preview.total:,} resources are older than the inventory, or there are none "
            "yet: what differs there need not come from this change. Scan first to tell them apart."
        )
    control = asking.supposed.control
    if control is not None:
        used = ControlPolicy.objects.filter(kind=control.kind, organization=control.organization).exists()
        if control.kind == ControlPolicy.Kind.SCP and not used:
            notes.append(
                "The inventory knows no service control policy. With the first one AWS attaches FullAWSAccess to every "
                "root, unit and account: that is taken for granted here."
            )
        if preview.analyzer.is_external and not preview.analyzer.by_organization:
            notes.append(
                "An analyzer of one account does not evaluate resource control policies; one of the organization does."
            )
    for arn, now in asking.now.items():
        if now is not None and now.error:
            notes.append(f"{arn} could not be read completely: {now.error}")
        if now is None and asking.supposed.subjects[arn].type == ResourceType.IAM_ROLE and preview.analyzer.is_internal:
            notes.append("What the new role itself could reach was not asked: its permissions are not known.")
    return [storable(note) for note in notes]


def _control(data: Any) -> Control:
    return Control(**{**data, "targets": tuple(data["targets"])})


# -- housekeeping ---------------------------------------------------------------------------------------------------


def hand_out_again() -> list[Any]:
    """The previews that nobody works on: their wake-up, or their worker, was lost."""
    now = timezone.now()
    lost = Q(lease_expires_at__lt=now) | Q(lease_expires_at__isnull=True, created_at__lt=now - timedelta(seconds=30))
    rows = AccessPreview.objects.filter(lost, status=AccessPreview.Status.CREATING)
    return list(rows.values_list("pk", flat=True))


def purge() -> int:
    """Delete what is older than the setting says; how many previews."""
    limit = timezone.now() - timedelta(days=settings.PREVIEW_DAYS)
    old = list(AccessPreview.objects.filter(created_at__lt=limit).values_list("pk", flat=True)[:1000])
    AccessPreview.objects.filter(pk__in=old).delete()
    return len(old)
