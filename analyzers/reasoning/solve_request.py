"""The solver's own decision about one request, beside the evaluator's."""

from __future__ import annotations

from time import monotonic

from .evaluate import Outcome
from .formula import negate
from .layers import IsPublic, weigh
from .points import points, told
from .policy_set import PolicySet
from .reach import is_public
from .request import Request
from .scene import RESOURCE, Crossing, Scene
from .space import Space, Vocabulary


def solve(request: Request, policies: PolicySet, *, is_public: IsPublic = is_public, seconds: float = 2.0) -> Outcome:
    """Whether AWS would allow the request: UNKNOWN if what is not understood could change the answer.

    Raises OutOfTime, and ValueError for an access control list that is not understood.
    """
    known = told(request)
    scene = Scene(rest=RESOURCE, crossing=Crossing.OPEN, known=known, complete=True)
    weighed = weigh(policies, scene, resource=request.resource, owner=request.resource_account, is_public=is_public)
    vocabulary = Vocabulary([weighed.allowed])
    space = Space(
        vocabulary,
        universes={},
        hints={},
        deadline=monotonic() + seconds,
        milliseconds=int(seconds * 1000),
        points=points(request, known, vocabulary),
        kind=request.caller_kind,
    )
    solver = space.solver()
    facts = [space.expression(switch) for switch in weighed.switches]
    may = space.check(solver, *facts, space.expression(weighed.allowed))
    must = not space.check(solver, *facts, space.expression(negate(weighed.allowed)))
    if may and must:
        return Outcome.ALLOW
    return Outcome.UNKNOWN if may else Outcome.DENY
