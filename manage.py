#!/usr/bin/env python
"""Django's command line. Starts the embedded servers where none are given."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "analyzer_portal.settings")
    from analyzer_portal.embedded import ensure_for_command

    ensure_for_command(sys.argv)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
