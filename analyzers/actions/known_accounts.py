"""Keep the list of names of accounts outside."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from analyzers.models import KnownAccount
from findings.roles import NAMES, Actor, person, require

COLUMNS = ("identifier", "name", "kind", "note", "trusted")
MAX_BYTES = 4 * 1024 * 1024
MAX_LINES = 20_000
MAX_ERRORS = 100

_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_CANONICAL = re.compile(r"[0-9a-f]{64}\Z")
_PROVIDER_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(oidc|saml)-provider/[\w./:+=,@-]{1,200}\Z", re.ASCII)
_PROVIDER = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?\.[a-z]{2,}(/[\w./-]*)?\Z")
_YES = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}


def check_identifier(text: str) -> str:
    """The identifier as it is stored. Raises ValidationError."""
    value = re.sub(r"\A(\d{4})-(\d{4})-(\d{4})\Z", r"\1\2\3", text.strip())
    if re.fullmatch(r"arn:aws[a-z-]*:iam::[0-9]{12}:root", value):
        value = value.split(":")[4]
    lower = value.lower().removeprefix("https://").rstrip("/")
    if _ACCOUNT.match(value) or _PROVIDER_ARN.match(value):
        return value
    if _CANONICAL.match(lower) or _PROVIDER.match(lower):
        return lower
    if re.fullmatch(r"[0-9-]+", value):
        raise ValidationError(
            f"{value[:40]!r} is no account id: it has twelve digits. Does a spreadsheet leave out leading zeros?"
        )
    raise ValidationError(
        f"{value[:80]!r} is no account id (12 digits), no canonical user id (64 hexadecimal digits) and no identity "
        "provider (its host or ARN)."
    )


def _checked(account: KnownAccount) -> KnownAccount:
    account.identifier = check_identifier(account.identifier)
    account.name = account.name.strip()
    if not account.name:
        raise ValidationError({"name": "A name is missing."})
    account.clean_fields(exclude=["updated_by"])
    return account


@dataclass(frozen=True)
class SaveKnownAccount:
    """Create it, or change it if `account` is stored already."""

    account: KnownAccount
    user: Actor

    def __call__(self) -> KnownAccount:
        """Raises PermissionDenied or ValidationError."""
        require(self.user, NAMES)
        try:
            _checked(self.account)
        except ValidationError as error:
            raise error if hasattr(error, "error_dict") else ValidationError({"identifier": error.messages}) from error
        self.account.validate_unique()
        self.account.updated_by = person(self.user)
        self.account.save()
        return self.account


@dataclass(frozen=True)
class DeleteKnownAccount:
    account: KnownAccount
    user: Actor

    def __call__(self) -> None:
        require(self.user, NAMES)
        self.account.delete()


@dataclass(frozen=True)
class ImportKnownAccounts:
    """From CSV with a line of column names: identifier, name and, if wanted, kind, note, trusted. All or nothing."""

    data: bytes
    user: Actor

    def __call__(self) -> tuple[int, int]:
        """How many are new and how many changed. Raises PermissionDenied, or ValidationError with line numbers."""
        require(self.user, NAMES)
        rows = _rows(self.data)
        with transaction.atomic():
            known = {row.identifier: row for row in KnownAccount.objects.select_for_update()}
            created = [row for key, row in rows.items() if key not in known]
            changed = []
            for key in rows.keys() & known.keys():
                old, new = known[key], rows[key]
                fields = ("name", "kind", "note", "trusted")
                if any(getattr(old, name) != getattr(new, name) for name in fields):
                    new.pk = old.pk
                    changed.append(new)
            for row in (*created, *changed):
                row.updated_by = person(self.user)
            KnownAccount.objects.bulk_create(created, batch_size=1000)
            for row in changed:
                row.save()
        return len(created), len(changed)


def _rows(data: bytes) -> dict[str, KnownAccount]:
    """The lines by identifier; of equal ones one is kept. Raises ValidationError."""
    if len(data) > MAX_BYTES:
        raise ValidationError(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError(f"The file is not UTF-8 (byte {error.start}). Save it as CSV UTF-8.") from error
    if "\x00" in text:
        raise ValidationError("The file holds a null character; it is no CSV.")
    rows: dict[str, KnownAccount] = {}
    first: dict[str, int] = {}
    errors: list[str] = []
    try:
        for line, values in _lines(text):
            try:
                row = _row(values)
                old = rows.get(row.identifier)
                if old is not None and _said(old) != _said(row):
                    raise ValidationError(
                        f"{row.identifier} stands on line {first[row.identifier]} already, otherwise."
                    )
            except ValidationError as error:
                errors.append(f"Line {line}: {' '.join(error.messages)}")
                if len(errors) >= MAX_ERRORS:
                    break
            else:
                rows[row.identifier] = row
                first.setdefault(row.identifier, line)
    except csv.Error as error:
        raise ValidationError(f"The file is no CSV: {error}.") from error
    if errors:
        raise ValidationError(errors)
    if not rows:
        raise ValidationError("The file has no line besides the column names.")
    return rows


def _lines(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    sample = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if sample.count(";") > sample.count(",") else ",")
    header = [name.strip().lower() for name in next(reader, [])]
    unknown = [name for name in header if name not in COLUMNS]
    if "identifier" not in header or "name" not in header or unknown or len(set(header)) != len(header):
        raise ValidationError(f"Line 1: the column names are {', '.join(COLUMNS)}; the first two are needed.")
    for number, values in enumerate(reader):
        if number >= MAX_LINES:
            raise ValidationError(f"The file has more than {MAX_LINES:,} lines.")
        if any(value.strip() for value in values):
            if len(values) > len(header):
                values = [*values[: len(header) - 1], "\x00"]  # told by _row
            yield reader.line_num, dict(zip(header, values, strict=False))


def _row(values: dict[str, str]) -> KnownAccount:
    if "\x00" in values.values():
        raise ValidationError("There are more values than column names; put text with commas in double quotes.")
    values = {key: _unguarded(value.strip()) for key, value in values.items()}
    trusted = values.get("trusted", "").lower()
    if trusted not in _YES:
        raise ValidationError(f"trusted is true or false, not {trusted[:40]!r}.")
    kind = values.get("kind", "").upper() or KnownAccount.Kind.VENDOR
    if kind not in KnownAccount.Kind.values:
        raise ValidationError(f"kind is one of {', '.join(KnownAccount.Kind.values)}, not {kind[:40]!r}.")
    return _checked(
        KnownAccount(
            identifier=values.get("identifier", ""),
            name=values.get("name", ""),
            kind=kind,
            note=values.get("note", ""),
            trusted=_YES[trusted],
        )
    )


def _unguarded(value: str) -> str:
    """Without the apostrophe that exports put before what a spreadsheet would take for a formula."""
    return value[1:] if value[:1] == "'" and value[1:2] in "=+-@" else value


def _said(row: KnownAccount) -> tuple[str, str, str, bool]:
    return row.name, row.kind, row.note, row.trusted
