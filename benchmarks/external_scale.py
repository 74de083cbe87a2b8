"""Scanning a large organization for external access: PostgreSQL, chunks, two worker processes, the same code as in use.

    python -m benchmarks external_scale [RESOURCES]

Prints the time of a first scan, of one without changes and of one after a hundredth of the policies changed, and how
much memory a worker with its solver took at most.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.estate import ORGANIZATION, Estate

ROOT = Path(__file__).resolve().parent.parent
WORKERS = 2
WORKER = """
import sys, django
django.setup()
from analyzers.scans import work
if len(sys.argv) > 2:
    import cProfile
    cProfile.run("work(int(sys.argv[1]))", sys.argv[2])
else:
    work(int(sys.argv[1]))
"""


def _fill(estate: Estate) -> float:
    """The inventory straight into its tables, which is not what is measured."""
    from django.db import connection

    from analyzers.inventory.load import load

    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "head.json"
        path.write_text(json.dumps(estate.head()))
        if load([path]).status != "COMPLETED":
            raise SystemExit("the accounts could not be loaded")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE given (arn text, account text, type text, region text, sha text)")
        cursor.execute("CREATE TEMPORARY TABLE texts (sha text, body text)")
        for batch in _batches(estate.elements(), 20_000):
            with cursor.copy("COPY texts FROM STDIN") as copy:
                for value in batch:
                    value["sha"] = hashlib.sha256(value["policy"].encode()).hexdigest()
                    copy.write_row((value["sha"], value["policy"]))
            with cursor.copy("COPY given FROM STDIN") as copy:
                for value in batch:
                    copy.write_row([value[name] for name in ("arn", "account", "type", "region", "sha")])
        cursor.execute("INSERT INTO analyzers_document (sha256, text) SELECT DISTINCT ON (sha) sha, body FROM texts")
        cursor.execute(
            "INSERT INTO analyzers_resource"
            " (arn, account_id, type, region, name, tags, configuration, error, input_hash)"
            " SELECT arn, account, type, region, '', '{}', '{}', '', '' FROM given"
        )
        cursor.execute(
            "INSERT INTO analyzers_resourcedocument (resource_id, channel, name, document_id)"
            " SELECT r.id, 'POLICY', '', g.sha FROM given g JOIN analyzers_resource r USING (arn)"
        )
        cursor.execute("DROP TABLE given")
        cursor.execute("DROP TABLE texts")
        cursor.execute("ANALYZE")
    return time.monotonic() - began


def _batches(values: Iterator[Any], size: int) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for value in values:
        batch.append(value)
        if len(batch) == size:
            yield batch
            batch = []
    yield batch


def _change(share: float) -> int:
    """Other policies for some resources: those of others of the same type."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "WITH chosen AS (SELECT d.id, r.type, row_number() OVER (PARTITION BY r.type ORDER BY r.id) AS n,"
            " d.document_id FROM analyzers_resource r JOIN analyzers_resourcedocument d ON d.resource_id = r.id"
            " WHERE r.id %% %s = 0)"
            " UPDATE analyzers_resourcedocument d SET document_id = b.document_id FROM chosen a JOIN chosen b"
            " ON a.type = b.type AND b.n = a.n + 1 WHERE d.id = a.id",
            [int(1 / share)],
        )
        return int(cursor.rowcount)


