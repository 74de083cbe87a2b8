"""What became of each mutant: one line of JSON each, the last one of a mutant counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from math import sqrt
from typing import Any

from .mutants import FILES, ROOT, Mutant, sample

FOLDER = ROOT / "mutants"
RESULTS = FOLDER / "results.jsonl"
KILLED, LATE, SURVIVED = "killed", "timed out", "survived"


def known() -> dict[str, dict[str, Any]]:
    """By the key of the mutant."""
    lines = RESULTS.read_text().splitlines() if RESULTS.is_file() else []
    return {found["key"]: found for found in map(json.loads, lines)}


def add(mutant: Mutant, status: str, by: str, seconds: float) -> None:
    FOLDER.mkdir(exist_ok=True)
    found = {"key": mutant.key, "name": mutant.name, "status": status, "by": by, "seconds": round(seconds, 2)}
    with RESULTS.open("a") as out:
        out.write(json.dumps(found) + "\n")


def keep_seconds(seconds: dict[str, float]) -> None:
    """What each test takes, for whoever wants the whole to be quicker."""
    FOLDER.mkdir(exist_ok=True)
    slowest = sorted(seconds.items(), key=lambda item: -item[1])
    (FOLDER / "seconds.txt").write_text("".join(f"{took:8.2f} {name}\n" for name, took in slowest))


def slower_than(limit: float) -> set[str]:
    """The tests that took longer at the last look."""
    kept = FOLDER / "seconds.txt"
    lines = kept.read_text().splitlines() if kept.is_file() else []
    return {name for took, _, name in (line.strip().partition(" ") for line in lines) if float(took) >= limit}


def report(files: Sequence[str], share: float) -> str:
    """A table by file, and the survivors with what was changed; of the sample, if `share` is less than 1."""
    found = known()
    rows = ["| file | mutants | run | killed | timed out | survived | dead |", "| --- " + "| --: " * 6 + "|"]
    survivors: list[str] = []
    whole: Counter[str] = Counter()
    for file in [file for file in FILES if file in files]:
        counted: Counter[str] = Counter()
        for mutant in sample(file, share):
            counted["all"] += 1
            if (status := found.get(mutant.key, {}).get("status")) is None:
                continue
            counted[status] += 1
            counted["run"] += 1
            if status == SURVIVED:
                survivors.append(f"{mutant.name}\n{mutant.diff()}\n")
        rows.append(_row(file, counted))
        whole += counted
    rows.append(_row("all", whole))
    return "\n".join([*rows, "", _interval(whole), "", *survivors])


def _interval(counted: Counter[str]) -> str:
    """Wilson's, of 95 %: where the share that dies lies if all were run, and those that were are a fair sample."""
    n, z = max(1, counted["run"]), 1.96
    dead = (counted[KILLED] + counted[LATE]) / n
    middle, reach = dead + z * z / (2 * n), z * sqrt(dead * (1 - dead) / n + z * z / (4 * n * n))
    low, high = ((middle + sign * reach) / (1 + z * z / n) for sign in (-1, 1))
    return f"95 % interval of the share that dies: {low:.1%} to {high:.1%}"


def _row(name: str, counted: Counter[str]) -> str:
    dead = (counted[KILLED] + counted[LATE]) / max(1, counted["run"])
    numbers = " | ".join(str(counted[what]) for what in ("all", "run", KILLED, LATE, SURVIVED))
    return f"| {name} | {numbers} | {dead:.1%} |"
