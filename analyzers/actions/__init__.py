"""One class per mutation of analyzers: who may do it, what is checked, what changes."""

from .analyzers import CreateAnalyzer, DeleteAnalyzer, UpdateAnalyzer
from .scans import CancelScan, StartScan
from .simulations import SaveSimulation

__all__ = ["CancelScan", "CreateAnalyzer", "DeleteAnalyzer", "SaveSimulation", "StartScan", "UpdateAnalyzer"]
