"""Importing inventory: all or nothing, or what is valid, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.db import transaction
from django.utils import timezone

from analyzers.models import Import
from analyzers.policy import PolicyError, parse
from findings.roles import IMPORT, Actor, person, require

from . import check, iam_answer
from .signals import inventory_changed
from .sources import Refused, Source, sources
from .store import Store, text_of
from .stream import Part, Unreadable, parts

BATCH = 500
MAX_PROBLEMS = 1_000

Progress = Callable[[str, int, int, int], None]
"""Called with file name, bytes read, bytes in all, parts read."""


@dataclass
class _Run:
    store: Store
    account: str | None
    progress: Progress | None
    total: int
    done: int = 0
    parts: int = 0
    problems: list[dict[str, str]] = field(default_factory=list)
    problem_count: int = 0
    errors: int = 0
    complete: set[str] = field(default_factory=set)
    iam_accounts: set[str] = field(default_factory=set)

    def problem(self, file: str, path: str, message: str, *, warning: bool = False) -> None:
        self.problem_count += 1
        self.errors += not warning
        if len(self.problems) < MAX_PROBLEMS:
            severity = "warning" if warning else "error"
            self.problems.append({"file": file, "path": path, "message": message, "severity": severity})


class _Rollback(Exception):
    pass


def load(
    paths: Sequence[Path],
    *,
    names: Sequence[str] = (),
    account: str | None = None,
    skip_invalid: bool = False,
    user: Actor = None,
    progress: Progress | None = None,
    entry: Import | None = None,
) -> Import:
    """Read inventory files, raw IAM answers, folders or ZIP archives of them. Returns the finished `Import`.

    With a problem nothing changes and the status is FAILED, unless `skip_invalid`: then the valid parts are kept. A
    policy that does not parse is only a warning: it is stored, and becomes a finding with an error when scanned.
    `account` owns what names no account. Raises PermissionDenied.
    """
    require(user, IMPORT)
    label = ", ".join(names or [str(path) for path in paths])
    entry = entry or Import.objects.create(source=label[:2000], requested_by=person(user))
    run = _Run(Store(), account, progress, 0)
    try:
        found = sources(paths, names)
        run.total = sum(source.size for source in found)
        with transaction.atomic():
            for source in found:
                _read(source, run)
            _finish(run)
            if run.errors and not skip_invalid:
                raise _Rollback
    except _Rollback:
        entry.status = Import.Status.FAILED
    except Refused as error:
        run.problem("", "", str(error))
        entry.status = Import.Status.FAILED
    except Exception:
        entry.status = Import.Status.FAILED
        entry.finished_at = timezone.now()
        entry.save()
        raise
    else:
        entry.status = Import.Status.COMPLETED
        entry.counts = {kind: dict(counter) for kind, counter in run.store.counts.items()}
    entry.problems, entry.problem_count = run.problems, run.problem_count
    entry.finished_at = timezone.now()
    entry.save()
    if entry.status == Import.Status.COMPLETED and run.store.accounts:
        inventory_changed.send(sender=Import, accounts=frozenset(run.store.accounts))
    return entry


class _Counted:
    """A stream that tells how far it has been read."""

    def __init__(self, stream: IO[bytes], run: _Run, name: str) -> None:
        self._stream, self._run, self._name = stream, run, name

    def read(self, count: int = -1) -> bytes:
        piece = self._stream.read(count)
        self._run.done += len(piece)
        if self._run.progress is not None:
            self._run.progress(self._name, self._run.done, self._run.total, self._run.parts)
        return piece


def _read(source: Source, run: _Run) -> None:
    if not source.size:
        run.problem(source.name, "", "The file is empty.")
        return
    with source.open() as stream:
        reader = _Reader(source.name, run)
        try:
            for part in parts(_Counted(stream, run, source.name)):  # type: ignore[arg-type]
                run.parts += 1
                reader.take(part)
        except Unreadable as error:
            run.problem(source.name, error.path, str(error))
        reader.finish()


class _Reader:
    """Takes the parts of one file and hands them to the store in batches."""

    def __init__(self, name: str, run: _Run) -> None:
        self.name = name
        self.run = run
        self.organization: str | None = None
        self.version: Any = None
        self.ours = self.iam = False
        self.targets: set[str] = set()
        self._principals: list[dict[str, Any]] = []
        self._resources: list[dict[str, Any]] = []
        self._reports: list[dict[str, Any]] = []
        self._usage: list[dict[str, Any]] = []
        self._controls: list[tuple[str, dict[str, Any]]] = []

    def problem(self, part: Part, path: str, message: str, *, warning: bool = False) -> None:
        self.run.problem(self.name, part.path + path, message, warning=warning)

    def take(self, part: Part) -> None:
        if part.section == "inventory_version":
            self.version = part.value
            if part.value != check.VERSION or isinstance(part.value, bool):
                raise Unreadable(
                    f"Version {str(part.value)[:40]} of the format is not known; this portal reads {check.VERSION}.",
                    part.path,
                )
        elif iam_answer.is_section(part.section):
            self.iam = True
            if part.index is not None:
                self._take_iam(part)
        elif part.section in check.DEFINITIONS:
            self.ours = True
            self._take_ours(part)
        elif part.section not in iam_answer.IGNORED and part.section != "exported_at":
            self.problem(part, "", f"There is no section {part.section[:80]!r} in an inventory file.")

    def _take_iam(self, part: Part) -> None:
        try:
            if part.section == iam_answer.POLICIES:
                section, value = "managed_policies", iam_answer.managed_policy(part.value)
            else:
                section, value = (
                    "principals",
                    iam_answer.principal(part.section, part.value, self.run.account),
                )
        except (iam_answer.NotUnderstood, KeyError, TypeError, AttributeError) as error:
            self.problem(part, "", f"Not as IAM writes it: {error}")
            return
        if not self._sound(part, section, value):
            return
        if section == "managed_policies":
            self.run.store.managed_policy(value)
        else:
            self.run.iam_accounts.add(value["arn"].split(":")[4])
            self._queue(self._principals, value)

    def _take_ours(self, part: Part) -> None:
        if part.section == "organization":
            if part.value is not None and self._sound(part, part.section, part.value):
                self.run.store.organization(part.value)
                self.organization = part.value["id"]
                self.targets |= {part.value["root"], *(unit["id"] for unit in part.value.get("units") or [])}
            return
        if part.index is None and part.value == []:
            return
        if part.index is None:
            self.problem(part, "", "A list is expected here.")
            return
        if not self._sound(part, part.section, part.value):
            return
        value = part.value
        if part.section == "accounts":
            self.run.store.account(value, self.organization)
            self.targets.add(value["id"])
            if value.get("complete"):
                self.run.complete.add(value["id"])
        elif part.section == "control_policies":
            self._controls.append((part.path, value))
        elif part.section == "managed_policies":
            self.run.store.managed_policy(value)
        elif part.section == "principals":
            self._queue(self._principals, value)
        elif part.section == "last_accessed":
            self._queue(self._reports, value)
        elif part.section == "usage":
            self._queue(self._usage, value)
        else:
            if self.run.account and not value.get("account") and not value["arn"].split(":")[4]:
                value["account"] = self.run.account
            self._queue(self._resources, value)

    def _sound(self, part: Part, section: str, value: Any) -> bool:
        """Whether the part may be stored; tells what is wrong with it."""
        if section == "resources" and isinstance(value, dict) and self.run.account:
            value.setdefault("account", value.get("account") or _owner(value) or self.run.account)
        wrong = [*part.problems, *check.problems(section, value)]
        for path, message in wrong:
            self.problem(part, path, message)
        if not wrong:
            for path, document in _documents(section, value):
                try:
                    parse(text_of(document))
                except PolicyError as error:
                    self.problem(part, path, f"The policy does not parse: {error.message}", warning=True)
        return not wrong

    def _queue(self, queue: list[dict[str, Any]], value: dict[str, Any]) -> None:
        queue.append(value)
        if len(queue) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        if self._principals:
            self.run.store.principals(list(self._principals))
            self._principals.clear()
        if self._resources:
            self.run.store.resources(list(self._resources))
            self._resources.clear()
        if self._reports:
            self.run.store.last_accessed(list(self._reports))
            self._reports.clear()
        if self._usage:
            self.run.store.usage(list(self._usage))
            self._usage.clear()

    def finish(self) -> None:
        self._flush()
        if self.ours and self.version is None:
            self.run.problem(
                self.name,
                "inventory_version",
                f'The version is missing; write "inventory_version": {check.VERSION}.',
            )
        elif not self.ours and not self.iam and self.version is None:
            self.run.problem(
                self.name, "", "Neither an inventory file nor an answer of get-account-authorization-details."
            )
        for path, value in self._controls:
            unknown = sorted(set(value["targets"]) - self.targets)
            if self.organization is None:
                self.run.problem(self.name, path, "A control policy needs the organization in the same file.")
            elif unknown:
                self.run.problem(
                    self.name,
                    f"{path}.targets",
                    f"{unknown[0][:80]} is no root, unit or account of this file.",
                )
            else:
                self.run.store.control_policy(value, self.organization)


def _owner(value: dict[str, Any]) -> str:
    fields = str(value.get("arn", "")).split(":", 5)
    return fields[4] if len(fields) == 6 else ""


def _documents(section: str, value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The policies of a part, with their paths in it."""
    for name in ("document", "policy", "registry_policy", "trust_policy"):
        if value.get(name) is not None:
            yield f".{name}", value[name]
    for name, inner in (("inline_policies", "document"), ("access_points", "policy")):
        for index, item in enumerate(value.get(name) or []):
            if item.get(inner) is not None:
                yield f".{name}[{index}].{inner}", item[inner]


def _finish(run: _Run) -> None:
    run.store.write_documents()
    run.store.attach_managed()
    run.store.remove_missing(sorted(run.complete))
    run.store.remove_missing(sorted(run.iam_accounts - run.complete), only_iam=True)
