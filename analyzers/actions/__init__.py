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
from .policy_generations import CancelPolicyGeneration, QuotaExceeded, StartPolicyGeneration
from .previews import CancelPreview, CreatePreview
from .scans import CancelScan, StartScan
from .simulations import SaveSimulation
from .usage import AddFeed, CancelReading, ReadUsage, RemoveFeed, UploadUsage

__all__ = [
    "AddFeed",
    "AskWhoChanged",
    "AssignGuardrail",
    "CancelCollection",
    "CancelPolicyGeneration",
    "CancelPreview",
    "CancelReading",
    "CancelScan",
    "CopyFromLibrary",
    "CreateAnalyzer",
    "CreateCheckToken",
    "CreatePreview",
    "DeleteAnalyzer",
    "DeleteGuardrail",
    "DeleteKnownAccount",
    "EndSchedule",
    "ImportGuardrails",
    "ImportKnownAccounts",
    "QuotaExceeded",
    "ReadAgain",
    "ReadUsage",
    "RemoveFeed",
    "RevokeCheckToken",
    "SaveCheck",
    "SaveGuardrail",
    "SaveKnownAccount",
    "SaveSimulation",
    "StartCollection",
    "StartPolicyGeneration",
    "StartScan",
    "UpdateAnalyzer",
    "UploadUsage",
    "WithdrawGuardrail",
]
