"""Questions about policies, answered by proof. No Django, no AWS.

`decide(request, policies)` decides one request, step by step, without a solver. The other questions are put to a solver
for all requests at once, each within hard limits of time and memory: `can(access)`, `compare(first, second)`,
`grants(policy, access)`, `no_new_access(existing, new)`, `public(policy, resource_type)`, `who(question)`.
`advise(request, policies)` tells what would allow a request, or block it; `explain(verdict)` says an answer in
sentences. docs/reasoning.md is the way in.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .asking import advise, can, compare, grants, no_new_access, public, who
    from .decision import decide
    from .sentences import explain

__all__ = ["advise", "can", "compare", "decide", "explain", "grants", "no_new_access", "public", "who"]

_HOMES = {"decide": "decision", "explain": "sentences"}


def __getattr__(name: str) -> Any:
    """Load what is asked for when it is: whoever only parses policies needs no solver."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES.get(name, 'asking')}", __name__), name)
