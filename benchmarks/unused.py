"""Whole scans for unused access: from inventory and usage in PostgreSQL to findings there. With a database of its own.

`python -m benchmarks unused [principals]`
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import datetime, timedelta
from pathlib import Path

from .internal import processor_time

ROOT = Path(__file__).resolve().parent.parent
ACCOUNTS = 20
MANY = 100_000
"""Findings with which the numbers of the dashboard are asked for."""
STATEMENTS = 200
"""Distinct policies, each held by many, as in real organizations."""


def main() -> None:
    principals = sys.argv[2] if len(sys.argv) > 2 and sys.argv[2].isdigit() else "10000"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        env = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
        env |= {"DATA": str(folder / "data"), "DJANGO_SETTINGS_MODULE": "analyzer_portal.settings"}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=env, check=True)
        code = f"from benchmarks.unused import measure; measure({principals})"
        subprocess.run([sys.executable, "manage.py", "shell", "-v0", "-c", code], cwd=ROOT, env=env, check=True)


def measure(principals: int) -> None:
    """In a process with the database: a first scan, one without a change, one on the next day; then the dashboard."""
    from django.utils import timezone

    from analyzers.actions import CreateAnalyzer
    from analyzers.models import Scan
    from analyzers.scans import request_scan, work
    from findings import unused_statistics
    from findings.models import Finding

    _make(principals, timezone.now())
    analyzer = CreateAnalyzer("unused", "ORGANIZATION_UNUSED_ACCESS", "o-1", None)()

    def scan(what: str, later: int = 0) -> None:
        began, used = time.monotonic(), processor_time()
        made = request_scan(analyzer)
        Scan.objects.filter(pk=made.pk).update(started_at=timezone.now() + timedelta(days=later))
        work(made.pk)
        made.refresh_from_db()
        print(
            f"{what}: {time.monotonic() - began:.1f} s clock, {processor_time() - used:.1f} s processor; "
            f"{made.resources_done:,} users and roles, {made.findings_new:,} findings new, "
            f"{made.resources_failed:,} not known in full, {Finding.objects.count():,} findings in all",
            flush=True,
        )

    scan("first scan")
    scan("again, nothing changed")
    scan("on the next day", later=1)
    _multiply(MANY)
    today = timezone.now()
    print(f"With {Finding.objects.count():,} findings:", flush=True)
    for name, ask in {
        "statistics": lambda: unused_statistics.statistics(analyzer),
        "by age": lambda: unused_statistics.by_age(analyzer, today),
        "gaps": lambda: (unused_statistics.gaps(analyzer), unused_statistics.total_gap(analyzer)),
        "trend": lambda: unused_statistics.trend(analyzer, 90, today.date()),
        "unknown": lambda: unused_statistics.unknown_reasons(analyzer),
    }.items():
        began = time.monotonic()
        ask()
        print(f"{name}: {1000 * (time.monotonic() - began):.0f} ms", flush=True)


def _make(principals: int, now: datetime) -> None:
    """One in twelve may do everything; the others hold one to four of the policies. Each used a few services."""
    from analyzers import catalogue
    from analyzers.models import (
        Account,
        Document,
        LastAccessedReport,
        Organization,
        Principal,
        PrincipalPolicy,
        Usage,
        UsageFeed,
    )

    chance = random.Random(1)
    organization = Organization.objects.create(id="o-1", management_account="9" * 12, root="r-1")
    accounts = [Account(id=f"{100000000000 + n}", organization=organization) for n in range(ACCOUNTS)]
    Account.objects.bulk_create(accounts)
    prefixes = [one.prefix for one in catalogue.services() if len(catalogue.actions_of(one.prefix)) > 10]
    texts, allowed = [_policy(["*"])], [prefixes]
    for _ in range(STATEMENTS):
        some = chance.sample(prefixes, chance.randint(1, 6))
        names = [f"{one}:*" if chance.random() < 0.4 else _some(chance, one) for one in some]
        texts.append(_policy(names))
        allowed.append(some)
    documents = [Document(sha256=Document.digest(text), text=text) for text in texts]
    Document.objects.bulk_create(documents, ignore_conflicts=True)
    feed = UsageFeed.objects.create(kind="FOLDER", location="/made")
    people, held, reports, uses = [], [], [], []
    for number in range(principals):
        account, user = chance.choice(accounts).pk, chance.random() < 0.2
        arn = f"arn:aws:iam::{account}:{'user' if user else 'role'}/p{number}"
        age, last = chance.randint(20, 900), chance.choice([1, 5, 40, 150, None])
        used = None if last is None else now - timedelta(days=last)
        key = {"id": f"AKIA{number}", "status": "Active", "created_at": (now - timedelta(days=age)).isoformat()}
        key |= {"known": True, "last_used_at": used and used.isoformat()}
        person = Principal(
            arn=arn,
            account_id=account,
            kind="USER" if user else "ROLE",
            name=f"p{number}",
            created_at=now - timedelta(days=age),
            read_at=now,
            last_used_at=None if user else used,
            last_used_known=not user,
            credentials={"access_keys": [key], "password": None} if user else {},
        )
        people.append(person)
        chosen = [0] if number % 12 == 0 else chance.sample(range(1, STATEMENTS + 1), chance.randint(1, 4))
        held += [
            PrincipalPolicy(
                principal=person,
                kind="MANAGED",
                name=f"m{n}",
                arn=f"arn:aws:iam::aws:policy/m{n}",
                document=documents[n],
            )
            for n in chosen
        ]
        services = sorted({prefix for n in chosen for prefix in allowed[n]})
        busy = set(chance.sample(services, min(len(services), 5))) if used else set()
        reports.append(
            LastAccessedReport(
                principal=arn,
                account=account,
                asked_at=now,
                by_action=True,
                services=[
                    {
                        "service": prefix,
                        "last_accessed": used.isoformat() if used and prefix in busy else None,
                        "actions": [
                            {"action": one.name, "last_accessed": None} for one in catalogue.actions_of(prefix)[:40]
                        ]
                        if prefix in busy
                        else [],
                    }
                    for prefix in services
                ],
            )
        )
        for prefix in sorted(busy):
            for one in catalogue.actions_of(prefix)[:4]:
                uses.append(
                    Usage(
                        feed=feed,
                        principal=arn,
                        account=account,
                        action=one.full_name,
                        first_used_at=used,
                        last_used_at=used,
                        days={used.date().isoformat(): 3} if used else {},
                    )
                )
    for model, rows in ((Principal, people), (PrincipalPolicy, held), (LastAccessedReport, reports), (Usage, uses)):
        model._default_manager.bulk_create(rows, batch_size=1000)


def _multiply(wanted: int) -> None:
    """Copies of the findings and of their events, until there are so many."""
    from findings.actions.copying import copy_in
    from findings.models import Event, Finding

    rows = list(Finding.objects.all())
    for row in rows:
        row.details = {"summary": row.details["summary"]}
    number = len(rows)
    while number < wanted:
        copies = []
        for row in rows:
            number += 1
            row.pk, row.key = uuid.uuid4(), f"{number:064d}"
            copies.append(Event(finding=row, kind="CREATED", at=row.created_at, new_status="ACTIVE"))
        copy_in(Finding, rows)
        copy_in(Event, copies)


def _policy(actions: list[str]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})


def _some(chance: random.Random, prefix: str) -> str:
    from analyzers import catalogue

    return chance.choice(catalogue.actions_of(prefix)).full_name


if __name__ == "__main__":
    main()
