"""Archive rules on their way: from a file, from another analyzer, from one that was deleted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from analyzers.models import Analyzer
from findings import filters
from findings.exposure import could_hide_public
from findings.models import ArchiveRule, RuleEvent
from findings.roles import RULES, Actor, require
from findings.rule_files import Draft, drafts

from .locks import hold_rules
from .rules import CreateRule, check, require_room, tell


@dataclass(frozen=True)
class Reviewed:
    """A rule held against the analyzer that it shall be for. `text`: its filter as it is written in a search box."""

    draft: Draft
    problems: tuple[str, ...]
    hides_public: bool = False
    text: str = ""

    @property
    def fits(self) -> bool:
        return not self.problems


def review(analyzer: Analyzer, wanted: Iterable[Draft]) -> list[Reviewed]:
    """Each rule with what is wrong with it there, and whether it could hide public access."""
    found = []
    seen: set[str] = set()
    taken = set(analyzer.archive_rules.values_list("name", flat=True))
    for draft in wanted:
        problems = list(draft.problems) or _problems(analyzer, draft)
        if draft.name in seen:
            problems.append("A rule of this name stands before it.")
        elif draft.name in taken:
            problems.append(f"{analyzer.name} has a rule of this name already.")
        seen.add(draft.name)
        if problems:
            found.append(Reviewed(draft, tuple(problems)))
        else:
            hides = could_hide_public(draft.filter, analyzer.type)
            found.append(Reviewed(draft, (), hides, filters.write(draft.filter)))
    return found


def _problems(analyzer: Analyzer, draft: Draft) -> list[str]:
    # Without an analyzer its name is not looked up: `review` knows the names.
    rule = ArchiveRule(analyzer_name=analyzer.name, analyzer_type=analyzer.type, name=draft.name)
    rule.filter, rule.reason = draft.filter, draft.reason
    try:
        check(rule)
    except ValidationError as error:
        return [text for texts in error.message_dict.values() for text in texts]
    return []


@dataclass(frozen=True)
class Transferred:
    rules: list[ArchiveRule] = field(default_factory=list)
    refused: list[Reviewed] = field(default_factory=list)
    archived: int = 0


def _sift(reviewed: Sequence[Reviewed], skip: bool, confirmed: bool) -> tuple[list[Reviewed], list[Reviewed]]:
    """Those that fit and those that do not. Raises ValidationError."""
    refused = [entry for entry in reviewed if not entry.fits]
    if refused and not skip:
        raise ValidationError({"rules": [f"{entry.draft.name[:80]}: {' '.join(entry.problems)}" for entry in refused]})
    fitting = [entry for entry in reviewed if entry.fits]
    hiding = [entry.draft.name for entry in fitting if entry.hides_public]
    if hiding and not confirmed:
        raise ValidationError({"confirm_public": hiding_text(hiding)})
    return fitting, refused


def hiding_text(names: Sequence[str]) -> str:
    """What has to be confirmed before these rules may archive."""
    listed = ", ".join(names[:10]) + (f" and {len(names) - 10:,} more" if len(names) > 10 else "")
    if len(names) == 1:
        return f"This rule can hide public access: {listed}. Add isPublic:false to its filter, or confirm."
    return f"These {len(names):,} rules can hide public access: {listed}. Add isPublic:false to them, or confirm."


@dataclass(frozen=True)
class ImportRules:
    """All or none, unless those that do not fit are skipped. `existing`: archive what matches already, too."""

    analyzer: Analyzer
    drafts: Sequence[Draft]
    user: Actor
    existing: bool = False
    confirm_public: bool = False
    skip_invalid: bool = False
    origin: RuleEvent.Kind = RuleEvent.Kind.IMPORTED
    note: str = ""

    def __call__(self) -> Transferred:
        """Raises PermissionDenied or ValidationError; its `rules` are the problems, one text a rule."""
        require(self.user, RULES)
        with transaction.atomic():
            hold_rules(self.analyzer.pk, change=True)
            fitting, refused = _sift(review(self.analyzer, self.drafts), self.skip_invalid, self.confirm_public)
            require_room(self.analyzer, len(fitting))
            made = [self._create(entry.draft) for entry in fitting]
        return Transferred([rule for rule, _ in made], refused, sum(archived for _, archived in made))

    def _create(self, draft: Draft) -> tuple[ArchiveRule, int]:
        return CreateRule(
            self.analyzer,
            draft.name,
            draft.filter,
            self.user,
            draft.reason,
            self.existing,
            self.confirm_public,
            self.origin,
            self.note,
        )()


@dataclass(frozen=True)
class CopyRules:
    """To another analyzer; the originals stay as they are."""

    rules: Sequence[ArchiveRule]
    analyzer: Analyzer
    user: Actor
    existing: bool = False
    confirm_public: bool = False
    skip_invalid: bool = False

    def __call__(self) -> Transferred:
        """Raises PermissionDenied or ValidationError, as `ImportRules`."""
        names = sorted({rule.analyzer_name for rule in self.rules})
        return ImportRules(
            self.analyzer,
            drafts(self.rules),
            self.user,
            self.existing,
            self.confirm_public,
            self.skip_invalid,
            RuleEvent.Kind.COPIED,
            f"From analyzer {', '.join(names)}" if names else "",
        )()


def kept(name: str) -> QuerySet[ArchiveRule]:
    """The rules of a deleted analyzer of this name, the latest of each name first."""
    return ArchiveRule.objects.filter(analyzer=None, analyzer_name=name).order_by("name", "-updated_at", "-pk")


@dataclass(frozen=True)
class RestoreRules:
    """Give an analyzer the rules that were kept from a deleted one of its name, with their history.

    Those that do not fit its type, or whose name is taken, stay where they are.
    """

    analyzer: Analyzer
    user: Actor
    confirm_public: bool = False

    def __call__(self) -> Transferred:
        """Raises PermissionDenied or ValidationError."""
        require(self.user, RULES)
        with transaction.atomic():
            hold_rules(self.analyzer.pk, change=True)
            rules = list(kept(self.analyzer.name).select_for_update())
            reviewed = review(self.analyzer, drafts(rules))
            fitting, refused = _sift(reviewed, True, self.confirm_public)
            require_room(self.analyzer, len(fitting))
            restored = [rule for rule, entry in zip(rules, reviewed, strict=True) if entry.fits]
            for rule in restored:
                rule.analyzer = self.analyzer
                rule.save()
                tell(rule, RuleEvent.Kind.RESTORED, self.user)
        return Transferred(restored, refused)
