"""The reasoning core against its goals, beside cvc5 and z3 with strings. `python -m benchmarks reasoning [N]`

N: how many random pairs of real policies (10,000 by default, a few minutes; 200 takes one). Needs ../shared. Times are
processor times, so that what else the machine does counts little.
"""

from __future__ import annotations

import gzip
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from analyzers.policy import parse_value
from analyzers.reasoning.access import compare, grants, no_new_access
from analyzers.reasoning.decision import decide
from analyzers.reasoning.policy_set import PolicySet
from analyzers.reasoning.question import Part, PolicyType, Question
from analyzers.reasoning.request import Request
from analyzers.reasoning.scene import Scene
from analyzers.reasoning.solve_request import solve
from analyzers.reasoning.verdict import Answer, Relation
from analyzers.reasoning.ways import who
from tests.reasoning.pairs import pair
from tests.reasoning.string_encoding import ask_cvc5, ask_z3, question

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
SEED = 11
STRING_SECONDS = 5.0
"""That a solver of strings has for a question."""


def main() -> None:
    size = next((int(name) for name in sys.argv[1:] if name.isdigit()), 10_000)
    for measure in (_imports, _checks, _samples, _beside, _points, _findings, _managed, _memory):
        for line in measure(size):
            print(line, flush=True)


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    result = work()
    return (time.process_time() - began) * 1000, result


def _spread(milliseconds: list[float]) -> str:
    ordered = sorted(milliseconds)
    return f"median {statistics.median(ordered):.1f} ms, p99 {ordered[int(len(ordered) * 0.99)]:.1f} ms"


def _imports(_: int) -> Iterator[str]:
    clock = "time.process_time()"
    code = f"import time; t = {clock}; import analyzers.reasoning as r; r.compare; print({clock} - t)"
    runs = [
        float(subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True).stdout)
        for _ in range(5)
    ]
    yield f"import of analyzers.reasoning, ready to ask: {statistics.median(runs) * 1000:.0f} ms (goal 250)"


def _checks(size: int) -> Iterator[str]:
    pairs = [pair(seed, 10) for seed in range(min(size, 1_000))]
    times, answers = [], dict.fromkeys(Answer, 0)
    for old, new in pairs:
        taken, verdict = _timed(lambda old=old, new=new: no_new_access(old, new, policy_type=PolicyType.IDENTITY))
        times.append(taken)
        answers[verdict.answer] += 1
    told = ", ".join(f"{count} {answer}" for answer, count in answers.items())
    yield f"no new access, {len(pairs)} pairs of 10 statements: {_spread(times)} (goal 5 and 50); {told}"


def _samples(_: int) -> Iterator[str]:
    cases = _shared("conformance/custom_policy_check_samples.json")
    if cases is None:
        yield "the samples: not beside the project"
        return
    read = [(parse_value(c["reference"]), parse_value(c["candidate"]), PolicyType(c["policy_type"])) for c in cases]
    times = [_timed(lambda a=a, b=b, k=k: no_new_access(a, b, policy_type=k))[0] for a, b, k in read]
    yield f"the {len(read)} samples: {_spread(times)} (goal: median 3)"


