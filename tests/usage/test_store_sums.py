"""What is kept of tallies: nothing twice, nothing lost, nothing that no event told."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzers.models import Account, Principal, UnknownEvent, Usage, UsageFeed, UsageFile
from analyzers.usage.store import FileRead, add, trim
from analyzers.usage.tally import Seen, Tally

from .tallies import ACCOUNT, ROLE, TODAY, ago, at, key, tally, used


def file(number: int, found: Tally | None, reason: str = "") -> FileRead:
    return FileRead(f"{number}.json.gz", f"{number:064d}", 10, f"e{number}", found, reason)


def test_the_same_file_twice_changes_nothing(feed: UsageFeed) -> None:
    one = file(1, tally({key(): used({ago(3): 2, ago(1): 1}, ["build"])}))
    assert add(feed, [one], today=TODAY) == (1, 0, 0, 3)
    before = list(Usage.objects.values())
    assert add(feed, [one], today=TODAY) == (0, 0, 1, 0)
    assert add(feed, [one._replace(name="copy.json.gz"), one], today=TODAY) == (0, 0, 2, 0)
    assert list(Usage.objects.values()) == before
    assert before[0]["days"] == {ago(3).isoformat(): 2, ago(1).isoformat(): 1}
    assert before[0]["sessions"] == ["build"]


def test_files_add_up_and_late_events_are_taken(feed: UsageFeed) -> None:
    add(feed, [file(1, tally({key(): used({ago(3): 2}, ["b"])}))], today=TODAY)
    add(feed, [file(2, tally({key(): used({ago(9): 1, ago(3): 5}, ["a", "b"])}))], today=TODAY)
    row = Usage.objects.get()
    assert row.days == {ago(9).isoformat(): 1, ago(3).isoformat(): 7}
    assert (row.first_used_at, row.last_used_at) == (at(ago(9)), at(ago(3)))
    assert row.sessions == ["a", "b"]


def test_denied_attempts_regions_and_sources_are_told_apart(feed: UsageFeed) -> None:
    uses = {
        key(): used({ago(1): 1}),
        key(denied=True): used({ago(1): 1}),
        key(region="eu-central-1"): used({ago(1): 1}),
        key(source="CONSOLE"): used({ago(1): 1}),
        key(resource="arn:aws:s3:::b"): used({ago(1): 1}),
    }
    add(feed, [file(1, tally(uses))], today=TODAY)
    assert Usage.objects.count() == 5


def test_a_session_is_folded_into_the_role_that_the_inventory_has(feed: UsageFeed) -> None:
    Account.objects.create(pk=ACCOUNT)
    arn = f"arn:aws:iam::{ACCOUNT}:role/team/app"
    Principal.objects.create(arn=arn, account_id=ACCOUNT, kind="ROLE", name="app", path="/team/")
    gone = f"arn:aws:iam::{ACCOUNT}:role/gone"
    uses = {key(): used({ago(1): 1}), key(principal=arn): used({ago(2): 4}), key(principal=gone): used({ago(5): 1})}
    add(feed, [file(1, tally(uses))], today=TODAY)
    assert set(Usage.objects.values_list("principal", flat=True)) == {arn, gone}
    assert Usage.objects.get(principal=arn).days == {ago(2).isoformat(): 4, ago(1).isoformat(): 1}


def test_counts_of_a_day_are_kept_for_400_days_and_the_last_use_for_good(feed: UsageFeed) -> None:
    add(feed, [file(1, tally({key(): used({ago(900): 1, ago(401): 1, ago(400): 1, ago(1): 1})}))], today=TODAY)
    row = Usage.objects.get()
    assert set(row.days) == {ago(400).isoformat(), ago(1).isoformat()}
    assert row.first_used_at == at(ago(900))
    assert trim(feed, TODAY + timedelta(days=30)) == 1
    row.refresh_from_db()
    assert set(row.days) == {ago(1).isoformat()}
    assert trim(feed, TODAY + timedelta(days=30)) == 0


def test_unknown_events_are_counted(feed: UsageFeed) -> None:
    def seen(count: int, day: int, who: str) -> dict[tuple[str, str], Seen]:
        return {("new.amazonaws.com", "Frobnicate"): Seen(count, at(ago(day)), at(ago(day)), [who])}

    add(feed, [file(1, tally({}, seen(3, 5, ROLE))), file(2, tally({}, seen(4, 2, "x")))], today=TODAY)
    add(feed, [file(3, tally({}, seen(1, 9, ROLE)))], today=TODAY)
    row = UnknownEvent.objects.get()
    assert (row.count, row.first_seen_at, row.last_seen_at) == (8, at(ago(9)), at(ago(2)))
    assert row.principals == [ROLE, "x"]


def test_a_file_that_was_set_aside_is_noted_and_read_when_it_can_be(feed: UsageFeed) -> None:
    assert add(feed, [file(1, None, "cut off")], today=TODAY) == (0, 1, 0, 0)
    assert add(feed, [file(1, None, "cut off")], today=TODAY) == (0, 0, 1, 0)
    assert UsageFile.objects.get().reason == "cut off"
    assert add(feed, [file(1, tally({key(): used({ago(1): 1})}))], today=TODAY) == (1, 0, 0, 1)
    row = UsageFile.objects.get()
    assert (row.status, row.reason, row.events) == ("READ", "", 1)


def test_hostile_text_is_stored_as_what_a_database_can_hold(feed: UsageFeed) -> None:
    long = "x" * 9000
    uses = {
        key("s3:\x00\ud800", principal=f"arn:aws:iam::{ACCOUNT}:role/{long}", resource=long): used({ago(1): 1}, [long]),
        key("s3:a", resource=long + "y", region=long): used({ago(1): 1}),
    }
    unknown = {
        (long, long): Seen(1, at(ago(1)), at(ago(1)), [long]),
        (long + "1", long): Seen(1, at(ago(1)), at(ago(1))),
    }
    found = tally(uses, unknown, days={"not an account": {ago(1)}, ACCOUNT: {ago(1)}})
    add(feed, [FileRead("\udcff" + long, "0" * 64, 1, long, found)], today=TODAY)
    assert Usage.objects.filter(resource="").count() == 2
    assert UnknownEvent.objects.get().count == 2


@pytest.mark.django_db(transaction=True)
def test_a_failure_in_the_middle_leaves_nothing(feed: UsageFeed) -> None:
    class Lost(Exception):
        pass

    def hold() -> None:
        raise Lost

    with pytest.raises(Lost):
        add(feed, [file(1, tally({key(): used({ago(1): 1})}))], hold=hold, today=TODAY)
    broken = tally({key(): used({ago(1): 1})})
    broken.uses[key("b:b")] = None  # type: ignore[assignment]
    with pytest.raises(AttributeError):
        add(feed, [file(1, broken)], today=TODAY)
    assert not UsageFile.objects.exists()
    assert not Usage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_files_at_the_same_time_are_counted_once(feed: UsageFeed) -> None:
    files = [file(number, tally({key(f"s3:a{number % 3}"): used({ago(1): 1})})) for number in range(12)]
    failed: list[Exception] = []

    def read(order: int) -> None:
        try:
            for start in range(0, 12, 3):
                add(feed, [files[(start + n) * order % 12] for n in range(3)], today=TODAY)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=read, args=(order,)) for order in (1, 5, 7, 11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert sum(sum(row.days.values()) for row in Usage.objects.all()) == 12


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(
        st.dictionaries(st.integers(0, 5), st.dictionaries(st.integers(0, 30), st.integers(1, 9), min_size=1)),
        max_size=4,
    ),
    split=st.integers(1, 4),
)
def test_the_sums_do_not_depend_on_how_files_are_put_together(
    parts: list[dict[int, dict[int, int]]], split: int
) -> None:
    tallies = [
        tally(
            {key(f"s3:a{action}"): used({ago(n): count for n, count in days.items()}) for action, days in part.items()}
        )
        for part in parts
    ]
    kept = []
    for step in (1, split):
        UsageFeed.objects.all().delete()
        feed = UsageFeed.objects.create(kind="FOLDER", location="/x")
        files = [file(number, found) for number, found in enumerate(tallies)]
        for start in range(0, len(files), step):
            add(feed, files[start : start + step], today=TODAY)
        kept.append(sorted(Usage.objects.values_list("action", "days", "first_used_at", "last_used_at")))
    assert kept[0] == kept[1]


test_the_sums_do_not_depend_on_how_files_are_put_together = pytest.mark.django_db(
    test_the_sums_do_not_depend_on_how_files_are_put_together
)


def test_too_many_resources_of_an_action_are_not_told_apart(feed: UsageFeed) -> None:
    for number in range(0, 240, 80):
        uses = {
            key("sqs:SendMessage", resource=f"arn:aws:sqs:us-east-1:{ACCOUNT}:q{one}"): used({ago(1): 1, ago(2): 1})
            for one in range(number, number + 80)
        }
        add(feed, [file(number, tally(uses))], today=TODAY)
    row = Usage.objects.get()
    assert (row.resource, row.days) == ("", {ago(1).isoformat(): 240, ago(2).isoformat(): 240})


def test_a_large_tally_costs_a_few_queries(feed: UsageFeed, django_assert_max_num_queries: Any) -> None:
    uses = {
        key(f"s3:action{number % 50}", principal=f"arn:aws:iam::{ACCOUNT}:role/r{number // 50}"): used({ago(5): 2})
        for number in range(5000)
    }
    for number in (1, 2):
        with django_assert_max_num_queries(12):
            add(feed, [file(number, tally(uses))], today=TODAY)
    assert Usage.objects.count() == 5000
    assert Usage.objects.filter(days={ago(5).isoformat(): 4}).count() == 5000
