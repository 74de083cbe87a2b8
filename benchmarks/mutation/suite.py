"""Runs the tests of `tests/reasoning` against mutants, each in a forked process that has everything loaded already.

First each test runs once by itself, to see which functions it calls and how long it takes. A mutant is then put to the
tests that call its function: those that killed its neighbours first, then the quickest. The first failure ends it. A
test that takes twenty times as long as it should, or ends the process, has killed it too.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import random
import resource
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import HealthCheck, Phase, settings

from . import mutants as making
from . import results
from .mutants import FILES, PACKAGE, ROOT, SEED, Mutant, mutants_of, sample

FOLDER = "tests/reasoning"
ELSEWHERE = ("test_guard.py", "test_adversarial.py", "test_second_solver.py")
"""Their questions are answered by other processes, which hold no mutant, or by another solver in minutes."""
SLOW = (
    "test_too_many_classes_are_an_error_and_not_safe",
    "test_answers_are_the_same_without_classes",
    "test_a_reader_that_leaves_is_no_crash",
)
"""Seconds each, about other files."""
EXAMPLES = 60
"""That hypothesis draws for a test, the same in each run."""
MEMORY = 6 << 30


def _tests(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    kept = [item for item in items if item.path.name not in ELSEWHERE and item.name not in SLOW]
    for item in kept:
        function = getattr(item, "obj", None)
        if hasattr(function, "hypothesis"):
            wanted = function._hypothesis_internal_use_settings or settings.default
            function._hypothesis_internal_use_settings = settings(
                wanted,
                max_examples=min(wanted.max_examples, EXAMPLES),
                phases=(Phase.explicit, Phase.generate),  # no time for the smallest example
                suppress_health_check=list(HealthCheck),
                deadline=None,
                database=None,
                derandomize=True,
            )
    return kept


def _failures(item: pytest.Item, following: pytest.Item | None) -> list[str]:
    reports = runtestprotocol(item, log=False, nextitem=following)
    return [report.longreprtext for report in reports if report.failed]


class Run:
    """The plugin that takes the place of pytest's own loop over the tests."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.killers: dict[str, Counter[str]] = {}
        self.early: set[str] = set()
        self._codes: dict[Any, str] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        slow = results.slower_than(self.options.quick)
        items[:] = [item for item in _tests(items) if item.nodeid not in slow]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        importlib.import_module("analyzers.tasks")
        pending = self._unchanged() if self.options.unchanged else self._pending()
        print(f"\n{len(pending)} mutants, {len(session.items)} tests", flush=True)
        if not pending:
            return True
        self._codes = making.codes(pending)
        self.early = _called_at_import()
        pending.sort(key=lambda mutant: mutant.place in self.early)  # which take longest
        gc.collect()
        gc.freeze()
        calls, seconds = self._first(session.items)
        print(f"{sum(seconds.values()):.0f} s for all tests once", flush=True)
        began, ended = time.monotonic(), Counter[str]()
        for number, mutant in enumerate(pending, 1):
            at = time.monotonic()
            status, by = self._judge(mutant, session.items, calls, seconds)
            ended[status] += 1
            if not self.options.unchanged:
                results.add(mutant, status, by, time.monotonic() - at)
            elif by:
                print(f"{mutant.place} without a change: {status} by {by}", flush=True)
            if number % 50 == 0 or number == len(pending):
                told = ", ".join(f"{count} {name}" for name, count in sorted(ended.items()))
                print(f"{number} of {len(pending)} in {time.monotonic() - began:.0f} s: {told}", flush=True)
        return True

    def _pending(self) -> list[Mutant]:
        known = {} if self.options.afresh else results.known()
        found: list[Mutant] = []
        for file in FILES:
            named = [name for name in self.options.files if name.split(".")[0].split("#")[0] == file]
            if self.options.files and not named:
                continue
            mutants = [m for m in sample(file, self.options.share) if not named or file in named or m.name in named]
            wanted = {None, results.SURVIVED} if self.options.survivors else {None}
            asked = bool(named) and file not in named  # single mutants, whatever is known of them
            found += [m for m in mutants if asked or known.get(m.key, {}).get("status") in wanted]
        random.Random(SEED).shuffle(found)  # so that a run which is stopped has looked at a fair sample
        return found

    def _unchanged(self) -> list[Mutant]:
        """Functions put in place as they are: whatever kills one kills mutants for no reason."""
        every = [mutant for file in FILES if file in (self.options.files or FILES) for mutant in mutants_of(file)]
        chosen = random.Random(SEED).sample(every, self.options.unchanged)
        return [replace(mutant, source=mutant.original, number=0) for mutant in chosen]

    def _first(self, items: list[pytest.Item]) -> tuple[dict[str, set[str]], dict[str, float]]:
        """Which functions each test calls, and its seconds of the processor. A test that fails without a mutant, or
        only after others, tells nothing and is left out."""
        told, _ = _forked(lambda tell: self._observe(items, tell), 600.0)
        calls: dict[str, set[str]] = {}
        seconds: dict[str, float] = {}
        for item, found in zip(items, map(json.loads, told), strict=False):
            if found["failures"]:
                print(f"left out, fails without a mutant: {item.nodeid}", flush=True)
                continue
            calls[item.nodeid], seconds[item.nodeid] = set(found["calls"]), found["seconds"]
        if len(told) < len(items):
            raise pytest.UsageError(f"{items[len(told)].nodeid} ends the process without any mutant")
        items[:] = [item for item in items if item.nodeid in calls]
        if self.options.quick > max(seconds.values()):
            results.keep_seconds(seconds)
        return calls, seconds

    def _observe(self, items: Sequence[pytest.Item], tell: Callable[[str], None]) -> None:
        called: set[str] = set()
        codes = self._codes

        def profile(frame: Any, event: str, _: Any) -> None:
            if event == "call" and frame.f_code in codes:
                called.add(codes[frame.f_code])

        for item, following in zip(items, [*items[1:], None], strict=True):
            called.clear()
            making.forget()
            began = time.process_time()
            sys.setprofile(profile)
            failures = _failures(item, following)
            sys.setprofile(None)
            seconds = time.process_time() - began
            tell(json.dumps({"calls": sorted(called), "seconds": seconds, "failures": failures}))

    def _judge(
        self, mutant: Mutant, items: Sequence[pytest.Item], calls: dict[str, set[str]], seconds: dict[str, float]
    ) -> tuple[str, str]:
        place = mutant.place
        if place in self.early:
            return _early(mutant, self.options.tests or ())
        killers = self.killers.setdefault(place, Counter())
        chosen = [item for item in items if place in calls[item.nodeid] and seconds[item.nodeid] < self.options.quick]
        chosen.sort(key=lambda item: (-killers[item.nodeid], seconds[item.nodeid]))
        allowed = [20 * seconds[item.nodeid] + 10 for item in chosen]
        told, ended = _forked(lambda tell: _try(mutant, chosen, tell, self.options.budget), 30.0, *allowed)
        if told and told[-1] == "survived":
            return results.SURVIVED, ""
        by = chosen[min(len(told), len(chosen)) - 1].nodeid if told else "put in place"
        killers[by] += 1
        return (results.KILLED if ended else results.LATE), by


