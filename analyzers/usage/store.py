"""From tallies to the tables. The sums of some files and the note that they were read are one transaction, so that
neither a crash nor a second reading counts anything twice."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import orjson
from django.db import connection, transaction
from django.utils import timezone

from analyzers.models import Principal, UsageCoverage, UsageFeed

from .tally import MOST_RESOURCES, SAMPLES, Key, Seen, Sum, Tally

KEPT = timedelta(days=400)
"""Of counts a day. First and last use are kept for good."""
AT_ONCE = 20_000
"""Rows a statement."""
MOST_BYTES = {"principal": 700, "action": 200, "resource": 1200, "name": 300}
"""PostgreSQL's index entries have a limit of about 2,700 bytes; what is longer was not written by AWS."""

_NOT_STORED = re.compile("[\x00\ud800-\udfff]")
_ROLE = re.compile(r"arn:([a-z-]+):iam::(\d{12}):role/([^/]+)\Z")


class FileRead(NamedTuple):
    """What became of one file. `tally` is None for one that is set aside. `reason`: why it was set aside, or what of
    it was left out. `mark`: by which the same file is known without reading it."""

    name: str
    digest: str
    size: int = 0
    mark: str = ""
    tally: Tally | None = None
    reason: str = ""


class Added(NamedTuple):
    """How many files were new, were set aside, or known already; and the events of the new ones."""

    read: int
    set_aside: int
    known: int
    events: int


def _anybody() -> None:
    return


def add(
    feed: UsageFeed, files: Sequence[FileRead], *, hold: Callable[[], None] = _anybody, today: date | None = None
) -> Added:
    """Add files to the sums of a feed, all or none. A content that the feed has already changes nothing.

    `hold` is called first in the transaction and raises if the files are not wanted any more. `today`: of whom counts
    are kept for `KEPT`.
    """
    oldest = (today or timezone.now().date()) - KEPT
    once = {file.digest: file for file in files}
    with transaction.atomic(), connection.cursor() as cursor:
        hold()
        new = _note(cursor, feed.pk, sorted(once.values(), key=lambda file: file.digest))
        found = [once[digest] for digest in sorted(new)]
        together = Tally()
        for file in found:
            if file.tally is not None:
                together.merge(file.tally)
        uses = _resolved(together.uses)
        _write_uses(cursor, feed.pk, uses, oldest)
        _fold_crowded(cursor, feed.pk, uses, oldest)
        _write_unknown(cursor, feed.pk, together.unknown)
        _note_days(feed, together.days, oldest)
    read = sum(file.tally is not None for file in found)
    return Added(read, len(found) - read, len(files) - len(found), together.events)


def add_events(feed: UsageFeed, tally: Tally, today: date | None = None) -> None:
    """Sums that belong to no file, where the caller sees to it that they come once; within a transaction of his."""
    oldest = (today or timezone.now().date()) - KEPT
    together = Tally()
    together.merge(tally)
    with transaction.atomic(), connection.cursor() as cursor:
        _write_uses(cursor, feed.pk, _resolved(together.uses), oldest, greatest=True)


_NOTE = """
INSERT INTO analyzers_usagefile AS known (feed_id, name, digest, mark, size, status, reason, events, read_at)
SELECT %s, name, digest, mark, size, status, reason, events, now()
FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::int[])
    AS new(name, digest, mark, size, status, reason, events)
ON CONFLICT (feed_id, digest) DO UPDATE
SET status = EXCLUDED.status, reason = EXCLUDED.reason, events = EXCLUDED.events, name = EXCLUDED.name,
    mark = EXCLUDED.mark, read_at = now()
WHERE known.status = 'SET_ASIDE' AND EXCLUDED.status = 'READ'
RETURNING digest
"""
"""What was set aside may be read by a later version; everything else is noted once."""


def _note(cursor: Any, feed: int, files: Sequence[FileRead]) -> set[str]:
    """The digests of those that were not known."""
    if not files:
        return set()
    columns = [
        [clipped(file.name, 1500) for file in files],
        [file.digest for file in files],
        [file.mark[:80] for file in files],
        [file.size for file in files],
        ["SET_ASIDE" if file.tally is None else "READ" for file in files],
        [text(file.reason)[:2000] for file in files],
        [file.tally.events if file.tally is not None else 0 for file in files],
    ]
    cursor.execute(_NOTE, [feed, *columns])
    return {digest for (digest,) in cursor.fetchall()}


