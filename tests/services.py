"""Real PostgreSQL and Redis for the tests: those of DATABASE_URL and REDIS_URL, else embedded ones for one run."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
    from analyzer_portal.embedded.services import Services

    _folder = Path(tempfile.mkdtemp(prefix="portal-tests-"))
    _folder.chmod(0o755)
    _services = Services(_folder)
    _services.acquire()
    os.environ["DATABASE_URL"] = _services.database_url
    os.environ["REDIS_URL"] = _services.redis_url

    def _stop() -> None:
        _services.release(wait=0)
        shutil.rmtree(_folder, ignore_errors=True)

    atexit.register(_stop)
os.environ.setdefault("SECRET_KEY", "only for tests " * 4)
if "DATA" not in os.environ:
    os.environ["DATA"] = tempfile.mkdtemp(prefix="portal-data-")
    atexit.register(shutil.rmtree, os.environ["DATA"], ignore_errors=True)
