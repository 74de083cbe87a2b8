"""What is analysed and how."""

from .analyzer import EXTERNAL_TYPES, INTERNAL_TYPES, SCANNED_TYPES, UNUSED_TYPES, Analyzer, AnalyzerType
from .change import ChangeCount, SetAsideMessage
from .check import CheckPipeline, CheckResult, CheckRun, CheckToken, SavedCheck
from .collection import PLAN_FIELDS, Collection, CollectionPart, CollectionSchedule, LastReading, PartStatus
from .guardrail import GuardrailAssignment, GuardrailEvent, GuardrailVersion, StoredGuardrail
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
from .policy_generation import PolicyGeneration
from .preview import AccessPreview, AccessPreviewFinding
from .scan import AnalyzedPopulation, AnalyzedResource, Scan, ScanChunk
from .simulation import Simulation
from .usage import (
    LastAccessedReport,
    SourceKind,
    UnknownEvent,
    Usage,
    UsageCoverage,
    UsageFeed,
    UsageFile,
    UsageReading,
)

__all__ = [
    "EXTERNAL_TYPES",
    "INTERNAL_TYPES",
    "PLAN_FIELDS",
    "SCANNED_TYPES",
    "UNUSED_TYPES",
    "AccessPreview",
    "AccessPreviewFinding",
    "Account",
    "AnalyzedPopulation",
    "AnalyzedResource",
    "Analyzer",
    "AnalyzerType",
    "ChangeCount",
    "CheckPipeline",
    "CheckResult",
    "CheckRun",
    "CheckToken",
    "Collection",
    "CollectionPart",
    "CollectionSchedule",
    "ControlPolicy",
    "Document",
    "GuardrailAssignment",
    "GuardrailEvent",
    "GuardrailVersion",
    "Import",
    "KnownAccount",
    "LastAccessedReport",
    "LastReading",
    "Organization",
    "OrganizationalUnit",
    "PartStatus",
    "PolicyChange",
    "PolicyGeneration",
    "Principal",
    "PrincipalPolicy",
    "Resource",
    "ResourceDocument",
    "ResourceType",
    "SavedCheck",
    "Scan",
    "ScanChunk",
    "SetAsideMessage",
    "Simulation",
    "SourceKind",
    "StoredGuardrail",
    "UnknownEvent",
    "Usage",
    "UsageCoverage",
    "UsageFeed",
    "UsageFile",
    "UsageReading",
]
