"""manage.py external_findings --resource ARN --account ID FILE: who does this policy let in from outside?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analyzers.kinds.channels import TRAITS
from analyzers.kinds.external import analyze
from analyzers.kinds.subject import ChannelDocument, ExternalFinding, Subject, ZoneOfTrust
from analyzers.policy import MAX_BYTES

_BY_SERVICE = {
    "s3": "AWS::S3::Bucket",
    "s3express": "AWS::S3Express::DirectoryBucket",
    "iam": "AWS::IAM::Role",
    "kms": "AWS::KMS::Key",
    "sqs": "AWS::SQS::Queue",
    "sns": "AWS::SNS::Topic",
    "secretsmanager": "AWS::SecretsManager::Secret",
    "ecr": "AWS::ECR::Repository",
    "elasticfilesystem": "AWS::EFS::FileSystem",
    "es": "AWS::OpenSearchService::Domain",
    "execute-api": "AWS::ApiGateway::RestApi",
    "apigateway": "AWS::ApiGateway::RestApi",
    "backup": "AWS::Backup::BackupVault",
    "cloudtrail": "AWS::CloudTrail::EventDataStore",
    "codeartifact": "AWS::CodeArtifact::Domain",
    "glacier": "AWS::S3::Glacier",
}


class Command(BaseCommand):
    help = (
        "Findings of one resource policy, as a JSON array in the Access Analyzer API's shape. No database. "
        "Exit status 0: answered, 1: not (fully) analysed, 2: wrong use."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the policy, - for standard input")
        parser.add_argument("--resource", required=True, help="ARN")
        parser.add_argument("--account", required=True, help="owner; the zone of trust")
        parser.add_argument("--organization", default="", help="organization of the owner: then it is the zone")
        parser.add_argument("--resource-type", default="", choices=["", *TRAITS])
        parser.add_argument("--like-aws", action="store_true", help="every finding that the service would report")

    def handle(self, *args: Any, **options: Any) -> None:
        arn, account, organization = options["resource"], options["account"], options["organization"]
        kind = options["resource_type"] or resource_type(arn)
        if not kind:
            raise CommandError(f"The type of {arn} does not follow from its ARN; use --resource-type.", returncode=2)
        zone = ZoneOfTrust(bool(organization), frozenset({account}), organization)
        document = ChannelDocument("POLICY", "", _read(options["file"]))
        analysis = analyze(Subject(arn, kind, account, (document,)), zone, like_aws=options["like_aws"])
        self.stdout.write(json.dumps([shape(arn, kind, account, finding) for finding in analysis.findings], indent=1))
        unproved = [finding.reason for finding in analysis.findings if not finding.proved]
        for text in [analysis.error, *unproved]:
            if text:
                self.stderr.write(text)
        if analysis.error:
            raise SystemExit(1)


def resource_type(arn: str) -> str:
    """The type that an ARN tells; empty if it does not."""
    fields = arn.split(":", 5)
    if len(fields) != 6:
        return ""
    service, name = fields[2], fields[5]
    if service == "lambda":
        return "AWS::Lambda::LayerVersion" if name.startswith("layer:") else "AWS::Lambda::Function"
    if service == "dynamodb":
        return "AWS::DynamoDB::Stream" if "/stream/" in name else "AWS::DynamoDB::Table"
    if service == "kinesis":
        return "AWS::Kinesis::StreamConsumer" if "/consumer/" in name else "AWS::Kinesis::Stream"
    if service == "s3tables":
        return "AWS::S3Tables::Table" if "/table/" in name else "AWS::S3Tables::TableBucket"
    return _BY_SERVICE.get(service, "")


def shape(arn: str, kind: str, account: str, finding: ExternalFinding) -> dict[str, Any]:
    """A finding as the API gives it, as far as one document tells."""
    return {
        "resource": arn,
        "resourceType": kind,
        "resourceOwnerAccount": account,
        "principal": dict(finding.principal),
        "action": list(finding.action),
        "condition": dict(finding.condition),
        "isPublic": finding.is_public,
        "sources": [dict(source) for source in finding.sources],
        "resourceControlPolicyRestriction": finding.restriction,
    }


def _read(name: str) -> str:
    try:
        if name == "-":
            return sys.stdin.read(MAX_BYTES + 1)
        with Path(name).open(encoding="utf-8", errors="surrogateescape") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}", returncode=2) from error
