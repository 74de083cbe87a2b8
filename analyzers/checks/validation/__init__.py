"""Policy validation: the documented checks of a policy's text, without an account. No Django, no AWS.

`validate(text, policy_type)` tells what is wrong, where, and how to mend it. docs/policy-validation.md is the way in.
"""

from .document import RESOURCE_TYPES
from .run import validate
from .values import FindingType, Location, Substring, ValidationFinding, as_json, learn_more

__all__ = [
    "RESOURCE_TYPES",
    "FindingType",
    "Location",
    "Substring",
    "ValidationFinding",
    "as_json",
    "learn_more",
    "validate",
]
