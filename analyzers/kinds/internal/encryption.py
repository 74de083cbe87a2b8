"""Encrypted data counts as readable only if its key says so too. AWS's own findings leave that out.

What the key provably does not let a principal do is not access, and is told apart (`Withheld`). That is said only of
actions that nobody can do without the right to the key (`HELD_BY_DECRYPT`, `HELD_BY_GENERATE`); of others that use the
key (`READS`, `WRITES`) the finding stays and tells what the key says.

https://docs.aws.amazon.com/kms/latest/developerguide/service-integration.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from analyzers.kinds.population import Member
from analyzers.kinds.subject import Subject
from analyzers.reasoning.evaluate import Outcome
from analyzers.reasoning.request import Request

from .answer import Encryption, Withheld
from .replay import decided
from .target import Target
from .weigh import Case

if TYPE_CHECKING:
    from .analysis import Analyst

READS: Mapping[str, frozenset[str]] = {
    "AWS::S3::Bucket": frozenset({"s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTorrent"}),
    "AWS::S3Express::DirectoryBucket": frozenset({"s3express:CreateSession"}),
    "AWS::SecretsManager::Secret": frozenset({"secretsmanager:GetSecretValue"}),
    "AWS::SQS::Queue": frozenset({"sqs:ReceiveMessage"}),
    "AWS::DynamoDB::Table": frozenset(
        f"dynamodb:{name}" for name in ("GetItem", "BatchGetItem", "Query", "Scan", "PartiQLSelect", "TransactGetItems")
    ),
    "AWS::DynamoDB::Stream": frozenset({"dynamodb:GetRecords"}),
    "AWS::Kinesis::Stream": frozenset({"kinesis:GetRecords", "kinesis:SubscribeToShard"}),
    "AWS::EC2::Snapshot": frozenset({"ec2:CopySnapshot", "ec2:CreateVolume"}),
    "AWS::RDS::DBSnapshot": frozenset({"rds:CopyDBSnapshot", "rds:RestoreDBInstanceFromDBSnapshot"}),
    "AWS::RDS::DBClusterSnapshot": frozenset({"rds:CopyDBClusterSnapshot", "rds:RestoreDBClusterFromSnapshot"}),
}
"""Actions that need kms:Decrypt of the caller."""
WRITES: Mapping[str, frozenset[str]] = {
    "AWS::S3::Bucket": frozenset({"s3:PutObject", "s3:ReplicateObject", "s3:RestoreObject"}),
    "AWS::S3Express::DirectoryBucket": frozenset({"s3express:CreateSession"}),
    "AWS::SecretsManager::Secret": frozenset({"secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret"}),
    "AWS::SQS::Queue": frozenset({"sqs:SendMessage"}),
    "AWS::SNS::Topic": frozenset({"sns:Publish"}),
    "AWS::DynamoDB::Table": frozenset(
        f"dynamodb:{name}" for name in ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLInsert")
    ),
    "AWS::Kinesis::Stream": frozenset({"kinesis:PutRecord", "kinesis:PutRecords"}),
}
"""Actions that need kms:GenerateDataKey of the caller."""

BUCKET_DEFAULT_HOLDS_FOR_ALL_OBJECTS = True
"""Taken for granted: that every object of a bucket is encrypted as the bucket's default says today. An object may have
been stored with another key, or before the default was set; that is seen only by asking for each object. If this is
false, no reading of objects is held back."""
HELD_BY_DECRYPT: Mapping[str, frozenset[str]] = {
    "AWS::S3::Bucket": READS["AWS::S3::Bucket"] if BUCKET_DEFAULT_HOLDS_FOR_ALL_OBJECTS else frozenset(),
    "AWS::SecretsManager::Secret": READS["AWS::SecretsManager::Secret"],
    "AWS::SQS::Queue": READS["AWS::SQS::Queue"],
    # DynamoDB opens the table's key by kms:Decrypt of the caller for writing as well.
    "AWS::DynamoDB::Table": READS["AWS::DynamoDB::Table"]
    | {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:PartiQLInsert"},
    "AWS::DynamoDB::Stream": READS["AWS::DynamoDB::Stream"],
    "AWS::Kinesis::Stream": READS["AWS::Kinesis::Stream"],
}
"""Actions that are impossible without kms:Decrypt. Not among them: copying and restoring of snapshots, for which a
grant on the key does as well, and sessions of directory buckets, which also list and delete."""
HELD_BY_GENERATE: Mapping[str, frozenset[str]] = {
    "AWS::SecretsManager::Secret": frozenset({"secretsmanager:PutSecretValue"}),
    "AWS::SQS::Queue": WRITES["AWS::SQS::Queue"],
    "AWS::SNS::Topic": WRITES["AWS::SNS::Topic"],
    "AWS::Kinesis::Stream": WRITES["AWS::Kinesis::Stream"],
}
"""Actions that are impossible without kms:GenerateDataKey. Not among them: s3:PutObject, whose caller may name another
encryption than the bucket's default."""

