"""External analysis: distinct policies, and many resources that share few. `python -m benchmarks external [N]`"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Iterator
from typing import Any

from analyzers.kinds import silent
from analyzers.kinds.external import analyze
from analyzers.kinds.subject import ChannelDocument, Subject, ZoneOfTrust
from analyzers.reasoning import memo

SEED = 7
OWN = "111122223333"
ZONE = ZoneOfTrust(True, frozenset({OWN, *(f"{n:012d}" for n in range(100_000_000_000, 100_000_000_050))}), "o-own")


def _statement(chance: random.Random, name: str, number: int) -> dict[str, Any]:
    outside = f"{chance.randrange(10**11, 10**12):012d}"
    principal: Any = chance.choice(
        [
            "*",
            {"AWS": outside},
            {"AWS": f"arn:aws:iam::{outside}:role/r{number}"},
            {"AWS": OWN},
            {"Service": "logs.amazonaws.com"},
        ]
    )
    actions = chance.sample(["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:Get*", "s3:*"], chance.randint(1, 3))
    statement: dict[str, Any] = {
        "Effect": "Deny" if chance.random() < 0.2 else "Allow",
        "Principal": principal,
        "Action": actions,
        "Resource": chance.choice(
            [[f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"], f"arn:aws:s3:::{name}/p{number}/*"]
        ),
    }
    condition = chance.choice(
        [
            None,
            {"StringEquals": {"aws:PrincipalOrgID": "o-own"}},
            {"StringEquals": {"aws:SourceVpce": f"vpce-{number:08x}"}},
            {"IpAddress": {"aws:SourceIp": f"203.0.{number % 256}.0/24"}},
            {"Bool": {"aws:SecureTransport": "false"}},
            {"StringLike": {"aws:PrincipalArn": f"arn:aws:iam::{outside}:role/*{number}"}},
        ]
    )
    return statement | ({"Condition": condition} if condition else {})


def template(number: int) -> list[dict[str, Any]]:
    """The statements of policy `number`, with NAME for the bucket."""
    chance = random.Random(SEED * 1_000_003 + number)
    return [_statement(chance, "NAME", number) for _ in range(chance.randint(1, 4))]


def subject(name: str, text: str) -> Subject:
    document = ChannelDocument("POLICY", "", text.replace("NAME", name))
    return Subject(f"arn:aws:s3:::{name}", "AWS::S3::Bucket", OWN, (document,))


def distinct(count: int) -> Iterator[Subject]:
    for number in range(count):
        yield subject(f"bucket-{number}", json.dumps({"Version": "2012-10-17", "Statement": template(number)}))


def shared(count: int, policies: int) -> Iterator[Subject]:
    texts = [json.dumps({"Version": "2012-10-17", "Statement": template(number)}) for number in range(policies)]
    for number in range(count):
        yield subject(f"bucket-{number}", texts[number % policies])


def _run(subjects: Iterator[Subject]) -> tuple[float, int, int]:
    """Seconds, findings, resources that were not fully analysed."""
    found = failed = 0
    began = time.perf_counter()
    for one in subjects:
        analysis = analyze(one, ZONE)
        found += len(analysis.findings)
        failed += bool(analysis.error)
    return time.perf_counter() - began, found, failed


def _forget() -> None:
    memo.forget()
    silent.forget()


def main() -> None:
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    _forget()
    seconds, found, failed = _run(distinct(count))
    alone = seconds / count
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{count:,} distinct bucket policies: {count / seconds:,.0f} resources/s, {1000 * alone:.2f} ms each,")
    print(f"  {found:,} findings, {failed} not analysed, {memory} MB")
    _forget()
    many = 10 * count
    seconds, found, failed = _run(shared(many, 500))
    together = seconds / many
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{many:,} resources that share 500 policies: {many / seconds:,.0f} resources/s, {1000 * together:.3f} ms each,"
    )
    print(f"  {found:,} findings, {failed} not analysed, {memory} MB")
    print(f"memoisation: {alone / together:.0f} times faster per resource")


if __name__ == "__main__":
    main()
