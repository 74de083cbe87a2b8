"""How fast policy documents are parsed: `python -m benchmarks.policy`.

Each corpus is parsed again and again for about two seconds after a warm-up; the best round counts, because noise only
ever slows down. Beside it the time of the JSON reader alone on the same texts, as a ratio.
"""

from __future__ import annotations

import gzip
import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from analyzers.policy import locate, parse, parse_value

MANAGED = Path(__file__).resolve().parents[2] / "shared" / "data" / "aws_managed_policies.json.gz"
SECONDS = 2.0


def generated(count: int, statements: int, seed: int = 1) -> list[str]:
    """Bucket policies with principals, conditions and lists, as people write them; all different."""
    chance = random.Random(seed)
    return [json.dumps(_policy(chance, statements), indent=chance.choice([None, 2, 4])) for _ in range(count)]


def _policy(chance: random.Random, statements: int) -> dict[str, Any]:
    bucket = f"arn:aws:s3:::bucket-{chance.randrange(10**6)}"
    account = f"{chance.randrange(10**12):012}"
    return {
        "Version": "2012-10-17",
        "Id": f"Policy{chance.randrange(10**6)}",
        "Statement": [
            {
                "Sid": f"Statement{number}",
                "Effect": chance.choice(["Allow", "Deny"]),
                "Principal": chance.choice(["*", {"AWS": f"arn:aws:iam::{account}:role/reader{number}"}]),
                "Action": chance.sample(["s3:GetObject", "s3:PutObject", "s3:List*", "s3:Delete*"], 2),
                "Resource": [bucket, f"{bucket}/{chance.randrange(100)}/*"],
                "Condition": {
                    "StringEquals": {"aws:PrincipalOrgID": f"o-{chance.randrange(10**6)}"},
                    "IpAddress": {"aws:SourceIp": ["203.0.113.0/24", f"198.51.100.{number % 256}"]},
                    "Bool": {"aws:SecureTransport": True},
                },
            }
            for number in range(statements)
        ],
    }


def managed() -> list[str]:
    """The AWS managed policies, or nothing where the file is not beside the project."""
    if not MANAGED.is_file():
        return []
    return [json.dumps(document) for document in json.loads(gzip.decompress(MANAGED.read_bytes())).values()]


def best(work: Callable[[Any], object], items: list[Any]) -> float:
    """Seconds for one item, from the best round."""
    rounds: list[float] = []
    end = time.perf_counter() + SECONDS
    while not rounds or time.perf_counter() < end:
        start = time.perf_counter()
        for item in items:
            work(item)
        rounds.append((time.perf_counter() - start) / len(items))
    return min(rounds)


def rows() -> Iterator[tuple[str, float, float]]:
    """(what, policies per second, times the time of the JSON reader alone)."""
    corpora = {
        "generated, 1 statement": generated(1000, 1),
        "generated, 10 statements": generated(300, 10),
        "AWS managed policies": managed(),
    }
    for name, texts in corpora.items():
        if not texts:
            continue
        alone = best(json.loads, texts)
        size = sum(map(len, texts)) / len(texts)
        for what, work, items in (
            ("parse", parse, texts),
            ("parse_value", parse_value, [json.loads(text) for text in texts]),
            ("locate", locate, texts),
        ):
            taken = best(work, items)
            yield f"{what:<11}  {name} ({size:,.0f} characters)", 1 / taken, taken / alone


def main() -> None:
    for what, speed, ratio in rows():
        print(f"{what:<62} {speed:>9,.0f} a second   {ratio:>5.1f} x the JSON reader alone")


if __name__ == "__main__":
    main()
