"""Changed inventory and new evidence of use are scanned at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from analyzers.models import SCANNED_TYPES, UNUSED_TYPES, Account, Analyzer


def scan_affected(
    sender: Any, accounts: frozenset[str], told_of_use: frozenset[str] = frozenset(), **kwargs: Any
) -> None:
    """Start scans of the analyzers whose zone holds one of the accounts, once the import is committed. `told_of_use`:
    accounts of which unused access alone has to be judged anew."""
    affected = _analyzers(accounts, SCANNED_TYPES)
    known = {analyzer.pk for analyzer in affected}
    affected += [one for one in _analyzers(told_of_use, UNUSED_TYPES) if one.pk not in known]
    _start(affected, "import")


def usage_changed(accounts: Iterable[str]) -> None:
    """After a reading of usage: judge unused access of these accounts (ids) anew, once it is committed. The scans that
    run meanwhile are followed by another."""
    _start(_analyzers(accounts, UNUSED_TYPES), "usage")


def _analyzers(accounts: Iterable[str], types: Iterable[str]) -> list[Analyzer]:
    accounts = set(accounts)
    scopes = {*accounts, *Account.objects.filter(pk__in=accounts).values_list("organization", flat=True)} - {None}
    return list(Analyzer.objects.filter(type__in=list(types), scope__in=scopes))


def _start(analyzers: list[Analyzer], reason: str) -> None:
    def start() -> None:
        from analyzers.tasks import start_scan

        for analyzer in analyzers:
            start_scan(analyzer, reason=reason)

    if analyzers:
        transaction.on_commit(start)