def _scan(analyzer: Any, database: int) -> tuple[float, float, int, Any]:
    """Seconds to plan, seconds in all, megabytes of the largest worker with its solver, the scan."""
    from django.db import connection

    from analyzers.scans import request_scan

    began = time.monotonic()
    scan = request_scan(analyzer)
    planned = time.monotonic() - began
    connection.close()
    profile = os.environ.get("PROFILE")
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(scan.pk), *([f"{profile}.{scan.pk}.{n}"] if profile else [])], cwd=ROOT
        )
        for n in range(WORKERS)
    ]
    clock = _Clock([worker.pid for worker in workers], database)
    most = 0
    shown = time.monotonic()
    while any(worker.poll() is None for worker in workers):
        most = max(most, *(_megabytes(worker.pid) for worker in workers))
        clock.look()
        if time.monotonic() - shown > 60:
            scan.refresh_from_db()
            print(f"  {scan.resources_done:,} after {time.monotonic() - began:.0f} s", flush=True)
            shown = time.monotonic()
        time.sleep(0.2)
    seconds = time.monotonic() - began
    print(f"  computing time: {clock}", flush=True)
    scan.refresh_from_db()
    if scan.status != "COMPLETED":
        raise SystemExit(f"the scan ended as {scan.status}")
    return planned, seconds, most, scan


class _Clock:
    """Computing time of the workers, their solvers and PostgreSQL, which other work on the machine does not change."""

    def __init__(self, workers: list[int], database: int) -> None:
        self._workers, self._database = workers, database
        self._seen: dict[tuple[str, int], float] = {}
        self._before = _seconds(database, ended=True) + sum(_seconds(pid) for pid in _children(database))

    def look(self) -> None:
        for worker in self._workers:
            self._seen["workers", worker] = max(_seconds(worker), self._seen.get(("workers", worker), 0))
            for child in _children(worker):
                self._seen["solvers", child] = _seconds(child)

    def __str__(self) -> str:
        told = {what: sum(s for (kind, _), s in self._seen.items() if kind == what) for what in ("workers", "solvers")}
        after = _seconds(self._database, ended=True) + sum(_seconds(pid) for pid in _children(self._database))
        told["PostgreSQL"] = after - self._before
        return ", ".join(f"{what} {seconds:.0f} s" for what, seconds in told.items())


def _seconds(pid: int, *, ended: bool = False) -> float:
    """Computing time of a process. `ended`: with that of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11 : 15 if ended else 13])) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except OSError:
            continue
    return found


def _postmaster(data: Path) -> int:
    return int(next(data.rglob("postmaster.pid")).read_text().splitlines()[0])


def _megabytes(pid: int) -> int:
    """What a process and its children have in memory."""
    total = 0
    for one in [pid, *_children(pid)]:
        try:
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1])
        except OSError:
            continue
    return total * os.sysconf("SC_PAGE_SIZE") // 1_000_000


def main() -> None:
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    from analyzer_portal.embedded.services import Services

    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        Path(folder).chmod(0o755)
        services = Services(Path(folder))
        services.acquire()
        os.environ |= {
            "DATABASE_URL": services.database_url,
            "REDIS_URL": services.redis_url,
            "DATA": folder,
            "DJANGO_SETTINGS_MODULE": "analyzer_portal.settings",
        }
        try:
            _measure(count, _postmaster(Path(folder)))
        finally:
            services.release(wait=0)


def _measure(count: int, database: int) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    from analyzers.models import Analyzer
    from findings.models import Finding

    call_command("migrate", verbosity=0)
    estate = Estate(count, max(1, count // 50))
    print(f"{count:,} resources with {estate.policies:,} distinct policies in {estate.accounts} accounts", flush=True)
    print(f"  loaded in {_fill(estate):.0f} s", flush=True)
    analyzer = Analyzer.objects.create(name="all", type="ORGANIZATION", scope=ORGANIZATION)
    for label in ("first scan", "scan without changes", "scan after 1 % changed"):
        if label.endswith("changed"):
            print(f"  {_change(0.01):,} resources changed", flush=True)
        planned, seconds, most, scan = _scan(analyzer, database)
        print(
            f"{label}: {seconds:.0f} s ({planned:.1f} s to plan), {count / seconds:,.0f} resources/s, "
            f"{scan.findings_new:,} new findings, {scan.resources_failed} not analysed, "
            f"at most {most} MB a worker with its solver",
            flush=True,
        )
    print(f"{Finding.objects.count():,} findings in all")


if __name__ == "__main__":
    main()
