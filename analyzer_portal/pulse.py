"""Exit status 0 if beat has left a sign of life lately; for container health checks."""

from __future__ import annotations

import os
import sys


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "analyzer_portal.settings")
    import django

    django.setup()
    from .health import beat

    return 1 if beat() else 0


if __name__ == "__main__":
    sys.exit(main())