_MERGED_DAYS = """
(SELECT coalesce(jsonb_object_agg(day, number), '{{}}')
 FROM (SELECT key AS day, {how}(value::bigint) AS number
       FROM (SELECT * FROM jsonb_each_text(known.days) UNION ALL SELECT * FROM jsonb_each_text(EXCLUDED.days)) AS both_
       WHERE key >= %s GROUP BY key) AS told)
"""

_USES = """
INSERT INTO analyzers_usage AS known
    (feed_id, principal, account, action, resource, region, source, denied, first_used_at, last_used_at, days, sessions)
SELECT %s, principal, account, action, resource, region, source, denied, first, last, days,
    ARRAY(SELECT jsonb_array_elements_text(sessions))
FROM json_to_recordset(%s::json) AS new(principal text, account text, action text, resource text, region text,
    source text, denied bool, first timestamptz, last timestamptz, days jsonb, sessions jsonb)
ON CONFLICT (feed_id, principal, action, resource, region, source, denied) DO UPDATE
SET first_used_at = LEAST(known.first_used_at, EXCLUDED.first_used_at),
    last_used_at = GREATEST(known.last_used_at, EXCLUDED.last_used_at),
    days = {days},
    sessions = ARRAY(SELECT DISTINCT name FROM unnest(known.sessions || EXCLUDED.sessions) AS both_(name)
        ORDER BY name LIMIT {samples})
"""


def _write_uses(cursor: Any, feed: int, uses: dict[Key, Sum], oldest: date, *, greatest: bool = False) -> None:
    """`greatest`: of two counts of a day the greater one is kept, not their sum."""
    days = _MERGED_DAYS.format(how="MAX" if greatest else "SUM")
    statement = _USES.format(days=days, samples=SAMPLES)
    # In one order, so that two who write the same rows do not wait for each other.
    rows = sorted(uses.items(), key=lambda item: item[0])
    for start in range(0, len(rows), AT_ONCE):
        some = [_row(key, found, oldest) for key, found in rows[start : start + AT_ONCE]]
        cursor.execute(statement, [feed, orjson.dumps(some).decode(), oldest.isoformat()])


def _row(key: Key, found: Sum, oldest: date) -> dict[str, Any]:
    return {
        **key._asdict(),
        "first": found.first,
        "last": found.last,
        "days": {day.isoformat(): count for day, count in found.days.items() if day >= oldest},
        "sessions": [text(name)[:200] for name in found.sessions[:SAMPLES]],
    }


_CROWDED = """
SELECT principal, action FROM analyzers_usage
WHERE feed_id = %s AND resource <> '' AND (principal, action) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
GROUP BY principal, action HAVING count(DISTINCT resource) > %s
"""
_TAKE_OUT = """
DELETE FROM analyzers_usage WHERE feed_id = %s AND resource <> '' AND principal = %s AND action = %s
RETURNING account, region, source, denied, first_used_at, last_used_at, days::text, sessions
"""


def _fold_crowded(cursor: Any, feed: int, uses: dict[Key, Sum], oldest: date) -> None:
    """Where the resources of a principal and action have become too many, none is told apart any more."""
    pairs = sorted({(key.principal, key.action) for key in uses if key.resource})
    if not pairs:
        return
    principals, actions = ([pair[place] for pair in pairs] for place in (0, 1))
    cursor.execute(_CROWDED, [feed, principals, actions, MOST_RESOURCES])
    folded = Tally()
    for principal, action in cursor.fetchall():
        cursor.execute(_TAKE_OUT, [feed, principal, action])
        for account, region, source, denied, first, last, days, sessions in cursor.fetchall():
            counts = {date.fromisoformat(day): int(count) for day, count in json.loads(days).items()}
            folded.add(
                Key(principal, account, action, "", region, source, denied), Sum(first, last, counts, list(sessions))
            )
    _write_uses(cursor, feed, folded.uses, oldest)


_UNKNOWN = f"""
INSERT INTO analyzers_unknownevent AS known
    (feed_id, event_source, event_name, count, first_seen_at, last_seen_at, principals)
SELECT %s, event_source, event_name, count, first, last, ARRAY(SELECT jsonb_array_elements_text(principals::jsonb))
FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::text[])
    AS new(event_source, event_name, count, first, last, principals)
ON CONFLICT (feed_id, event_source, event_name) DO UPDATE
SET count = known.count + EXCLUDED.count,
    first_seen_at = LEAST(known.first_seen_at, EXCLUDED.first_seen_at),
    last_seen_at = GREATEST(known.last_seen_at, EXCLUDED.last_seen_at),
    principals = ARRAY(SELECT DISTINCT name FROM unnest(known.principals || EXCLUDED.principals) AS both_(name)
        ORDER BY name LIMIT {SAMPLES})
"""  # noqa: S608 - a number of ours


