"""How fast policies are validated: `python -m benchmarks validation`.

The AWS managed policies, one after the other in one process, without the start; then a process of its own that
validates one policy, from its start to the verdict.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections import Counter

from analyzers.checks.validation import validate

from .policy import managed

ONE = """
from analyzers.checks.validation import validate
policy = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
print(len(validate(policy, "IDENTITY_POLICY")))
"""


def main() -> None:
    policies = managed()
    if policies:
        found: Counter[str] = Counter()
        slowest = 0.0
        began, used = time.perf_counter(), time.process_time()
        for text in policies:
            one = time.perf_counter()
            found.update(finding.type for finding in validate(text, "IDENTITY_POLICY"))
            slowest = max(slowest, time.perf_counter() - one)
        took, used = time.perf_counter() - began, time.process_time() - used
        print(f"  {len(policies):,} managed policies in {took:.1f} s ({used:.1f} s processor), slowest {slowest:.2f} s")
        print(f"  findings: {', '.join(f'{number} {kind}' for kind, number in sorted(found.items()))}")
    starts = []
    for _ in range(5):
        began, used = time.perf_counter(), _children()
        subprocess.run([sys.executable, "-c", ONE], check=True, stdout=subprocess.DEVNULL)
        starts.append((time.perf_counter() - began, _children() - used))
    took, used = min(starts)
    print(f"  start to first verdict: {took:.2f} s ({used:.2f} s processor), best of {len(starts)}")


def _children() -> float:
    """Processor time of the processes that have ended."""
    told = resource.getrusage(resource.RUSAGE_CHILDREN)
    return told.ru_utime + told.ru_stime


if __name__ == "__main__":
    main()
