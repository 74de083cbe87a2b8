"""`make bench`: every measurement, one after the other. `python -m benchmarks external` runs one.

A number after the name changes the size.
"""

from __future__ import annotations

import importlib
import platform
import sys
import time

ALL = (
    "policy",
    "reasoning",
    "external",
    "internal",
    "internal_scan",
    "unused",
    "usage",
    "usage_store",
    "recommendation",
    "validation",
    "checks",
    "inventory",
    "collect",
    "startup",
)


def main(names: list[str]) -> int:
    print(f"Python {platform.python_version()} on {platform.machine()}, {platform.system()}\n")
    for name in [name for name in names if not name.isdigit()] or ALL:
        print(f"== {name}", flush=True)
        began = time.monotonic()
        importlib.import_module(f"benchmarks.{name}").main()
        print(f"   ({time.monotonic() - began:.0f} s)\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
