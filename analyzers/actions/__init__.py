"""One class per mutation of analyzers: who may do it, what is checked, what changes."""

from .analyzers import CreateAnalyzer, DeleteAnalyzer, UpdateAnalyzer
from .changes import AskWhoChanged
from .collections import CancelCollection, EndSchedule, ReadAgain, StartCollection
from .known_accounts import DeleteKnownAccount, ImportKnownAccounts, SaveKnownAccount
from .previews import CancelPreview, CreatePreview
from .scans import CancelScan, StartScan
from .simulations import SaveSimulation

__all__ = [
    "AskWhoChanged",
    "CancelCollection",
    "CancelPreview",
    "CancelScan",
    "CreateAnalyzer",
    "CreatePreview",
    "DeleteAnalyzer",
    "DeleteKnownAccount",
    "EndSchedule",
    "ImportKnownAccounts",
    "ReadAgain",
    "SaveKnownAccount",
    "SaveSimulation",
    "StartCollection",
    "StartScan",
    "UpdateAnalyzer",
]
