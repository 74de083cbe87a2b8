"""One class per mutation of analyzers: who may do it, what is checked, what changes."""

from .analyzers import CreateAnalyzer, DeleteAnalyzer, UpdateAnalyzer
from .collections import CancelCollection, EndSchedule, ReadAgain, StartCollection
from .scans import CancelScan, StartScan
from .simulations import SaveSimulation

__all__ = [
    "CancelCollection",
    "CancelScan",
    "CreateAnalyzer",
    "DeleteAnalyzer",
    "EndSchedule",
    "ReadAgain",
    "SaveSimulation",
    "StartCollection",
    "StartScan",
    "UpdateAnalyzer",
]
