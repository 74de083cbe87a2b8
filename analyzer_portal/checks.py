"""`make test`: every check and test, each with its time. All are run; the exit status says whether all passed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"

PRODUCTION = {
    "SECURE": "1",
    "SECRET_KEY": "only for the check, long enough and with many different characters: 0123456789-abcdefghijk",
    "ALLOWED_HOSTS": "portal.example.com",
}

LINT: list[tuple[str, list[str], dict[str, str]]] = [
    ("ruff", ["ruff", "check", "."], {}),
    ("format", ["ruff", "format", "--check", "."], {}),
    ("types", ["mypy"], {}),
    ("import contracts", ["lint-imports"], {}),
    ("templates", ["djlint", "templates", "--lint", "--quiet"], {}),
    (
        "compose file",
        ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"],
        {},
    ),
    ("inventory schema", ["check-jsonschema", "--check-metaschema", "docs/inventory.schema.json"], {}),
    (
        "example: GitHub action",
        ["check-jsonschema", "--builtin-schema", "vendor.github-actions", "examples/github/action.yml"],
        {},
    ),
    (
        "example: GitHub workflow",
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", "examples/github/workflow.yml"],
        {},
    ),
    (
        "example: GitLab",
        ["check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", "examples/gitlab/.gitlab-ci.yml"],
        {},
    ),
    ("pre-commit hook", ["pre-commit", "validate-manifest", ".pre-commit-hooks.yaml"], {}),
    ("example: pre-commit", ["pre-commit", "validate-config", "examples/pre-commit/.pre-commit-config.yaml"], {}),
    ("Dockerfile", ["hadolint", "Dockerfile"], {}),
    ("deployment", ["python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION),
    ("migrations", ["python", "manage.py", "makemigrations", "--check", "--dry-run"], {}),
]
TESTS: list[tuple[str, list[str], dict[str, str]]] = [
    ("tests", ["python", "-m", "pytest", "-q", "-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder"], {})
]


def chromium() -> str:
    """Where Chromium is; installs it with apt if it is missing and this is root. Empty if there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("  installing Chromium ... ", end="", flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update", "-q"], check=False, **quiet)  # type: ignore[call-overload]
        subprocess.run(["apt-get", "install", "-y", "-q", "chromium"], check=False, **quiet)  # type: ignore[call-overload]
        print("done", flush=True)
    return shutil.which("chromium") or ""


def run(name: str, command: list[str], env: dict[str, str]) -> bool:
    print(f"== {name}", flush=True)
    began = time.monotonic()
    full = {
        **os.environ,
        **env,
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    full.setdefault("DATA", str(ROOT / "var" / "checks"))
    passed = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, env=full, check=False).returncode == 0
    print(f"   {'passed' if passed else 'FAILED'} in {time.monotonic() - began:.1f} s", flush=True)
    return passed


def main(arguments: list[str]) -> int:
    steps = LINT if arguments[:1] == ["lint"] else [*LINT, *TESTS]
    if steps != LINT and not chromium():
        print("Chromium is missing, so pages cannot be tested. Install it, for example: apt-get install chromium")
        return 1
    failed = [name for name, command, env in steps if not run(name, command, env)]
    if failed:
        print(f"\nFailed: {', '.join(failed)}")
        return 1
    print("\nAll checks passed.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
