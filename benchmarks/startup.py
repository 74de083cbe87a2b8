"""From `make run` in a fresh clone to the ready line: first and second start. `python -m benchmarks startup`"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def start(folder: Path, port: int) -> float:
    """Seconds until the ready line; the portal is stopped again."""
    env = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL", "DATA"}}
    began = time.monotonic()
    process = subprocess.Popen(
        ["make", "run"],
        cwd=folder,
        env={**env, "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    seen = ""
    try:
        for line in process.stdout or ():
            seen += line
            if line.startswith("Portal ready"):
                return time.monotonic() - began
        raise RuntimeError(seen)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        subprocess.run(["git", "clone", "-q", str(ROOT), str(folder / "clone")], check=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        first = start(folder / "clone", port)
        second = start(folder / "clone", port)
        print(f"first start {first:.0f} s, second start {second:.1f} s (packages may come from a local cache)")


if __name__ == "__main__":
    main()
