"""A worker that is killed in the middle of a chunk: a real process, a real SIGKILL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from analyzers.models import Account, Analyzer, Document, Resource, ResourceDocument, Scan, ScanChunk
from analyzers.scans import hand_out_again, request_scan, work
from findings.models import Event, Finding

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}'
)
WORKER = """
import sys, time
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
django.setup()
import analyzers.scans.work
working = sys.modules["analyzers.scans.work"]  # the package has a function of the same name
record, recorded = working.record, []

def record_half(analyzer, answers, now, **more):
    done = record(analyzer, answers, now, **more)
    recorded.append(done)
    if len(recorded) == 2:
        print("written, not committed", flush=True)
        time.sleep(600)
    return done

working.record = record_half
working.work(int(sys.argv[2]))
"""


@pytest.mark.django_db(transaction=True)
def test_another_worker_finishes_what_a_killed_one_began(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzers.scans.plan.CHUNK", 2)
    account = Account.objects.create(pk="111122223333", name="shop")
    analyzer = Analyzer.objects.create(name="one", type="ACCOUNT", scope=account.pk)
    document = Document.objects.create(sha256=Document.digest(PUBLIC), text=PUBLIC)
    for number in range(6):
        resource = Resource.objects.create(arn=f"arn:aws:s3:::b{number}", account=account, type="AWS::S3::Bucket")
        ResourceDocument.objects.create(resource=resource, channel="POLICY", document=document)
    scan = request_scan(analyzer)

    name = str(connection.settings_dict["NAME"])
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "analyzer_portal.settings"}
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, name, str(scan.pk)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        try:
            assert worker.stdout.readline() == "written, not committed\n"
        finally:
            worker.send_signal(signal.SIGKILL)
    assert worker.returncode == -signal.SIGKILL

    assert Finding.objects.count() == 2, "the first chunk, and no half of the second"
    lost = ScanChunk.objects.get(scan=scan, status=ScanChunk.Status.LEASED)
    ScanChunk.objects.filter(pk=lost.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert hand_out_again() == [scan.pk]
    work(scan.pk)

    scan.refresh_from_db()
    assert (scan.status, scan.resources_done, scan.findings_new) == (Scan.Status.COMPLETED, 6, 6)
    assert Finding.objects.values("resource").distinct().count() == Finding.objects.count() == 6
    assert Event.objects.count() == 6
