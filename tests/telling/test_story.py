"""The whole story, by the commands of `examples/` as they stand there: a template lets a stranger in, it fails with the
right statement, the issue is written, the mended template passes, the issue is closed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import TOKEN
from .server import GitHub, GitLab, Service

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
SHIM = f"""#!/bin/bash
case "$(basename "$0") $1 $2" in
  analyzer-portal*) export PYTHONPATH={ROOT}; exec {sys.executable} -m analyzers.checks.cli.main "$@" ;;
  *"-m venv") mkdir -p "$3/bin"; cp -r "$SHIMS"/* "$3/bin" ;;
  *"-m pip") echo "$PWD ${{*:3}}" >> "$INSTALLED" ;;
  *) echo "not expected: $0 $*" >&2; exit 99 ;;
esac
"""


class Machine:
    """A shell like a pipeline's, in which installing is only written down."""

    def __init__(self, folder: Path) -> None:
        self.home = folder
        self.installed = folder / "installed.txt"
        shims = folder / "shims"
        shims.mkdir()
        for name in ("analyzer-portal", "python", "python3.11"):
            (shims / name).write_text(SHIM)
            (shims / name).chmod(0o755)
        self.project = folder / "project"
        shutil.copytree(EXAMPLES / "shop", self.project)
        self.env = {
            "PATH": f"{shims}:/usr/bin:/bin",
            "SHIMS": str(shims),
            "HOME": str(folder),
            "INSTALLED": str(self.installed),
            "GITHUB_SECONDS_BETWEEN_WRITES": "0",
            "LANG": "C.UTF-8",
        }

    def run(self, script: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
            env=self.env | (env or {}),
            cwd=cwd or self.project,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert TOKEN not in done.stdout + done.stderr
        return done.returncode, done.stdout + done.stderr

    def mend(self) -> None:
        """As the output says: "Remove statement 1 (Partner)", which begins in line 20."""
        path = self.project / "template.yaml"
        lines = path.read_text().splitlines(keepends=True)
        assert "Sid: Partner" in lines[19]
        path.write_text("".join(lines[:19]))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def load(name: str) -> Any:
    return yaml.safe_load((EXAMPLES / name).read_text())


def is_our_project(installed: str) -> bool:
    """From a checkout, or from a pinned reference of git; from nowhere else."""
    return bool(re.search(r"analyzer-portal @ git\+https://[^@ ]+@v[0-9.]+$", installed))


def test_readme_shows_what_its_commands_do(machine: Machine) -> None:
    text = (EXAMPLES / "README.md").read_text()
    block = re.compile(r"^```sh\n(.*?)^```\n(?:(`{3,})text\n(.*?)^\2\n)?", re.DOTALL | re.MULTILINE)
    blocks = block.findall(text)
    assert len(blocks) == 4
    script = "\necho '#### next'\n".join(commands for commands, _, _ in blocks)
    _, out = machine.run(f"set +e\n{script}", cwd=ROOT)
    shown = out.split("#### next\n")
    if os.environ.get("WRITE_EXAMPLES"):
        left = iter(shown)

        def renewed(found: re.Match[str]) -> str:
            told = next(left)
            return f"```sh\n{found[1]}```\n{found[2]}text\n{told}{found[2]}\n" if found[2] else found[0]

        (EXAMPLES / "README.md").write_text(block.sub(renewed, text))
        return
    assert shown == [told for _, _, told in blocks]
    assert machine.installed.read_text() == f"{ROOT} install --quiet .\n"


def action(machine: Machine, github: GitHub, pull_request: str = "", **inputs: str) -> tuple[int, str]:
    """Runs the action's steps as GitHub does: the first that fails ends it."""
    found = load("github/action.yml")
    values = {f"inputs.{name}": str(one.get("default", "")) for name, one in found["inputs"].items()}
    values |= {f"inputs.{name}": value for name, value in inputs.items()}
    values |= {"github.token": TOKEN, "github.action_path": str(EXAMPLES / "github")}
    values |= {"runner.temp": str(machine.home), "github.event.pull_request.number": pull_request}
    output = machine.home / "output.txt"
    output.write_text("")
    fixed = {
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(machine.home / "summary.md"),
        "GITHUB_API_URL": github.url,
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_ACTIONS": "true",
    }

    def filled(value: str) -> str:
        values["steps.check.outputs.status"] = output.read_text().strip().removeprefix("status=")
        while "${{" in value:
            value = re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda name: values[name[1]], value)
        return value

    told = ""
    for step in found["runs"]["steps"]:
        if "run" in step:
            env = {name: filled(value) for name, value in step.get("env", {}).items()}
            assert "${{" not in step["run"]
            status, out = machine.run(step["run"], fixed | env)
            told += out
            if status:
                return status, told
    return 0, told


@pytest.mark.parametrize("pull_request", ["", "7"])
def test_github(machine: Machine, github: GitHub, pull_request: str) -> None:
    github.user = ""  # a workflow's token
    given = load("github/workflow.yml")["jobs"]["policies"]["steps"][1]["with"]
    status, out = action(machine, github, pull_request, **given)
    assert status == 1
    assert "::error file=template.yaml,line=23,col=20" in out
    told = github.comments if pull_request else github.issues
    assert len(told) == 1
    assert "Statement 1 \\(Partner\\) allows what the reference does not" in told[0]["body"]
    assert "**Mend:** Remove statement 1 \\(Partner\\)" in told[0]["body"]
    assert "arn:aws:iam::999988887777:root could call s3:GetObject" in told[0]["body"]
    assert action(machine, github, pull_request, **given)[0] == 1
    machine.mend()
    assert action(machine, github, pull_request, **given)[0] == 0
    assert len(told) == 1
    assert "passes now" in told[0]["body"]
    if not pull_request:
        assert told[0]["state"] == "closed"
    locked, ours = machine.installed.read_text().splitlines()[:2]
    assert locked.endswith("/requirements/base.txt")
    assert (Path(ours.split()[-1]) / "pyproject.toml").is_file()
    assert "Partner" in (machine.home / "summary.md").read_text()


def test_github_without_the_right_to_write_still_checks(machine: Machine, github: GitHub) -> None:
    status, out = action(machine, github, "7", paths="template.yaml", token="fork")
    assert (status, "::warning::Not everything could be told" in out) == (1, True)


def test_gitlab(machine: Machine, gitlab: GitLab) -> None:
    found = load("gitlab/.gitlab-ci.yml")
    script = "\n".join(found["policies"]["script"])
    variables = {name: str(value) for name, value in found["variables"].items()}
    env = variables | {"GITLAB_TOKEN": TOKEN, "GITLAB_URL": gitlab.url, "CI_PROJECT_PATH": "acme/shop"}
    request = env | {"CI_MERGE_REQUEST_IID": "7"}
    for mended in (False, True):
        if mended:
            machine.mend()
        for one in (env, request):
            status, out = machine.run(script, {"CI_MERGE_REQUEST_IID": ""} | one)
            assert status == (0 if mended else 1), out
    assert [one["state"] for one in gitlab.issues] == ["closed"]
    assert ["passes now" in one["body"] for one in gitlab.notes] == [True]
    assert is_our_project(machine.installed.read_text().splitlines()[0])


def test_codebuild(machine: Machine, github: GitHub) -> None:
    found = load("codebuild/buildspec.yml")
    env = found["env"]["variables"] | {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": github.url}
    script = "\n".join(command for phase in ("install", "build") for command in found["phases"][phase]["commands"])
    assert machine.run(script, env)[0] == 1
    machine.mend()
    assert machine.run(script, env)[0] == 0
    assert [one["state"] for one in github.issues] == ["closed"]
    assert is_our_project(machine.installed.read_text().splitlines()[0])
    pipeline = (EXAMPLES / "codebuild" / "pipeline.yaml").read_text()
    assert pipeline.index("Name: Check") < pipeline.index("Name: Deploy")


def test_pre_commit(machine: Machine) -> None:
    hooks = {one["id"]: one for one in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    (repository,) = load("pre-commit/.pre-commit-config.yaml")["repos"]
    (used,) = repository["hooks"]
    command = " ".join([hooks[used["id"]]["entry"], *used["args"]])
    status, out = machine.run(command)
    assert (status, "Partner" in out) == (1, True)
    machine.mend()
    assert machine.run(command)[0] == 0


def test_no_example_names_a_registry() -> None:
    for path in [*EXAMPLES.rglob("*"), ROOT / ".pre-commit-hooks.yaml"]:
        if path.is_file():
            text = path.read_text()
            assert not re.search(r"pypi|index-url|pythonhosted|npmjs", text, re.IGNORECASE)


def test_servers_are_on_loopback(github: Service) -> None:
    assert github.url.startswith("http://127.0.0.1:")
