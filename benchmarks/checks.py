"""How fast the command line checks policies: `python -m benchmarks checks` (1,000 policies; a number changes that).

A process from its start to the first verdict, for each command; then a folder of generated policies, half of them in
templates, with `--no-mends` as pipelines with many policies use it.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "import sys; from analyzers.checks.cli.main import main; sys.exit(main(sys.argv[1:]))"
PUBLIC = ("check", "no-public-access", "--no-mends")
GRANTED = ("check", "access-not-granted", "--no-mends", "--actions", "iam:PassRole,s3:DeleteBucket")
IN_ONE_TEMPLATE = 10


def main() -> None:
    count = next((int(one) for one in sys.argv[2:] if one.isdigit()), 1000)
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        first = here / "first.json"
        first.write_text(json.dumps(_document(random.Random(1), public=True)))
        (here / "reference.json").write_text(json.dumps(_document(random.Random(2), public=False)))
        commands = {
            "check no-public-access": PUBLIC,
            "check access-not-granted": GRANTED,
            "check no-new-access": (
                "check",
                "no-new-access",
                "--no-mends",
                "--reference",
                str(here / "reference.json"),
            ),
            "validate": ("validate",),
            "guardrail baseline": ("guardrail", "baseline", "--no-mends"),
            "explain": ("explain",),
            "check no-public-access, with mends": ("check", "no-public-access", "--account", "111122223333"),
        }
        for name, command in commands.items():
            times = [_run(*command, str(first)) for _ in range(5)]
            took, used = min(times)
            print(f"  cold start to verdict, {name}: {took:.2f} s ({used:.2f} s processor), best of {len(times)}")
        many = here / "many"
        _write(many, count)
        for name in ("check no-public-access", "check access-not-granted", "validate", "guardrail baseline"):
            took, used = _run(*commands[name], str(many))
            print(f"  {count:,} policies, {name}, no mends: {took:.1f} s ({used:.1f} s processor)")


def _run(*arguments: str) -> tuple[float, float]:
    """Seconds by the clock, and of processor time with that of child processes."""
    began, used = time.perf_counter(), _children()
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, *arguments],
        check=False,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    if done.returncode not in {0, 1, 3}:
        raise SystemExit(f"{' '.join(arguments)}: status {done.returncode}")
    return time.perf_counter() - began, _children() - used


def _children() -> float:
    told = resource.getrusage(resource.RUSAGE_CHILDREN)
    return told.ru_utime + told.ru_stime


def _write(folder: Path, count: int) -> None:
    folder.mkdir()
    rng = random.Random(7)
    for number in range(count // 2):
        (folder / f"p{number}.json").write_text(json.dumps(_document(rng, public=number % 10 == 0), indent=2))
    for number in range((count - count // 2) // IN_ONE_TEMPLATE):
        resources = {
            f"Policy{place}": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {"Bucket": f"b{place}", "PolicyDocument": _document(rng, public=place == 0)},
            }
            for place in range(IN_ONE_TEMPLATE)
        }
        (folder / f"t{number}.template").write_text(json.dumps({"Resources": resources}, indent=2))


def _document(rng: random.Random, *, public: bool) -> dict[str, Any]:
    statements = []
    for number in range(rng.randint(1, 4)):
        actions = rng.sample(["s3:GetObject", "s3:PutObject", "s3:List*", "s3:Delete*", "s3:GetBucket*"], 2)
        account = f"{rng.randrange(10**11, 10**12)}"
        principal = "*" if public and not number else {"AWS": f"arn:aws:iam::{account}:role/r{rng.randrange(50)}"}
        target = f"arn:aws:s3:::bucket-{rng.randrange(10_000)}"
        statement = {"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": f"{target}/*"}
        if rng.random() < 0.3:
            statement["Condition"] = {"StringEquals": {"aws:RequestedRegion": f"eu-central-{rng.randrange(9)}"}}
        statements.append(statement)
    return {"Version": "2012-10-17", "Statement": statements}


if __name__ == "__main__":
    main()
