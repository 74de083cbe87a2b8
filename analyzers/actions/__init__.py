"""One class per mutation of analyzers: who may do it, what is checked, what changes."""

from .analyzers import CreateAnalyzer, DeleteAnalyzer, UpdateAnalyzer
from .changes import AskWhoChanged
from .check_tokens import CreateCheckToken, RevokeCheckToken
from .checks import SaveCheck
from .collections import CancelCollection, EndSchedule, ReadAgain, StartCollection
from .guardrails import (
    AssignGuardrail,
    CopyFromLibrary,
    DeleteGuardrail,
    ImportGuardrails,
    SaveGuardrail,
    WithdrawGuardrail,
)
from .known_accounts import DeleteKnownAccount, ImportKnownAccounts, SaveKnownAccount
from .scans import CancelScan, StartScan
from .simulations import SaveSimulation

__all__ = [
    "AskWhoChanged",
    "AssignGuardrail",
    "CancelCollection",
    "CancelScan",
    "CopyFromLibrary",
    "CreateAnalyzer",
    "CreateCheckToken",
    "DeleteAnalyzer",
    "DeleteGuardrail",
    "DeleteKnownAccount",
    "EndSchedule",
    "ImportGuardrails",
    "ImportKnownAccounts",
    "ReadAgain",
    "RevokeCheckToken",
    "SaveCheck",
    "SaveGuardrail",
    "SaveKnownAccount",
    "SaveSimulation",
    "StartCollection",
    "StartScan",
    "UpdateAnalyzer",
    "WithdrawGuardrail",
]