def _try(mutant: Mutant, items: Sequence[pytest.Item], tell: Callable[[str], None], budget: float) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    making.apply(mutant)
    for item in items[:1]:
        item.config.option.tbstyle = "no"  # nobody reads why it failed
    for item, following in zip(items, [*items[1:], None], strict=False):
        if time.process_time() > budget:
            break
        tell("begun")
        if _failures(item, following):
            return
    tell("survived")


def _forked(work: Callable[[Callable[[str], None]], None], *allowed: float) -> tuple[list[str], bool]:
    """The lines that the work tells, run in a process of its own, and whether it ended by itself. The first line must
    come within the first number of seconds, the second within the second, and so on; the last number goes on."""
    read, write = os.pipe()
    process = os.fork()
    if not process:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        try:
            work(lambda line: os.write(write, f"{line}\n".encode()) and None)
        finally:
            os._exit(0)
    os.close(write)
    text, ended = b"", False
    while True:
        limit = allowed[min(text.count(b"\n"), len(allowed) - 1)]
        if not select.select([read], [], [], limit)[0]:
            break
        if not (more := os.read(read, 1 << 16)):
            ended = True
            break
        text += more
    os.close(read)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return text.decode().splitlines(), ended


# -- functions that run while modules are read ---------------------------------------------------------------------


def _called_at_import() -> set[str]:
    """They make constants, so the mutant must be there before: it gets a process that starts from nothing."""
    program = (
        "import sys\n"
        "called = set()\n"
        "def profile(frame, event, _):\n"
        "    if event == 'call' and 'analyzers/reasoning' in frame.f_code.co_filename:\n"
        "        called.add((frame.f_code.co_filename, frame.f_code.co_qualname))\n"
        "sys.setprofile(profile)\n"
        f"import {', '.join(f'{PACKAGE}.{file}' for file in FILES)}\n"
        "sys.setprofile(None)\n"
        "for place, name in sorted(called): print(place.rpartition('/')[2][:-3] + '.' + name)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(told.stdout.split())


def _early(mutant: Mutant, tests: Sequence[str]) -> tuple[str, str]:
    command = [sys.executable, "-m", "benchmarks.mutation", "--early", mutant.name]
    command += ["--tests", *tests] if tests else []
    try:
        ended = subprocess.run(command, cwd=ROOT, timeout=600, capture_output=True, text=True, check=False)
    except subprocess.TimeoutExpired:
        return results.LATE, "a process of its own"
    if ended.returncode == 0:
        return results.SURVIVED, ""
    failed = [line.split()[1] for line in ended.stdout.splitlines() if line.startswith(("FAILED tests", "ERROR tests"))]
    return results.KILLED, failed[0] if failed else "put in place"


class Early:
    """Puts one mutant in place before the modules are read, then lets pytest run until the first failure."""

    def __init__(self, name: str) -> None:
        file = name.partition(".")[0]
        making.read_with(next(mutant for mutant in mutants_of(file) if mutant.name == name))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        config.option.maxfail = 1
        slow = results.slower_than(1.0)  # each mutant runs them all
        items[:] = [item for item in _tests(items) if item.nodeid not in slow]
