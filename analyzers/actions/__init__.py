"""One class per mutation of analyzers: who may do it, what is checked, what changes."""

from .analyzers import CreateAnalyzer, DeleteAnalyzer, UpdateAnalyzer
from .changes import AskWhoChanged
from .collections import CancelCollection, EndSchedule, ReadAgain, StartCollection
from .known_accounts import DeleteKnownAccount, ImportKnownAccounts, SaveKnownAccount
from .policy_generations import CancelPolicyGeneration, QuotaExceeded, StartPolicyGeneration
from .scans import CancelScan, StartScan
from .simulations import SaveSimulation

__all__ = [
    "AskWhoChanged",
    "CancelCollection",
    "CancelPolicyGeneration",
    "CancelScan",
    "CreateAnalyzer",
    "DeleteAnalyzer",
    "DeleteKnownAccount",
    "EndSchedule",
    "ImportKnownAccounts",
    "QuotaExceeded",
    "ReadAgain",
    "SaveKnownAccount",
    "SaveSimulation",
    "StartCollection",
    "StartPolicyGeneration",
    "StartScan",
    "UpdateAnalyzer",
]
