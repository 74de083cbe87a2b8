"""Archive rules: create, change, delete, apply to what was found before, and undo what they archived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from analyzers.models import Analyzer
from findings import filters
from findings.exposure import PUBLIC_OR_UNREAD, could_hide_public
from findings.models import ArchiveRule, Event, Finding, FindingStatus, RuleEvent
from findings.paging import capped_count
from findings.roles import RULES, Actor, person, require

from .archive import MAX_REASON, Archive, Unarchive
from .locks import hold_rules

_DECISIONS = (Event.Kind.ARCHIVED, Event.Kind.UNARCHIVED)


def matching(analyzer: Analyzer | None, criteria: filters.Criteria) -> QuerySet[Finding]:
    """The active findings that a rule would archive; none if its analyzer is deleted."""
    return Finding.objects.filter(analyzer=analyzer, status=FindingStatus.ACTIVE).filter(filters.query(criteria))


def standing(rule: ArchiveRule) -> QuerySet[Finding]:
    """The findings that the rule archived, and about which nobody decided since."""
    return Finding.objects.filter(archived_by=rule, status=FindingStatus.ARCHIVED)


def _last_word() -> QuerySet[Event]:
    """Events that archived a finding, and after which nothing was decided about it."""
    later = Event.objects.filter(finding=OuterRef("finding"), kind__in=_DECISIONS, pk__gt=OuterRef("pk"))
    return Event.objects.filter(~Exists(later), kind=Event.Kind.ARCHIVED)


def with_standing(history: QuerySet[RuleEvent]) -> QuerySet[RuleEvent]:
    """Events of a rule; `stands`: whether something that this application archived is archived by it still."""
    standing_by_it = _last_word().filter(
        application=OuterRef("pk"), finding__archived_by=OuterRef("rule"), finding__status=FindingStatus.ARCHIVED
    )
    return history.annotate(stands=Exists(standing_by_it))


def standing_of(application: RuleEvent) -> QuerySet[Finding]:
    """Of what an application of a rule archived, that about which nobody decided since."""
    return standing(application.rule).filter(
        Exists(_last_word().filter(finding=OuterRef("pk"), application=application))
    )


def check(rule: ArchiveRule) -> None:
    """Raises ValidationError, by field, if the rule is unsound for its analyzer."""
    errors: dict[str, Any] = {}
    try:
        filters.validate(rule.filter, rule_of=rule.analyzer_type)
    except ValidationError as error:
        errors["filter"] = error.messages
    try:
        rule.full_clean(exclude=["filter"], validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        errors |= error.message_dict
    if len(rule.reason) > MAX_REASON or not filters.storable(rule.reason):
        errors["reason"] = f"At most {MAX_REASON:,} characters, without null characters."
    namesakes = ArchiveRule.objects.filter(analyzer=rule.analyzer, name=rule.name).exclude(pk=rule.pk)
    if rule.analyzer is not None and namesakes.exists():
        errors["name"] = f"{rule.analyzer_name} has a rule of this name already."
    if errors:
        raise ValidationError(errors)


def warning(rule: ArchiveRule) -> str:
    """What has to be confirmed before the rule may archive; empty if it cannot hide public access."""
    found = matching(rule.analyzer, rule.filter)
    public, more = capped_count(found.filter(is_public=True))
    if not public and not could_hide_public(rule.filter, rule.analyzer_type):
        return ""
    unread = capped_count(found.exclude(error=""))[0]
    now = f"{'more than ' if more else ''}{public:,} public finding{'' if public == 1 else 's'}"
    also = f" and {unread:,} of what could not be analysed, which may be public," if unread else ""
    match = "matches" if public == 1 and not more and not unread else "match"
    return (
        f"This rule can hide public access: {now}{also} {match} now, and whatever becomes public later and matches is "
        "archived before anybody sees it. Add isPublic:false to the filter, or confirm."
    )


def _ask(rule: ArchiveRule, confirmed: bool) -> None:
    if not confirmed and (text := warning(rule)):
        raise ValidationError({"confirm_public": text})


def _lock(rule: ArchiveRule) -> None:
    if rule.analyzer_id is None:
        raise ValidationError(f"The analyzer {rule.analyzer_name} is deleted. Copy the rule to another one.")
    hold_rules(rule.analyzer_id, change=True)


@dataclass(frozen=True)
class CreateRule:
    """`existing`: archive what matches already, too. `confirm_public`: yes, it may hide public access.

    `origin` and `note` tell where the rule came from.
    """

    analyzer: Analyzer
    name: str
    filter: dict[str, Any]
    user: Actor
    reason: str = ""
    existing: bool = False
    confirm_public: bool = False
    origin: RuleEvent.Kind = RuleEvent.Kind.CREATED
    note: str = ""

    def __call__(self) -> tuple[ArchiveRule, int]:
        """The rule and how many findings it archived. Raises PermissionDenied or ValidationError."""
        require(self.user, RULES)
        rule = ArchiveRule(
            analyzer=self.analyzer,
            analyzer_name=self.analyzer.name,
            analyzer_type=self.analyzer.type,
            name=self.name,
            filter=self.filter,
            reason=self.reason,
            created_by=person(self.user),
        )
        with transaction.atomic():
            _lock(rule)
            require_room(self.analyzer, 1)
            check(rule)
            _ask(rule, self.confirm_public)
            rule.save()
            tell(rule, self.origin, self.user, note=self.note)
            return rule, _apply(rule, self.user) if self.existing else 0


def require_room(analyzer: Analyzer, wanted: int) -> None:
    """Raises ValidationError if the analyzer cannot have that many more rules."""
    most = settings.ARCHIVE_RULES_PER_ANALYZER
    there = analyzer.archive_rules.count()
    if there + wanted > most:
        raise ValidationError(
            f"An analyzer has at most {most:,} archive rules, and {analyzer.name} has {there:,}. "
            "Delete some, or raise ARCHIVE_RULES_PER_ANALYZER."
        )


@dataclass(frozen=True)
class UpdateRule:
    """`name`: a new one, if it is to be called otherwise."""

    rule: ArchiveRule
    filter: dict[str, Any]
    user: Actor
    reason: str = ""
    existing: bool = False
    confirm_public: bool = False
    name: str = ""

    def __call__(self) -> int:
        """How many findings the changed rule archived. Raises PermissionDenied or ValidationError."""
        require(self.user, RULES)
        old = self.rule.name
        self.rule.filter, self.rule.reason, self.rule.name = self.filter, self.reason, self.name or old
        with transaction.atomic():
            _lock(self.rule)
            check(self.rule)
            _ask(self.rule, self.confirm_public)
            self.rule.save()
            note = f"Renamed from {old}" if self.rule.name != old else ""
            tell(self.rule, RuleEvent.Kind.CHANGED, self.user, note=note)
            return _apply(self.rule, self.user) if self.existing else 0


@dataclass(frozen=True)
class ApplyRule:
    rule: ArchiveRule
    user: Actor
    confirm_public: bool = False

    def __call__(self) -> int:
        """Archive the active findings that match; how many. Raises PermissionDenied or ValidationError."""
        require(self.user, RULES)
        with transaction.atomic():
            _lock(self.rule)
            if matching(self.rule.analyzer, self.rule.filter).filter(PUBLIC_OR_UNREAD).exists():
                _ask(self.rule, self.confirm_public)
            return _apply(self.rule, self.user)


def _apply(rule: ArchiveRule, user: Actor) -> int:
    application = tell(rule, RuleEvent.Kind.APPLIED, user)
    found = Archive(matching(rule.analyzer, rule.filter), user, rule.reason, rule, application)()
    application.findings = len(found)
    application.save(update_fields=["findings"])
    return len(found)


@dataclass(frozen=True)
class UndoRule:
    """Make active again what the rule archived, or one application of it, where nobody decided since."""

    rule: ArchiveRule
    user: Actor
    application: RuleEvent | None = None

    def __call__(self) -> int:
        """How many findings are active again. Raises PermissionDenied."""
        require(self.user, RULES)
        with transaction.atomic():
            if self.rule.analyzer_id is not None:
                hold_rules(self.rule.analyzer_id, change=True)
            rows = standing(self.rule) if self.application is None else standing_of(self.application)
            note = f"What it archived on {self.application.at:%Y-%m-%d %H:%M} UTC" if self.application else ""
            event = tell(self.rule, RuleEvent.Kind.UNDONE, self.user, note=note)
            found = Unarchive(rows, self.user, f"Undone: rule {self.rule.name}", self.rule, event)()
            event.findings = len(found)
            event.save(update_fields=["findings"])
        return len(found)


@dataclass(frozen=True)
class DeleteRule:
    """What the rule archived stays archived, unless `undo`."""

    rule: ArchiveRule
    user: Actor
    undo: bool = False

    def __call__(self) -> int:
        """How many findings are active again. Raises PermissionDenied."""
        require(self.user, RULES)
        with transaction.atomic():
            reopened = UndoRule(self.rule, self.user)() if self.undo else 0
            self.rule.delete()
        return reopened


def tell(rule: ArchiveRule, kind: RuleEvent.Kind, user: Actor, *, note: str = "") -> RuleEvent:
    return RuleEvent.objects.create(
        rule=rule, kind=kind, actor=person(user), filter=rule.filter, reason=rule.reason, note=note
    )