YES, NO, UNKNOWN = "yes", "no", "unknown"
_AWS_MANAGED = "alias/aws/"


class _Use(NamedTuple):
    decrypt: str
    generate: str
    blockers: tuple[str, ...]


class Keys:
    """Who may use which key, each worked out once."""

    def __init__(self, analyst: Analyst, find: Callable[[str, Subject], Subject | None]) -> None:
        self._analyst = analyst
        self._find = find
        self._targets: dict[str, Target] = {}
        self._uses: dict[tuple[str, int, int, str], _Use] = {}

    def of(self, target: Target, member: Member, actions: Sequence[str]) -> Encryption | None:
        """What the key of the resource says to the member; None where no key has a say in these actions."""
        named = str(target.subject.configuration.get("encryption_key") or "")
        reads = READS.get(target.subject.type, frozenset()) & set(actions)
        writes = WRITES.get(target.subject.type, frozenset()) & set(actions)
        if not named or not (reads or writes):
            return None
        use = self._use(named, target.subject, member)
        blockers = use.blockers if NO in ((use.decrypt if reads else ""), (use.generate if writes else "")) else ()
        if use.decrypt == UNKNOWN or use.generate == UNKNOWN:
            blockers = use.blockers
        return Encryption(named, use.decrypt if reads else "", use.generate if writes else "", blockers)

    def withheld(self, target: Target, member: Member, actions: Sequence[str]) -> Withheld | None:
        """Those of the actions that the key provably does not let the member do; None if there are none."""
        named = str(target.subject.configuration.get("encryption_key") or "")
        by_decrypt = HELD_BY_DECRYPT.get(target.subject.type, frozenset()).intersection(actions)
        by_generate = HELD_BY_GENERATE.get(target.subject.type, frozenset()).intersection(actions)
        if not named or not (by_decrypt or by_generate):
            return None
        use = self._use(named, target.subject, member)
        held = (by_decrypt if use.decrypt == NO else frozenset()) | (by_generate if use.generate == NO else frozenset())
        if not held:
            return None
        rights = (["kms:Decrypt"] if held & by_decrypt else []) + (
            ["kms:GenerateDataKey"] if held & by_generate else []
        )
        other = {"kms:Decrypt", "kms:GenerateDataKey"}.difference(rights)
        blockers = tuple(said for said in use.blockers if not said.startswith(tuple(f"{one}:" for one in other)))
        return Withheld(member.arn, tuple(one for one in actions if one in held), named, blockers)

    def _use(self, named: str, subject: Subject, member: Member) -> _Use:
        if _AWS_MANAGED in named:  # its policy lets in everybody of the account who comes through the service
            if member.account == subject.account:
                return _Use(YES, YES, ())
            return _Use(NO, NO, ("The key is managed by AWS and serves its own account only.",))
        key = self._find(named, subject)
        if key is None:
            return _Use(UNKNOWN, UNKNOWN, (f"The policy of the key {named} is not known.",))
        target = self._targets.get(key.arn)
        if target is None:
            target = self._targets[key.arn] = Target(key, self._analyst.people)
        group = self._analyst.people.group_of[member.arn]
        side = target.side(member, bounded=group.boundary is not None)
        same = group.account == target.subject.account
        own = self._analyst.own(group, target)
        case = Case(target.bits, group.kind, same, True, target.layers(own, side))
        ((case, _),) = self._analyst.by_name(case, (member,))
        place = (key.arn, group.number, id(side), case.name)
        found = self._uses.get(place)
        if found is None:
            found = self._uses[place] = self._ask(target, case, member)
        return found

    def _ask(self, target: Target, case: Case, member: Member) -> _Use:
        people = self._analyst.people
        group = people.group_of[member.arn]
        ways = people.weigher.ways(case)
        told, blockers = [], []
        unclear = [*target.errors, *target.control_errors]
        for action in ("kms:Decrypt", "kms:GenerateDataKey"):
            bit = target.bits.mask_of([action])
            found = [way for way in ways if way.mask & bit]
            if any(way.proved for way in found):
                told.append(YES)
                continue
            told.append(UNKNOWN if found or unclear else NO)
            if unclear:  # what cannot be read may allow it
                blockers.append(f"{action}: {unclear[0]}")
                continue
            if found:
                blockers.append(f"{action}: {found[0].reason}")
                continue
            decision = decided(
                Request(member.arn, action, target.subject.arn, target.subject.account), group, target, people
            )
            reason = decision.reason if decision.outcome is Outcome.DENY else "no request is allowed."
            blockers.append(f"{action}: {reason}")
        return _Use(told[0], told[1], tuple(dict.fromkeys(blockers)))
