"""All documented checks, in the order in which they are run.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html
"""

from __future__ import annotations

from . import (
    actions,
    addresses,
    condition_keys,
    condition_operators,
    condition_values,
    control_policies,
    elements,
    principals,
    redundancy,
    resource_types,
    resources,
    roles,
    service_principals,
    sizes,
    tags,
    trust,
    variables,
    wildcards,
)
from .rule import Rule
from .values import FindingType

SYNTAX = Rule("JSON_SYNTAX_ERROR", FindingType.ERROR, None)
"""Found by reading the text, before any check has something to look at."""

RULES: tuple[Rule, ...] = (
    SYNTAX,
    *sizes.RULES,
    *elements.RULES,
    *control_policies.RULES,
    *principals.RULES,
    *trust.RULES,
    *actions.RULES,
    *resources.RULES,
    *resource_types.RULES,
    *variables.RULES,
    *condition_operators.RULES,
    *condition_keys.RULES,
    *condition_values.RULES,
    *addresses.RULES,
    *wildcards.RULES,
    *tags.RULES,
    *roles.RULES,
    *service_principals.RULES,
    *redundancy.RULES,
)
BY_CODE = {rule.code: rule for rule in RULES}
