"""Changed inventory is scanned at once."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from analyzers.models import SCANNED_TYPES, Account, Analyzer


def scan_affected(sender: Any, accounts: frozenset[str], **kwargs: Any) -> None:
    """Start scans of the analyzers whose zone holds one of the accounts, once the import is committed."""
    scopes = {*accounts, *Account.objects.filter(pk__in=accounts).values_list("organization", flat=True)}
    affected = list(Analyzer.objects.filter(type__in=SCANNED_TYPES, scope__in=scopes - {None}))

    def start() -> None:
        from analyzers.tasks import start_scan

        for analyzer in affected:
            start_scan(analyzer, reason="import")

    if affected:
        transaction.on_commit(start)
