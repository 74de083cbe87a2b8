"""Add, read, cancel and remove feeds of usage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from analyzers.collect.access import EXTERNAL_ID, PROFILE, REGION, ROLE_NAME
from analyzers.models import UsageFeed, UsageReading
from analyzers.policy import arn as arns
from analyzers.usage.sources import upload
from analyzers.usage.sources.athena import WORKGROUP, names
from analyzers.usage.sources.credentials import bucket_and_prefix
from analyzers.usage.work import OPEN, request_reading
from findings.roles import IMPORT, Actor, person, require

_Kind = UsageFeed.Kind
PLAIN = {
    "profile": PROFILE,
    "role_name": ROLE_NAME,
    "external_id": EXTERNAL_ID,
    "region": REGION,
    "workgroup": WORKGROUP,
}
"""Settings that are one name each."""
SAID = {
    "profile": "Letters, digits, spaces and . @ + - _",
    "role_name": "The name of a role, with its path if it has one, without the ARN around it.",
    "external_id": "2 to 1224 letters, digits or + = , . @ : / - _",
    "region": "The name of a region, such as eu-central-1.",
    "workgroup": "Letters, digits, dots, - and _",
}
MOST_NAMES = 10_000


@dataclass(frozen=True)
class AddFeed:
    """A place to read usage from, or the same place with other settings. `settings` as the sources have them; empty
    values are left out."""

    user: Actor
    kind: str
    location: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self) -> UsageFeed:
        """Raises PermissionDenied or ValidationError."""
        require(self.user, IMPORT)
        wrong = dict(self._wrong())
        if wrong:
            raise ValidationError(wrong)
        chosen = {name: value for name, value in self.settings.items() if value not in (None, "", [], False)}
        location = self._location()
        with transaction.atomic():
            feed, made = UsageFeed.objects.select_for_update().get_or_create(
                kind=self.kind, location=location, defaults={"settings": chosen, "created_by": person(self.user)}
            )
            if not made:
                found_out = {name: feed.settings[name] for name in ("note", "read_whole") if name in feed.settings}
                feed.settings = {**found_out, **chosen}
                feed.save(update_fields=["settings"])
        return feed

    def _location(self) -> str:
        if self.kind in {_Kind.S3, _Kind.LAKE}:
            bucket, prefix = bucket_and_prefix(self.location)
            return f"s3://{bucket}/{prefix}"
        return self.location

    def _wrong(self) -> Iterable[tuple[str, str]]:
        try:
            if self.kind in {_Kind.S3, _Kind.LAKE}:
                bucket_and_prefix(self.location)
            elif self.kind == _Kind.ATHENA:
                names(self.location)
        except ValueError as error:
            yield "location", str(error)
        if self.kind == _Kind.HISTORY and not arns.is_account(self.location):
            yield "location", "An account id has twelve digits."
        if self.kind == _Kind.FOLDER and self.user is not None:
            yield "location", "Folders are read by the command line only: manage.py read_usage folder PATH"
        if self.kind not in _Kind.values:
            yield "kind", "There is no such kind of feed."
        yield from self._wrong_settings()

    def _wrong_settings(self) -> Iterable[tuple[str, str]]:
        given = self.settings
        for name, pattern in PLAIN.items():
            if given.get(name) and pattern.match(str(given[name])) is None:
                yield name, SAID[name]
        accounts = [*(given.get("accounts") or []), *([given["account"]] if given.get("account") else [])]
        if any(not arns.is_account(account) for account in accounts) or len(accounts) > MOST_NAMES:
            yield "accounts" if given.get("accounts") else "account", "An account id has twelve digits."
        if any(REGION.match(region) is None for region in given.get("regions") or ()):
            yield "regions", "Names of regions, such as eu-central-1, separated by commas."
        if given.get("start_day"):
            try:
                date.fromisoformat(str(given["start_day"]))
            except ValueError:
                yield "start_day", "A day, written 2026-06-01."
        if given.get("output"):
            try:
                bucket_and_prefix(str(given["output"]))
            except ValueError as error:
                yield "output", str(error)


@dataclass(frozen=True)
class ReadUsage:
    """Begin a reading, or find the one that is open. `wake`: tell a worker; the command line works by itself."""

    feed: UsageFeed
    user: Actor
    wake: bool = True

    def __call__(self) -> UsageReading:
        require(self.user, IMPORT)
        reading = request_reading(self.feed, person(self.user))
        if self.wake and self.feed.kind != _Kind.FOLDER:
            _wake(reading)
        return reading


@dataclass(frozen=True)
class UploadUsage:
    """Keep files and have them read by a worker."""

    user: Actor
    files: Iterable[upload.Sent]
    wake: bool = True

    def __call__(self) -> UsageReading:
        """Raises PermissionDenied or ValidationError."""
        require(self.user, IMPORT)
        try:
            upload.keep(self.files)
        except upload.TooMuch as error:
            raise ValidationError({"files": str(error)}) from error
        feed = AddFeed(self.user, _Kind.UPLOAD, upload.LOCATION)()
        return ReadUsage(feed, self.user, wake=self.wake)()


@dataclass(frozen=True)
class CancelReading:
    """What was read stays; the files that are being read are left for another time. Uploads that wait are removed."""

    reading: UsageReading
    user: Actor

    def __call__(self) -> UsageReading:
        require(self.user, IMPORT)
        with transaction.atomic():
            reading = (
                UsageReading.objects.select_for_update(of=("self",)).select_related("feed").get(pk=self.reading.pk)
            )
            canceled = reading.status in OPEN
            if canceled:
                reading.status, reading.finished_at = UsageReading.Status.CANCELED, timezone.now()
                reading.lease_owner = ""
                reading.save(update_fields=["status", "finished_at", "lease_owner"])
        if canceled and reading.feed.kind == _Kind.UPLOAD:
            upload.remove(upload.waiting())
        return reading


@dataclass(frozen=True)
class RemoveFeed:
    """The feed goes with everything that is known from it alone, which nobody can bring back: `sure` must be said."""

    feed: UsageFeed
    user: Actor
    sure: bool

    def __call__(self) -> None:
        """Raises PermissionDenied, or ValidationError while it is read, or if nobody is sure."""
        require(self.user, IMPORT)
        if self.feed.readings.filter(status__in=OPEN).exists():
            raise ValidationError("It is being read. Cancel the reading first.")
        if not self.sure:
            raise ValidationError("Nothing was removed: say that you are sure.")
        self.feed.delete()


def _wake(reading: UsageReading) -> None:
    from analyzers.tasks import wake_reading

    wake_reading(reading.pk)
