"""AWS's managed policies as input of recommendations, with seeded random use.

    python -m benchmarks.recommendation [--resources] [--policies N] [--seed N]

Prints how many were proven, unchanged and refused, why, and the seconds each took.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from analyzers import catalogue
from analyzers.checks.recommendation import Held, Kind, recommend
from analyzers.checks.recommendation.drafts import granted_by
from analyzers.policy import parse_value, pretty
from analyzers.usage.evidence import Coverage, Evidence, Report, ServiceAccess, Use

POLICIES = Path(__file__).resolve().parents[2] / "shared" / "data" / "aws_managed_policies.json.gz"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
SINCE = NOW - timedelta(days=90)
ROLE = "arn:aws:iam::111122223333:role/worker"
NAMED = ("AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess", "SecurityAudit")


def allowed_actions(document: dict[str, Any]) -> dict[str, list[str]]:
    """The actions of the catalogue that the policy's Allow statements name, by service."""
    tests = granted_by(parse_value(document))
    found: dict[str, list[str]] = {}
    for service in catalogue.services():
        asked = [test for test in tests if test.services is None or service.prefix in test.services]
        if asked:
            names = [one.full_name for one in catalogue.actions_of(service.prefix)]
            found[service.prefix] = sorted(name for name in names if any(test.match(name.lower()) for test in asked))
    return {service: names for service, names in found.items() if names}


def used_at_random(document: dict[str, Any], chance: random.Random) -> Evidence:
    """Evidence of a role that uses a few of the services, and a few actions of each; about half of the rest of their
    actions is tracked."""
    allowed = allowed_actions(document)
    services = list(allowed)
    used = set(chance.sample(services, min(len(services), chance.randint(1, 12)))) if services else set()
    reported, uses = {}, []
    for service, names in allowed.items():
        if service not in used:
            reported[service] = ServiceAccess(None, {})
            continue
        last = NOW - timedelta(days=chance.randint(0, 80))
        did = chance.sample(names, min(len(names), chance.randint(1, 8)))
        tracked: dict[str, datetime | None] = {name.lower(): None for name in names if chance.random() < 0.5}
        tracked |= {name.lower(): last for name in did if chance.random() < 0.7}
        reported[service] = ServiceAccess(last, tracked)
        for name in did:
            uses.append(Use(name, _resource(name, chance), False, "CLI", "eu-west-1", last, last, {last.date(): 1}))
    whole = Coverage(SINCE.date() - timedelta(days=5), NOW.date(), frozenset({"*"}))
    report = Report(NOW - timedelta(days=1), True, reported)
    return Evidence(ROLE, tuple(uses), report, (whole,), recorded=recorded)


def recorded(name: str, data_events: frozenset[str]) -> bool:
    """A third of the actions are told by trails in full."""
    return sum(map(ord, name.lower())) % 3 == 0


def _resource(name: str, chance: random.Random) -> str:
    known = catalogue.action(name)
    arns = {one.key: one.arn for one in catalogue.resource_types_of(known.service)} if known else {}
    types = [key for key in (known.resource_types if known else ()) if key in arns]
    if not types or chance.random() < 0.3:
        return ""
    filled = arns[types[-1]].replace("${Partition}", "aws").replace("${Region}", "eu-west-1")
    filled = filled.replace("${Account}", "111122223333")
    return "".join(part.partition("}")[2].join(["one", ""]) if "}" in part else part for part in filled.split("${"))


def cases(names: list[str], documents: dict[str, Any], seed: int) -> Iterator[tuple[str, Held, Evidence]]:
    for name in names:
        evidence = used_at_random(documents[name], random.Random(f"{seed} {name}"))
        held = Held(name, f"arn:aws:iam::aws:policy/{name}", Kind.MANAGED, pretty(documents[name]))
        yield name, held, evidence


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", action="store_true", help="the stricter variant")
    parser.add_argument("--policies", type=int, default=0, help="a seeded sample; default: all")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    documents = json.loads(gzip.decompress(POLICIES.read_bytes()))
    names = sorted(documents)
    if options.policies:
        names = sorted({*random.Random(options.seed).sample(names, options.policies), *NAMED})
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    took: dict[str, float] = {}
    for _, held, evidence in cases(names[:1], documents, options.seed):
        recommend([held], evidence, since=SINCE, now=NOW)  # starts the process for questions
    before = after = silent = 0
    for name, held, evidence in cases(names, documents, options.seed):
        began = time.perf_counter()
        found = recommend([held], evidence, since=SINCE, now=NOW, resources=options.resources)
        took[name] = time.perf_counter() - began
        outcomes["proven" if found.proved else "unchanged" if found.unchanged else "refused"] += 1
        silent += any("did not answer" in proof.words for proof in found.proofs)
        if found.refused:
            reasons[found.refused] += 1
            print(f"  refused {name}: {found.refused}")
        for one in found.left:
            reasons[f"left: {one.reason.partition(' stays whole')[0][:60]}"] += 1
        before, after = before + found.actions_before, after + found.actions_after
        if name in NAMED:
            print(f"  {name}: {len(found.steps)} steps, {found.actions_before:,} -> {found.actions_after:,} actions")
    print(f"{len(names):,} policies: {', '.join(f'{count:,} {what}' for what, count in outcomes.most_common())}")
    print(f"solver silent on {silent:,}; statements alone prove those")
    print(f"actions allowed before {before:,}, after {after:,}")
    print(f"seconds: {sum(took.values()):.1f} in all, median {statistics.median(took.values()):.4f}")
    slowest = sorted(took, key=lambda name: -took[name])[:5]
    print("slowest: " + ", ".join(f"{name} {took[name]:.2f}" for name in slowest))
    for reason, count in reasons.most_common(15):
        print(f"  {count:5,} {reason}")


if __name__ == "__main__":
    main()
