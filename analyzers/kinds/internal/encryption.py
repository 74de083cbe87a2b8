"""Encrypted data counts as readable only if its key says so too. AWS's own findings leave that out.

https://docs.aws.amazon.com/kms/latest/developerguide/service-integration.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from analyzers.kinds.population import Member
from analyzers.kinds.subject import Subject
from analyzers.reasoning.evaluate import Outcome
from analyzers.reasoning.request import Request

from .answer import Encryption
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
        for action in ("kms:Decrypt", "kms:GenerateDataKey"):
            bit = target.bits.mask_of([action])
            found = [way for way in ways if way.mask & bit]
            if any(way.proved for way in found):
                told.append(YES)
                continue
            told.append(UNKNOWN if found else NO)
            if found:
                blockers.append(f"{action}: {found[0].reason}")
                continue
            decision = decided(
                Request(member.arn, action, target.subject.arn, target.subject.account), group, target, people
            )
            reason = decision.reason if decision.outcome is Outcome.DENY else "no request is allowed."
            blockers.append(f"{action}: {reason}")
        return _Use(told[0], told[1], tuple(dict.fromkeys(blockers)))
