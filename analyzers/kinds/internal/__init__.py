"""Internal access: who inside the zone of trust can reach a resource. docs/internal-access.md

`People(population, controlled=…)` prepares everybody once; `Analyst(people).analyze(subject)` answers for a resource.
Pure: no Django, no AWS.
"""

from .analysis import Analyst
from .answer import Encryption, InternalFinding, Withheld
from .people import People, member_hashes

VERSION = 2
"""Raise it when answers change for the same input, so that the next scan asks again."""

__all__ = ["VERSION", "Analyst", "Encryption", "InternalFinding", "People", "Withheld", "member_hashes"]
