"""No finding slips between a new rule and a scan that runs at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection, transaction

from analyzers.kinds.subject import Analysis
from analyzers.models import Analyzer
from findings.actions import CreateRule, record
from findings.actions.locks import hold_rules
from findings.models import ArchiveRule, Finding
from tests.conftest import NOW
from tests.findings.test_record import SUBJECT, VENDOR, way

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def held(analyzer: Analyzer, *, change: bool) -> Iterator[None]:
    """Somebody else, in another connection, is changing rules or recording findings."""
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                hold_rules(analyzer.pk, change=change)
                taken.set()
                done.wait(60)
        finally:
            connection.close()

    other = threading.Thread(target=hold)
    other.start()
    assert taken.wait(60)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        yield
    finally:
        done.set()
        other.join()
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")


def create(analyzer: Analyzer) -> int:
    return CreateRule(analyzer, "vendor", VENDOR, None, existing=True)()[1]


def scan(analyzer: Analyzer) -> None:
    record(analyzer, [(SUBJECT, Analysis((way(),), ""))], NOW)


def test_a_new_rule_waits_for_findings_that_are_being_written(analyzer: Analyzer) -> None:
    with held(analyzer, change=False), pytest.raises(OperationalError, match="lock timeout"):
        create(analyzer)
    assert not ArchiveRule.objects.exists()
    scan(analyzer)
    assert create(analyzer) == 1


def test_a_scan_waits_for_a_rule_that_is_being_written(analyzer: Analyzer) -> None:
    with held(analyzer, change=True), pytest.raises(OperationalError, match="lock timeout"):
        scan(analyzer)
    assert not Finding.objects.exists()


def test_scans_do_not_wait_for_one_another(analyzer: Analyzer) -> None:
    with held(analyzer, change=False):
        scan(analyzer)
    assert Finding.objects.count() == 1


def test_another_analyzer_is_not_held_up(analyzer: Analyzer) -> None:
    other = Analyzer.objects.create(name="two", type="ACCOUNT", scope=analyzer.scope)
    with held(other, change=True):
        scan(analyzer)
        assert create(analyzer) == 1