def _beside(size: int) -> Iterator[str]:
    """Ours, cvc5 and z3 with strings, on the same pairs."""
    for statements in (2, 5, 10):
        pairs = [pair(50_000 + seed, statements) for seed in range(min(max(size // 250, 10), 40))]
        ours = [_timed(lambda a=a, b=b: no_new_access(a, b, policy_type=PolicyType.IDENTITY))[0] for a, b in pairs]
        texts = [question(old, new) for old, new in pairs]
        for name, ask in (("cvc5 strings", ask_cvc5), ("z3 strings", ask_z3)):
            told = [_timed(lambda text=text, ask=ask: ask(text, STRING_SECONDS)) for text in texts]
            unknown = sum(answer is None for _, answer in told)
            ratio = statistics.median(t for t, _ in told) / statistics.median(ours)
            yield (
                f"up to {statements} statements, {len(pairs)} pairs: {name} {ratio:.0f} times our median "
                f"{statistics.median(ours):.1f} ms, {unknown} unknown after {STRING_SECONDS:.0f} s; ours 0"
            )


def _points(size: int) -> Iterator[str]:
    old, _ = pair(3, 10)
    policies = PolicySet(identity=(old,))
    chance = random.Random(SEED)
    requests = [
        Request(
            f"arn:aws:iam::111122223333:user/u{chance.randrange(50)}",
            chance.choice(["s3:GetObject", "s3:PutObject", "ec2:RunInstances"]),
            f"arn:aws:s3:::a/{chance.randrange(1000)}",
            "111122223333",
            {"aws:SourceVpc": "vpc-1", "s3:max-keys": str(chance.randrange(20))},
        )
        for _ in range(min(size, 5_000))
    ]
    for name, engine in (("evaluator", decide), ("solver", solve)):
        taken, _ = _timed(lambda engine=engine: [engine(request, policies) for request in requests])
        yield f"single requests against a policy of 10 statements, {name}: {len(requests) / taken * 1000:,.0f} a second"
    yield "(goal: 10,000 a second)"


def _findings(_: int) -> Iterator[str]:
    cases = _shared("conformance/external_access_aws_answers.json")
    if cases is None:
        yield "the findings: not beside the project"
        return
    case = max(cases, key=lambda one: len(one["findings"]))
    scene = Scene("arn:aws:s3:::antsknmath", "/", {"aws:resourceaccount": "222634363387"})
    asked = Question((Part(parse_value(case["policy"]), scene),), ("s3",), frozenset({"222634363387"}))
    for like_aws in (False, True):
        times = [_timed(lambda like=like_aws: who(asked, like_aws=like))[0] for _ in range(5)]
        found = len(who(asked, like_aws=like_aws))
        yield f"{found} findings of the 11 statements: {statistics.median(times):.0f} ms (goal 50)"


def _managed(size: int) -> Iterator[str]:
    documents = _shared("data/aws_managed_policies.json.gz")
    if documents is None:
        yield "the managed policies: not beside the project"
        return
    texts = [_document(one) for one in (documents.values() if isinstance(documents, dict) else documents)]
    began = time.process_time()
    read = [parse_value(text) for text in texts]
    unknown = sum(grants(policy, [((), ())], seconds=10).answer is Answer.UNKNOWN for policy in read)
    seconds = time.process_time() - began
    yield f"{len(read)} managed policies, read, do they grant anything: {seconds:.1f} s (goal 10), {unknown} unknown"
    chance = random.Random(SEED)
    pairs = [(chance.choice(read), chance.choice(read)) for _ in range(size)]
    began = time.process_time()
    found = [compare(a, b).relation for a, b in pairs]
    seconds = time.process_time() - began
    share = found.count(Relation.UNKNOWN) / len(found)
    goals = "goals for 10,000: 60 s and 0.1 %"
    yield f"{size:,} random pairs of them compared: {seconds:.0f} s, {share:.2%} unknown ({goals})"


def _document(value: Any) -> Any:
    for name in ("PolicyDocument", "document", "Document", "policy"):
        if isinstance(value, dict) and name in value:
            return value[name]
    return value


def _memory(size: int) -> Iterator[str]:
    """Of this process, which has answered all of the above: it must not grow any more."""
    asked, told = 0, []
    for mark in (min(n * size, n * 1_000) for n in (10, 50, 100)):
        while asked < mark:
            old, new = pair(asked % 5_000, 3)
            no_new_access(old, new, policy_type=PolicyType.IDENTITY)
            asked += 1
        told.append(f"{_resident():.0f} MB after {asked:,}")
    yield f"memory: {', '.join(told)} questions (goal 300 MB, flat)"


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1024 / 1024


def _shared(name: str) -> Any:
    path = SHARED / name
    if not path.is_file():
        return None
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return json.loads(raw)


if __name__ == "__main__":
    main()