def _write_unknown(cursor: Any, feed: int, unknown: dict[tuple[str, str], Seen]) -> None:
    rows: dict[tuple[str, str], Seen] = {}
    for (source, name), seen in unknown.items():
        key = (clipped(source, MOST_BYTES["name"]), clipped(name, MOST_BYTES["name"]))
        if key in rows:
            rows[key].add(seen)
        else:
            rows[key] = Seen(seen.count, seen.first, seen.last, list(seen.principals))
    if not rows:
        return
    found = sorted(rows.items())
    cursor.execute(
        _UNKNOWN,
        [
            feed,
            [source for (source, _), _ in found],
            [name for (_, name), _ in found],
            [seen.count for _, seen in found],
            [seen.first for _, seen in found],
            [seen.last for _, seen in found],
            [
                json.dumps([clipped(name, MOST_BYTES["principal"]) for name in seen.principals[:SAMPLES]])
                for _, seen in found
            ],
        ],
    )


def _resolved(uses: dict[Key, Sum]) -> dict[Key, Sum]:
    """Sums as they can be stored, under the ARNs that the inventory has: a session names its role without the path.
    A role that is not there (any more) keeps the ARN of the events."""
    named = {match.groups() for key in uses if (match := _ROLE.match(key.principal))}
    known = roles_by_name(account for _, account, _ in named)
    kept: dict[Key, Sum] = {}
    for key, found in uses.items():
        match = _ROLE.match(key.principal)
        storable = Key(
            clipped(
                known.get((match[2], match[3]), key.principal) if match else key.principal, MOST_BYTES["principal"]
            ),
            text(key.account)[:12],
            clipped(key.action, MOST_BYTES["action"]),
            key.resource if clipped(key.resource, MOST_BYTES["resource"]) == key.resource else "",
            text(key.region)[:32],
            key.source,
            key.denied,
        )
        if storable in kept:
            kept[storable].add(found)
        else:
            kept[storable] = found
    return kept


def roles_by_name(accounts: Iterable[str]) -> dict[tuple[str, str], str]:
    """The ARNs of roles, by account and name: within an account a name is given once, whatever the path."""
    rows = Principal.objects.filter(kind=Principal.Kind.ROLE, account__in=set(accounts)).exclude(path="/")
    return {(account, name): arn for account, name, arn in rows.values_list("account_id", "name", "arn")}


def _note_days(feed: UsageFeed, days: dict[str, set[date]], oldest: date) -> None:
    """Days with events, by account. That they are told in full is only said by `coverage.conclude`."""
    told = {account: {day for day in found if day >= oldest} for account, found in days.items() if _is_account(account)}
    told = {account: found for account, found in told.items() if found}
    known = {
        row.account: row
        for row in UsageCoverage.objects.select_for_update().filter(feed=feed, account__in=told).order_by("account")
    }
    changed, fresh = [], []
    for account, found in sorted(told.items()):
        row = known.get(account)
        if row is None:
            row = UsageCoverage(
                feed=feed, account=account, first_day=min(found), last_day=min(found), holes=[str(min(found))]
            )
            fresh.append(row)
        else:
            changed.append(row)
        row.seen = sorted({*(day for day in row.seen if day >= oldest.isoformat()), *map(str, found)})
    UsageCoverage.objects.bulk_create(fresh)
    UsageCoverage.objects.bulk_update(changed, ["seen"], batch_size=500)


def _is_account(value: str) -> bool:
    return len(value) == 12 and value.isascii() and value.isdigit()


_TRIM = """
UPDATE analyzers_usage AS known
SET days = (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(known.days) WHERE key >= %s)
WHERE feed_id = %s AND EXISTS (SELECT 1 FROM jsonb_object_keys(known.days) AS day WHERE day < %s)
"""


def trim(feed: UsageFeed, today: date | None = None) -> int:
    """Forget counts of days that are older than `KEPT`; in how many rows there were any."""
    oldest = ((today or timezone.now().date()) - KEPT).isoformat()
    with connection.cursor() as cursor:
        cursor.execute(_TRIM, [oldest, feed.pk, oldest])
        return int(cursor.rowcount)


def text(value: str) -> str:
    """As a database can hold it."""
    if value.isascii() and "\x00" not in value:
        return value
    return _NOT_STORED.sub("\ufffd", value)


def clipped(value: str, most: int) -> str:
    """At most so many bytes."""
    value = text(value)
    if value.isascii():
        return value[:most]
    return value if len(value.encode()) <= most else value.encode()[:most].decode("utf-8", "ignore")
