"""The smallest change of a policy that takes one access away: candidates, each proved. docs/smallest-change.md

`asked(problem)`, or `mend` without a child process. No Django here, and no AWS.
"""

from .ground import Place, Problem
from .mend import asked, mend
from .targets import Beyond, Granted, Listed, Public, Zone
from .values import Candidate, Change, Command, Kind, Loss, Mended, Used

__all__ = [
    "Beyond",
    "Candidate",
    "Change",
    "Command",
    "Granted",
    "Kind",
    "Listed",
    "Loss",
    "Mended",
    "Place",
    "Problem",
    "Public",
    "Used",
    "Zone",
    "asked",
    "mend",
]
