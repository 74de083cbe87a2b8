"""Set-up: what is there already is left alone, and what is broken is made anew."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from analyzer_portal import bootstrap


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "BIN", tmp_path / ".venv" / "bin")
    return tmp_path


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """What would have been run; commands that contain a word of `failing` fail."""
    made: list[tuple[list[str], dict[str, str]]] = []

    def call(*command: str | Path, env: dict[str, str] | None = None) -> None:
        made.append(([str(part) for part in command], env or {}))

    monkeypatch.setattr(bootstrap, "call", call)
    return made


def _python(place: Path) -> None:
    (place / ".venv" / "bin").mkdir(parents=True)
    (place / ".venv" / "bin" / "python").touch()


def test_a_step_is_done_until_its_inputs_change(place: Path) -> None:
    _python(place)
    lock = place / "lock.txt"
    lock.write_text("a==1")
    assert not bootstrap.is_done("x", [lock])
    bootstrap.note_done("x", [lock])
    assert bootstrap.is_done("x", [lock])
    lock.write_text("a==2")
    assert not bootstrap.is_done("x", [lock])


def test_nothing_is_done_without_python(place: Path) -> None:
    _python(place)
    bootstrap.note_done("x", [])
    (place / ".venv" / "bin" / "python").unlink()
    assert not bootstrap.is_done("x", [])


def test_missing_node_modules_and_assets_are_made_again(place: Path) -> None:
    _python(place)
    for stamp in ("node", "assets"):
        bootstrap.note_done(stamp, [])
        assert not bootstrap.is_done(stamp, [])


def test_a_half_made_environment_is_made_anew(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _python(place)  # a file that cannot be run
    made: list[dict[str, Any]] = []
    monkeypatch.setattr(bootstrap.venv, "create", lambda folder, **options: made.append(options))
    with pytest.raises(OSError, match="python"):
        bootstrap.make_venv()  # the environment was not really made, so the next command fails
    assert made == [{"with_pip": True, "clear": True}]


def test_the_machine_s_certificates_are_trusted_first(calls: list[tuple[list[str], dict[str, str]]]) -> None:
    bootstrap.install("base.txt")
    [(command, env)] = calls
    assert "--require-hashes" in command
    assert env["UV_SYSTEM_CERTS"] == "1"


def test_pip_helps_where_uv_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def call(*command: str | Path, env: dict[str, str] | None = None) -> None:
        tried.append(Path(command[0]).name)
        if tried[-1] == "uv":
            raise subprocess.CalledProcessError(2, "uv")

    monkeypatch.setattr(bootstrap, "call", call)
    bootstrap.install("base.txt")
    assert tried == ["uv", "uv", "python"]


def test_another_python_is_refused_with_advice(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    class Version(tuple[int, ...]):
        pass

    monkeypatch.setattr(bootstrap.sys, "version_info", Version((3, 12, 1)))
    assert bootstrap.main(["run"]) == 2
    assert "Python 3.11 is needed" in capsys.readouterr().out
