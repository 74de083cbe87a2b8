"""Keep guardrails: save a version, import files, copy from the library, assign, withdraw, delete."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction

from analyzers.check_runs.guardrail_texts import NotAGuardrail, of_library, read, storable
from analyzers.checks import guardrails as library
from analyzers.models import GuardrailAssignment, GuardrailEvent, GuardrailVersion, StoredGuardrail
from findings.roles import GUARDRAILS, Actor, person, require

MOST_VERSIONS = 1_000
MOST_FILES = 100
MOST_VALUE = 2_000
_ACCOUNT = re.compile(r"[0-9*?]{1,12}\Z")
Kind = GuardrailEvent.Kind


@dataclass(frozen=True)
class SaveGuardrail:
    """A new guardrail, or a new version of `guardrail`. A text that is saved already makes no version."""

    text: str
    user: Actor
    guardrail: StoredGuardrail | None = None
    kind: Kind | None = None
    note: str = ""

    def __call__(self) -> GuardrailVersion:
        """Raises PermissionDenied, or ValidationError with the line that is wrong."""
        require(self.user, GUARDRAILS)
        text = _lines(self.text)
        try:
            found = read(text)
        except NotAGuardrail as error:
            raise ValidationError({"text": str(error)}) from error
        with transaction.atomic():
            return self._save(text, found)

    def _save(self, text: str, found: library.Guardrail) -> GuardrailVersion:
        if self.guardrail is None:
            guardrail, new = StoredGuardrail.objects.get_or_create(name=found.name)
            if not new:
                raise ValidationError({"text": f"There is a guardrail {found.name} already. Change that, or its name."})
        else:
            guardrail, new = StoredGuardrail.objects.select_for_update().get(pk=self.guardrail.pk), False
            if found.name != guardrail.name:
                raise ValidationError({"text": f"The name stays {guardrail.name}; another name is a new guardrail."})
        newest = guardrail.newest
        if newest is not None and newest.text == text:
            return newest
        number = newest.number + 1 if newest is not None else 1
        if number > MOST_VERSIONS:
            raise ValidationError({"text": f"A guardrail has at most {MOST_VERSIONS:,} versions."})
        version = GuardrailVersion.objects.create(
            guardrail=guardrail,
            number=number,
            text=text,
            about=storable(found.about),
            parameters={storable(name): storable(meaning) for name, meaning in found.parameters.items()},
            rules=len(found.rules),
            created_by=person(self.user),
        )
        tell(guardrail, self.kind or (Kind.CREATED if new else Kind.CHANGED), self.user, f"Version {number}{self.note}")
        return version


@dataclass(frozen=True)
class CopyFromLibrary:
    name: str
    user: Actor

    def __call__(self) -> GuardrailVersion:
        """Raises PermissionDenied or ValidationError."""
        require(self.user, GUARDRAILS)
        if self.name not in library.names():
            raise ValidationError("The library has no such guardrail.")
        return SaveGuardrail(of_library(self.name), self.user, kind=Kind.COPIED)()


@dataclass(frozen=True)
class ImportGuardrails:
    """From files, each with one guardrail. A name that is known gets a new version. All or nothing."""

    files: Sequence[tuple[str, bytes]]
    user: Actor

    def __call__(self) -> list[GuardrailVersion]:
        """Raises PermissionDenied, or ValidationError with file and line."""
        require(self.user, GUARDRAILS)
        if not 1 <= len(self.files) <= MOST_FILES:
            raise ValidationError(f"Choose from 1 to {MOST_FILES} files.")
        errors: list[str] = []
        saved: list[GuardrailVersion] = []
        with transaction.atomic():
            for name, data in self.files:
                try:
                    saved.append(self._one(data, name))
                except ValidationError as error:
                    errors += [f"{name[:100]}: {message}" for message in error.messages]
            if errors:
                raise ValidationError(errors)
        return saved

    def _one(self, data: bytes, name: str) -> GuardrailVersion:
        try:
            text = data.decode("utf-8-sig")
            known = StoredGuardrail.objects.filter(name=read(_lines(text)).name).first()
        except UnicodeDecodeError as error:
            raise ValidationError(f"Not UTF-8 (byte {error.start}).") from error
        except NotAGuardrail as error:
            raise ValidationError(str(error)) from error
        return SaveGuardrail(text, self.user, known, Kind.IMPORTED, f" from {storable(name)[:100]}")()


@dataclass(frozen=True)
class AssignGuardrail:
    """Where it holds, and the values of its parameters. `version`: None for the newest, whatever becomes of it.
    Assigned again to the same, it gets the new values."""

    guardrail: StoredGuardrail
    target: str
    pattern: str
    user: Actor
    values: Mapping[str, str] = field(default_factory=dict)
    version: GuardrailVersion | None = None

    def __call__(self) -> GuardrailAssignment:
        """Raises PermissionDenied or ValidationError."""
        require(self.user, GUARDRAILS)
        used = self.version or self.guardrail.newest
        if used is None or used.guardrail_id != self.guardrail.pk:
            raise ValidationError({"version": "That version does not exist."})
        pattern = self.pattern.strip()
        if self.target == GuardrailAssignment.Target.ACCOUNT and not _ACCOUNT.match(pattern):
            raise ValidationError({"pattern": "An account id has twelve digits; * and ? stand for others."})
        values = {name: text.strip() for name, text in self.values.items() if name in used.parameters}
        if any(len(text) > MOST_VALUE for text in values.values()):
            raise ValidationError({"values": f"A value has at most {MOST_VALUE:,} characters."})
        values = {name: text for name, text in values.items() if text}
        try:
            read(used.text, values)
        except NotAGuardrail as error:
            missing = [name for name in used.parameters if name not in values]
            told = f"Give a value for {', '.join(missing)}." if missing else str(error)
            raise ValidationError({"values": told}) from error
        row = GuardrailAssignment.objects.filter(
            guardrail=self.guardrail, target=self.target, pattern=pattern
        ).first() or GuardrailAssignment(guardrail=self.guardrail, target=self.target, pattern=pattern)
        row.version, row.values, row.created_by = self.version, values, person(self.user)
        row.clean_fields(exclude=["created_by", "values"])
        with transaction.atomic():
            row.save()
            tell(self.guardrail, Kind.ASSIGNED, self.user, _where(row))
        return row


@dataclass(frozen=True)
class WithdrawGuardrail:
    assignment: GuardrailAssignment
    user: Actor

    def __call__(self) -> None:
        """Raises PermissionDenied."""
        require(self.user, GUARDRAILS)
        with transaction.atomic():
            tell(self.assignment.guardrail, Kind.WITHDRAWN, self.user, _where(self.assignment))
            self.assignment.delete()


@dataclass(frozen=True)
class DeleteGuardrail:
    """With versions and assignments; runs and events keep its name."""

    guardrail: StoredGuardrail
    user: Actor

    def __call__(self) -> None:
        """Raises PermissionDenied."""
        require(self.user, GUARDRAILS)
        with transaction.atomic():
            where = "; ".join(_where(one) for one in self.guardrail.assignments.all()[:20])
            tell(self.guardrail, Kind.DELETED, self.user, f"It held for {where}." if where else "")
            self.guardrail.delete()


def tell(guardrail: StoredGuardrail, kind: Kind, user: Actor, note: str = "") -> None:
    GuardrailEvent.objects.create(
        guardrail=guardrail, name=guardrail.name, kind=kind, actor=person(user), note=note[:4_000]
    )


def _where(row: GuardrailAssignment) -> str:
    version = f" (version {row.version.number})" if row.version else ""
    values = "".join(f", {name}={text}" for name, text in row.values.items())
    return f"{row.get_target_display()} {row.pattern}{version}{values}"


def _lines(text: str) -> str:
    """As a file in a repository: one way of ending lines, and an end."""
    return text.replace("\r\n", "\n").rstrip() + "\n"
