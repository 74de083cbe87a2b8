"""Internal access in a large organization: all of it, halves of it, and one changed policy.

`python -m benchmarks internal [principals]`; `python -m benchmarks internal_scan [principals]` measures whole scans.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple

from analyzers.kinds.internal import Analyst, People, member_hashes
from analyzers.kinds.population import Population

from .organization import Made, Size, make


class Run(NamedTuple):
    """Seconds by the clock, and of processor time with that of the child that solves."""

    clock: float
    processor: float
    findings: int
    unproved: int
    groups: int
    asked: int


def run(made: Made, only: Collection[str] | None = None) -> Run:
    """Prepare everybody and answer for every resource."""
    began, used = time.perf_counter(), processor_time()
    people = People(made.population, controlled=True)
    keys = {subject.arn: subject for subject in made.subjects if subject.type == "AWS::KMS::Key"}
    analyst = Analyst(people, lambda named, _subject: keys.get(named))
    findings = unproved = 0
    for subject in made.subjects:
        analysis = analyst.analyze(subject, only)
        findings += len(analysis.findings)
        unproved += sum(not found.proved for found in analysis.findings)
    clock, processor = time.perf_counter() - began, processor_time() - used
    return Run(clock, processor, findings, unproved, len(people.groups), people.weigher.asked)


def processor_time() -> float:
    """Of this process and its living children."""
    times = os.times()
    return times.user + times.system + sum(map(_of_child, _children()))


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def _of_child(pid: int) -> float:
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def changed(made: Made) -> tuple[Made, frozenset[str]]:
    """One shared policy with another statement; who holds it, found out as a scan does."""
    before = member_hashes(made.population)
    old = next(text for text in made.names if 5 < sum(text in m.identity for m in made.population.members) < 50)
    new = old.replace(
        '"Statement": [', '"Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}, '
    )
    members = tuple(
        replace(member, identity=tuple(new if text == old else text for text in member.identity))
        for member in made.population.members
    )
    population = Population(members, made.population.homes, made.population.organization)
    after = member_hashes(population)
    return Made(population, made.subjects, made.names), frozenset(arn for arn in after if after[arn] != before[arn])


def main() -> None:
    principals = int(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2].isdigit() else 10_000
    whole = Size(principals=principals)
    for name, size in (
        ("half of the principals", replace(whole, principals=principals // 2)),
        ("half of the resources", replace(whole, resources=whole.resources // 2)),
        ("all", whole),
    ):
        made = make(size)
        done = run(made)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"{name}: {size.principals:,} principals in {done.groups:,} groups x {size.resources:,} resources: "
            f"{done.processor:.1f} s processor, {done.clock:.1f} s clock; {done.findings:,} findings, "
            f"{done.unproved} not proved, {done.asked} questions to the solver, at most {memory} MB"
        )
    made, who = changed(make(whole))
    done = run(made, who)
    print(
        f"one changed policy, {len(who)} principals: {done.processor:.1f} s processor, {done.clock:.1f} s clock, "
        f"{done.findings:,} findings of theirs"
    )


if __name__ == "__main__":
    main()
