"""One class per mutation of analyzers: who may do it, what is checked, what changes."""

from .analyzers import CreateAnalyzer, DeleteAnalyzer, UpdateAnalyzer
from .changes import AskWhoChanged
from .collections import CancelCollection, EndSchedule, ReadAgain, StartCollection
from .known_accounts import DeleteKnownAccount, ImportKnownAccounts, SaveKnownAccount
from .policy_generations import CancelPolicyGeneration, QuotaExceeded, StartPolicyGeneration
from .previews import CancelPreview, CreatePreview
from .scans import CancelScan, StartScan
from .simulations import SaveSimulation
from .usage import AddFeed, CancelReading, ReadUsage, RemoveFeed, UploadUsage

__all__ = [
    "AddFeed",
    "AskWhoChanged",
    "CancelCollection",
    "CancelPolicyGeneration",
    "CancelPreview",
    "CancelReading",
    "CancelScan",
    "CreateAnalyzer",
    "CreatePreview",
    "DeleteAnalyzer",
    "DeleteKnownAccount",
    "EndSchedule",
    "ImportKnownAccounts",
    "QuotaExceeded",
    "ReadAgain",
    "ReadUsage",
    "RemoveFeed",
    "SaveKnownAccount",
    "SaveSimulation",
    "StartCollection",
    "StartPolicyGeneration",
    "StartScan",
    "UpdateAnalyzer",
    "UploadUsage",
]
