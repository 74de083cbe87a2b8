"""Who is outside: names for the accounts, canonical users and identity providers that findings speak of.

What administrators say comes before what is shipped (data/known_accounts.csv), and the names of accounts in the
inventory before both.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from django.db.models import F, Q, TextField
from django.db.models.functions import Cast
from django.db.models.lookups import IRegex

from analyzers.models import Account, KnownAccount

from .models import Finding

SHIPPED = Path(__file__).parent / "data" / "known_accounts.csv"
SHIPPED_DATE = "2026-11-24"
"""When the shipped names were gathered. Sources: docs/known-accounts.md."""
MOST_MATCHES = 200
"""Names that one word of a search may stand for."""

_ACCOUNT = re.compile(r"(?<![0-9:])[0-9]{12}(?![0-9:])")
"""In a sentence; not the account field of an ARN."""


class Outsider(NamedTuple):
    """`kind` as of `KnownAccount`, or empty for an account of the inventory. `by`: whose word it is."""

    identifier: str
    name: str
    kind: str = ""
    note: str = ""
    trusted: bool = False
    by: str = "inventory"

    @property
    def what(self) -> str:
        """The kind in words; empty for an account of the inventory."""
        return str(KnownAccount.Kind(self.kind).label) if self.kind else ""


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, Outsider]:
    """By identifier."""
    with SHIPPED.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {
            row["identifier"]: Outsider(row["identifier"], row["name"], row["kind"], row["note"], by="shipped")
            for row in rows
        }


def identifiers(principal: Mapping[str, Any]) -> list[str]:
    """What names may be known for, of a finding's principal: the narrowest first."""
    found = []
    for kind, value in principal.items():
        text = str(value)
        fields = text.split(":", 5)
        if kind == "Federated":
            host = text.partition("oidc-provider/")[2] or text
            found += [text, host.lower(), *_parents(host.lower())]
        elif kind == "CanonicalUser":
            found.append(text.lower())
        elif text != "*":
            found.append(fields[4] if len(fields) == 6 else text)
    return found


def _parents(host: str) -> Iterator[str]:
    """A provider with a path of its own for each customer is still that provider."""
    while "/" in host:
        host = host.rpartition("/")[0]
        yield host


class Names:
    """The names that some findings need, or all there are."""

    def __init__(self, known: Mapping[str, Outsider]) -> None:
        self._known = known

    def of(self, finding: Finding) -> Outsider | None:
        """Who the finding's principal is."""
        return next((self._known[one] for one in identifiers(finding.principal) if one in self._known), None)

    def told(self, text: str) -> str:
        """A sentence with the name after each account: "Account 111122223333 (Datadog) can ..."."""

        def name(match: re.Match[str]) -> str:
            known = self._known.get(match.group(0))
            return f"{match.group(0)} ({known.name})" if known else match.group(0)

        return _ACCOUNT.sub(name, text)

    def summary(self, finding: Finding) -> str:
        """The finding in one sentence, with the name of whoever is outside."""
        text = str(finding.details.get("summary") or finding.resource)
        head, can, rest = text.partition(" can ")
        told = self.told(head)
        who = self.of(finding)
        if can and who is not None and told == head and who.identifier not in head:
            told = f"{head} ({who.name})"
        elif can and who is not None and told == head:
            told = head.replace(who.identifier, f"{who.identifier} ({who.name})", 1)
        return told + can + rest


def names_of(rows: Iterable[Finding]) -> Names:
    """The names that these findings need."""
    return _names({one for row in rows for one in (*identifiers(row.principal), *_in_summary(row))})


def _in_summary(row: Finding) -> list[str]:
    return _ACCOUNT.findall(str(row.details.get("summary", "")))


def all_names() -> Names:
    """Every name, for exports."""
    return _names(None)


def _names(wanted: set[str] | None) -> Names:
    rows, accounts = KnownAccount.objects.all(), Account.objects.exclude(name="")
    if wanted is not None:
        rows, accounts = rows.filter(identifier__in=wanted), accounts.filter(pk__in=wanted)
    known = {key: value for key, value in shipped().items() if wanted is None or key in wanted}
    for row in rows:
        known[row.identifier] = Outsider(row.identifier, row.name, row.kind, row.note, row.trusted, by="list")
    for pk, name in accounts.values_list("pk", "name"):
        known[pk] = Outsider(pk, name)
    return Names(known)


def called(word: str) -> Q:
    """Findings whose principal has a name that holds the word."""
    found = list(KnownAccount.objects.filter(name__icontains=word).values_list("identifier", flat=True)[:MOST_MATCHES])
    overruled = set(KnownAccount.objects.filter(identifier__in=shipped()).values_list("identifier", flat=True))
    found += [key for key, value in shipped().items() if word.lower() in value.name.lower() and key not in overruled][
        :MOST_MATCHES
    ]
    if not found:
        return Q(pk__in=[])
    text = Cast(F("principal"), TextField())
    return Q(IRegex(text, "|".join(re.escape(identifier) for identifier in found)))
