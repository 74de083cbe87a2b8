"""What is analysed and how."""

from .analyzer import EXTERNAL_TYPES, INTERNAL_TYPES, SCANNED_TYPES, Analyzer, AnalyzerType
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
from .scan import AnalyzedPopulation, AnalyzedResource, Scan, ScanChunk
from .simulation import Simulation

__all__ = [
    "EXTERNAL_TYPES",
    "INTERNAL_TYPES",
    "SCANNED_TYPES",
    "Account",
    "AnalyzedPopulation",
    "AnalyzedResource",
    "Analyzer",
    "AnalyzerType",
    "Collection",
    "CollectionPart",
    "ControlPolicy",
    "Document",
    "Import",
    "Organization",
    "OrganizationalUnit",
    "Principal",
    "PrincipalPolicy",
    "Resource",
    "ResourceDocument",
    "ResourceType",
    "Scan",
    "ScanChunk",
    "Simulation",
]
