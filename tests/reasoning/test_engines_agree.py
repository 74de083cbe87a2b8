"""The solver's decision against the evaluator's, which is written apart from it.

What the evaluator knows the solver must know, and say the same. The solver may know more: it sees that two doubts are
one and the same. `make fuzz` runs it a hundred times as long.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzers.reasoning.bucket_access import public_by_form
from analyzers.reasoning.decision import decide
from analyzers.reasoning.evaluate import Outcome
from analyzers.reasoning.policy_set import PolicySet
from analyzers.reasoning.request import Request
from analyzers.reasoning.solve_request import solve

from .generators import POLICY_SETS, REQUESTS

REQUESTS_EACH = 10
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "20000")) // REQUESTS_EACH


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(POLICY_SETS, st.lists(REQUESTS, min_size=REQUESTS_EACH, max_size=REQUESTS_EACH))
def test_solver_and_evaluator_agree(policies: PolicySet, requests: list[Request]) -> None:
    for request in requests:
        decided, solved = decide(request, policies), solve(request, policies, is_public=public_by_form, seconds=30)
        if decided.outcome is not Outcome.UNKNOWN:
            assert solved is decided.outcome, (request, decided)
