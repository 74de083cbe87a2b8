"""Collecting 30 accounts in 3 regions from moto's server, a process of its own. `python -m benchmarks collect [N]`

Prints calls a second and the idle share: how much of the readers' time is waiting for the server's answers. Uses a
database of its own in a temporary folder.
"""

from __future__ import annotations

import atexit
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REGIONS = ("us-east-1", "eu-central-1", "ap-southeast-2")
READERS = 8
SEED = 11


def _database() -> None:
    from analyzer_portal.embedded.services import Services

    folder = Path(tempfile.mkdtemp(prefix="portal-bench-"))
    folder.chmod(0o755)
    services = Services(folder)
    services.acquire()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(services.release, wait=0)
    os.environ |= {
        "DATA": str(folder),
        "DATABASE_URL": services.database_url,
        "REDIS_URL": services.redis_url,
        "DJANGO_SETTINGS_MODULE": "analyzer_portal.settings",
        "COLLECT_ATTEMPTS": "1",
        "LOG_LEVEL": "ERROR",
    }


def _server() -> str:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    quiet = {**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
    process = subprocess.Popen(command, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(process.terminate)
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return f"http://127.0.0.1:{port}"
    raise SystemExit("moto's server does not answer")


def _cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def main() -> None:
    accounts = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    _database()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    server = _server()
    own = {"AWS_ENDPOINT_URL": server, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    os.environ |= {**own, "AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": os.devnull}
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection
    from django.db.models import Sum

    from analyzers.actions import StartCollection
    from analyzers.collect.work import access_for, work
    from analyzers.models import CollectionPart, Resource
    from tests.collect.world import World

    World(server, SEED, accounts).build()
    collection = StartCollection(user=None, organization=True, regions=REGIONS, wake=False)()
    access = access_for(collection)

    def read() -> None:
        try:
            work(collection.pk, access=access, wait=True)
        finally:
            connection.close()

    began, cpu = time.monotonic(), _cpu(resource.RUSAGE_SELF)
    with ThreadPoolExecutor(READERS) as pool:
        for future in [pool.submit(read) for _ in range(READERS)]:
            future.result()
    seconds, cpu = time.monotonic() - began, _cpu(resource.RUSAGE_SELF) - cpu
    parts = CollectionPart.objects.filter(collection=collection)
    sums = parts.aggregate(calls=Sum("calls"), seconds=Sum("seconds"), waited=Sum("waited"))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{accounts} accounts, {len(REGIONS)} regions, {READERS} readers in one process: {parts.count():,} parts,")
    print(f"  {sums['calls']:,} calls, {Resource.objects.count():,} resources in {seconds:.0f} s")
    print(
        f"{sums['calls'] / seconds:,.0f} calls a second, {1000 * cpu / sums['calls']:.1f} ms of own processor time each"
    )
    print(f"idle share: {100 * (1 - min(1, cpu / seconds)):.0f} % of the wall clock without own processor time,")
    print(f"  {100 * sums['waited'] / sums['seconds']:.0f} % of the readers' time within calls, {memory} MB")


if __name__ == "__main__":
    main()
