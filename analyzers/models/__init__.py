"""What is analysed and how."""

from .analyzer import EXTERNAL_TYPES, Analyzer, AnalyzerType
from .collection import Collection, CollectionPart
from .inventory import (
    Account,
    ControlPolicy,
    Document,
    Import,
    Organization,
    OrganizationalUnit,
    Principal,
    PrincipalPolicy,
    Resource,
    ResourceDocument,
    ResourceType,
)
from .known_account import KnownAccount
from .policy_change import PolicyChange
from .scan import AnalyzedResource, Scan, ScanChunk
from .simulation import Simulation

__all__ = [
    "EXTERNAL_TYPES",
    "Account",
    "AnalyzedResource",
    "Analyzer",
    "AnalyzerType",
    "Collection",
    "CollectionPart",
    "ControlPolicy",
    "Document",
    "Import",
    "KnownAccount",
    "Organization",
    "OrganizationalUnit",
    "PolicyChange",
    "Principal",
    "PrincipalPolicy",
    "Resource",
    "ResourceDocument",
    "ResourceType",
    "Scan",
    "ScanChunk",
    "Simulation",
]
