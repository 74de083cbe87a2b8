"""The actions that a resource understands, as bits: one for each action and each part of the resource that it is about.

A bucket's own actions concern the bucket, others the objects in it. A set of accesses is then one integer, and what
policies say together is said with `&`, `|` and `~`.
Source of the actions: the catalogue; https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from analyzers.catalogue import actions_of
from analyzers.kinds.channels import TRAITS
from analyzers.policy.model import Patterns
from analyzers.reasoning.matching import action_matches

OWN, INSIDE = 1, 2
"""What an action is about: the resource itself, or what is in it (objects of a bucket, versions of a function)."""

_BOTH = OWN | INSIDE
_PARTS: Mapping[str, Mapping[str, int]] = {
    "AWS::S3::Bucket": {"bucket": OWN, "object": INSIDE},
    "AWS::S3Express::DirectoryBucket": {"bucket": OWN},
    "AWS::IAM::Role": {"role": OWN},
    "AWS::KMS::Key": {"key": OWN},
    "AWS::SQS::Queue": {"queue": OWN},
    "AWS::SNS::Topic": {"topic": OWN},
    "AWS::Lambda::Function": {"function": _BOTH, "function alias": INSIDE, "function version": INSIDE},
    "AWS::Lambda::LayerVersion": {"layerVersion": OWN},
    "AWS::SecretsManager::Secret": {"Secret": OWN},
    "AWS::ECR::Repository": {"repository": OWN},
    "AWS::EFS::FileSystem": {"file-system": OWN},
    "AWS::DynamoDB::Table": {"table": OWN, "index": INSIDE},
    "AWS::DynamoDB::Stream": {"stream": OWN},
    "AWS::EC2::Snapshot": {"snapshot": OWN},
    "AWS::RDS::DBSnapshot": {"snapshot": OWN},
    "AWS::RDS::DBClusterSnapshot": {"cluster-snapshot": OWN},
    "AWS::Kinesis::Stream": {"stream": OWN},
    "AWS::Kinesis::StreamConsumer": {"consumer": OWN},
    "AWS::OpenSearchService::Domain": {"domain": _BOTH},
    "AWS::ApiGateway::RestApi": {"execute-api-general": _BOTH},
    "AWS::Backup::BackupVault": {"backupVault": OWN},
    "AWS::CloudTrail::EventDataStore": {"eventdatastore": OWN},
    "AWS::CodeArtifact::Domain": {"domain": OWN},
    "AWS::S3Tables::TableBucket": {"TableBucket": OWN, "Table": INSIDE},
    "AWS::S3Tables::Table": {"Table": OWN},
    "AWS::S3::Glacier": {"vault": OWN},
}
"""Which of a service's resource types (keys of the catalogue) are the resource, and which are in it."""

_NOT_ASKED = frozenset({"sts:assumerolewithsaml", "sts:assumerolewithwebidentity", "sts:setcontext"})
"""The first two no user or role makes; the last gives nothing without sts:AssumeRole."""


class Bits:
    """`actions`: the name of each bit's action, as the API spells it. `own`, `inside`: the bits about either part."""

    def __init__(self, type_: str, more: Iterable[str] = ()) -> None:
        self.type = type_
        found = list(_actions(type_))
        known = {name.lower() for name, _ in found}
        inside = _BOTH if TRAITS[type_].separator else OWN
        found += [(name, inside) for name in sorted(set(more)) if name.lower() not in known]
        names: list[str] = []
        self.own = self.inside = 0
        self._bits: dict[str, int] = {}
        for name, parts in found:
            for part in (OWN, INSIDE):
                if parts & part:
                    bit = 1 << len(names)
                    names.append(name)
                    self._bits[name.lower()] = self._bits.get(name.lower(), 0) | bit
                    if part == OWN:
                        self.own |= bit
                    else:
                        self.inside |= bit
        self.actions = tuple(names)
        self.all = self.own | self.inside
        self._known: dict[Patterns, tuple[int, int]] = {}

    def covered(self, patterns: Patterns | None) -> tuple[int, int]:
        """The bits that an Action or NotAction element covers: for sure, and perhaps (where AWS does not say)."""
        if patterns is None:
            return self.all, 0
        found = self._known.get(patterns)
        if found is None:
            found = self._known[patterns] = self._covered(patterns)
        return found

    def _covered(self, patterns: Patterns) -> tuple[int, int]:
        sure = perhaps = 0
        for pattern in patterns.values:
            one = pattern.lower()
            if (bit := self._bits.get(one)) is not None:
                sure |= bit
                continue
            if not {"*", "?"} & set(one):
                continue
            for name, bit in self._bits.items():
                truth = action_matches(one, name)
                if truth is True:
                    sure |= bit
                elif truth is None:
                    perhaps |= bit
        perhaps &= ~sure
        return (self.all & ~sure & ~perhaps, perhaps) if patterns.negated else (sure, perhaps)

    def names(self, mask: int) -> tuple[str, ...]:
        """The actions of a set, sorted, each once."""
        return tuple(sorted({self.actions[place] for place in places(mask)}))

    def mask_of(self, names: Iterable[str]) -> int:
        """The bits of actions by name, in any case."""
        mask = 0
        for name in names:
            mask |= self._bits.get(name.lower(), 0)
        return mask


def places(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


@lru_cache(maxsize=64)
def _actions(type_: str) -> tuple[tuple[str, int], ...]:
    wanted = _PARTS[type_]
    found: list[tuple[str, int]] = []
    for service in TRAITS[type_].services:
        for action in actions_of(service):
            parts = 0
            for key in action.resource_types:
                parts |= wanted.get(key.rstrip("*"), 0)
            if parts and action.full_name.lower() not in _NOT_ASKED:
                found.append((action.full_name, parts))
    return tuple(found)
