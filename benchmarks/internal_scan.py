"""Whole scans for internal access: from the inventory in PostgreSQL to findings there. With a database of its own.

`python -m benchmarks internal_scan [principals]`
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .internal import processor_time
from .organization import ORGANIZATION, TYPES, Size, inventory, make

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    principals = sys.argv[2] if len(sys.argv) > 2 and sys.argv[2].isdigit() else "10000"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "organization.json").write_text(json.dumps(inventory(make(Size(principals=int(principals))))))
        env = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
        env |= {"DATA": str(folder / "data"), "DJANGO_SETTINGS_MODULE": "analyzer_portal.settings"}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=env, check=True)
        command = [sys.executable, "manage.py", "import_inventory", "-v0", str(folder / "organization.json")]
        subprocess.run(command, cwd=ROOT, env=env, check=True)
        code = "from benchmarks.internal_scan import measure; measure()"
        subprocess.run([sys.executable, "manage.py", "shell", "-v0", "-c", code], cwd=ROOT, env=env, check=True)


def measure() -> None:
    """In a process with the database: a first scan, one without a change, one after a policy changed."""
    from analyzers.actions import CreateAnalyzer
    from analyzers.inventory.selection import configuration_of
    from analyzers.models import Document, PrincipalPolicy
    from analyzers.scans import request_scan, work
    from findings.models import Finding

    chosen = configuration_of([{"resourceTypes": sorted(set(TYPES))}])  # all but roles, of which there are thousands
    analyzer = CreateAnalyzer("inside", "ORGANIZATION_INTERNAL_ACCESS", ORGANIZATION, None, chosen)()

    def scan(what: str) -> None:
        began, used = time.monotonic(), processor_time()
        made = request_scan(analyzer)
        work(made.pk)
        made.refresh_from_db()
        print(
            f"{what}: {time.monotonic() - began:.1f} s clock, {processor_time() - used:.1f} s processor; "
            f"{made.resources_done:,} resources, {made.findings_new:,} findings new, "
            f"{made.findings_resolved:,} resolved, {Finding.objects.count():,} in all",
            flush=True,
        )

    scan("first scan")
    scan("again, nothing changed")
    row = PrincipalPolicy.objects.filter(kind="MANAGED", name__startswith="shared").order_by("-name").first()
    if row is None or row.document is None:
        raise SystemExit("no policy to change")
    said = json.loads(row.document.text)
    said["Statement"].insert(0, {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"})
    text = json.dumps(said)
    document, _ = Document.objects.get_or_create(sha256=Document.digest(text), defaults={"text": text})
    holders = PrincipalPolicy.objects.filter(arn=row.arn).update(document=document)
    scan(f"one changed policy, held by {holders}")


if __name__ == "__main__":
    main()
