"""Named sets of rules that policies must keep to: files that live beside the code that they guard. docs/guardrails.md

`load(name or path)` reads one, `names()` lists the library, `applicable(guardrail, policy)` are the rules for a policy,
`outcome(rule, policy)` is what comes of one.
"""

from .apply import applicable, outcome
from .load import GuardrailError, load, names, parse_guardrail, summary
from .values import Guardrail, Rule

__all__ = [
    "Guardrail",
    "GuardrailError",
    "Rule",
    "applicable",
    "load",
    "names",
    "outcome",
    "parse_guardrail",
    "summary",
]
