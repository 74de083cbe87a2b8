"""The embedded servers for a single `manage.py` command."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from .folders import data_folder
from .postgres import NotStarted
from .services import Services

WITHOUT_DATABASE = frozenset(
    {
        "",
        "check",
        "collectstatic",
        "compare_policies",
        "external_findings",
        "help",
        "renew_event_sources",
        "simulate",
        "update_lists",
        "version",
    }
)
"""Commands that need no server."""
ABOUT_MIGRATIONS = frozenset({"makemigrations", "migrate", "showmigrations", "sqlmigrate", "squashmigrations"})


def ensure_for_command(argv: Sequence[str]) -> None:
    """Set DATABASE_URL and REDIS_URL from the embedded servers, unless given or not needed.

    Ends the process with status 2 and says why if they do not start.
    """
    command = argv[1] if len(argv) > 1 else ""
    if command in WITHOUT_DATABASE or command.startswith("-") or {"-h", "--help"} & set(argv):
        return
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return
    services = Services(data_folder())
    try:
        services.acquire()
    except (NotStarted, OSError) as error:
        sys.stderr.write(f"{error}\nSet DATABASE_URL and REDIS_URL to use servers of your own.\n")
        raise SystemExit(2) from error
    atexit.register(services.release)
    signal.signal(signal.SIGTERM, _exit)
    signal.signal(signal.SIGHUP, _exit)
    own_database = not os.environ.get("DATABASE_URL")
    os.environ.setdefault("DATABASE_URL", services.database_url)
    os.environ.setdefault("REDIS_URL", services.redis_url)
    if own_database and command not in ABOUT_MIGRATIONS:
        _migrate()


def _migrate() -> None:
    """Bring the embedded database up to date: nobody else does, and the command would only fail."""
    import django
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    django.setup()
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        sys.stderr.write("Preparing the database ...\n")
        call_command("migrate", verbosity=0, interactive=False)


def _exit(signum: int, frame: FrameType | None) -> None:
    """Leave by the ordinary way, so that what was started is stopped."""
    raise SystemExit(128 + signum)
