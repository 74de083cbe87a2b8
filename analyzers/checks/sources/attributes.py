"""What Ref and Fn::GetAtt give of the resources that policies name, as far as a template tells.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
`{P}` partition, `{R}` region, `{A}` account, `{N}` the name: a property, or not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Kind(NamedTuple):
    """`name`: the property that names the resource; `ref`: what Ref gives; `attributes`: what Fn::GetAtt gives."""

    name: str
    ref: str
    attributes: Mapping[str, str] = {}


def _arn(service: str, rest: str, *, region: bool = True, account: bool = True) -> str:
    return f"arn:{{P}}:{service}:{'{R}' if region else ''}:{'{A}' if account else ''}:{rest}"


def _iam(kind: str, name: str) -> Kind:
    return Kind(name, "{N}", {"Arn": _arn("iam", f"{kind}{{PATH}}{{N}}", region=False)})


_BUCKET = _arn("s3", "{N}", region=False, account=False)
_TABLE = _arn("dynamodb", "table/{N}")
KINDS: Mapping[str, Kind] = {
    "AWS::S3::Bucket": Kind("BucketName", "{N}", {"Arn": _BUCKET}),
    "AWS::IAM::Role": _iam("role", "RoleName"),
    "AWS::IAM::User": _iam("user", "UserName"),
    "AWS::IAM::Group": _iam("group", "GroupName"),
    "AWS::IAM::ManagedPolicy": Kind(
        "ManagedPolicyName",
        _arn("iam", "policy{PATH}{N}", region=False),
        {"PolicyArn": _arn("iam", "policy{PATH}{N}", region=False)},
    ),
    "AWS::SQS::Queue": Kind(
        "QueueName",
        "https://sqs.{R}.amazonaws.com/{A}/{N}",
        {"Arn": _arn("sqs", "{N}"), "QueueName": "{N}", "QueueUrl": "https://sqs.{R}.amazonaws.com/{A}/{N}"},
    ),
    "AWS::SNS::Topic": Kind("TopicName", _arn("sns", "{N}"), {"TopicArn": _arn("sns", "{N}"), "TopicName": "{N}"}),
    "AWS::Lambda::Function": Kind("FunctionName", "{N}", {"Arn": _arn("lambda", "function:{N}")}),
    "AWS::DynamoDB::Table": Kind("TableName", "{N}", {"Arn": _TABLE, "StreamArn": f"{_TABLE}/stream/{{UNKNOWN}}"}),
    "AWS::DynamoDB::GlobalTable": Kind("TableName", "{N}", {"Arn": _TABLE}),
    "AWS::KMS::Key": Kind("", "{N}", {"Arn": _arn("kms", "key/{N}"), "KeyId": "{N}"}),
    "AWS::SecretsManager::Secret": Kind(
        "Name", _arn("secretsmanager", "secret:{N}-{UNKNOWN}"), {"Id": _arn("secretsmanager", "secret:{N}-{UNKNOWN}")}
    ),
    "AWS::Logs::LogGroup": Kind("LogGroupName", "{N}", {"Arn": _arn("logs", "log-group:{N}:*")}),
    "AWS::Kinesis::Stream": Kind("Name", "{N}", {"Arn": _arn("kinesis", "stream/{N}")}),
    "AWS::ECR::Repository": Kind("RepositoryName", "{N}", {"Arn": _arn("ecr", "repository/{N}")}),
    "AWS::EFS::FileSystem": Kind(
        "", "{N}", {"Arn": _arn("elasticfilesystem", "file-system/{N}"), "FileSystemId": "{N}"}
    ),
    "AWS::StepFunctions::StateMachine": Kind(
        "StateMachineName", _arn("states", "stateMachine:{N}"), {"Arn": _arn("states", "stateMachine:{N}")}
    ),
    "AWS::Events::Rule": Kind("Name", "{N}", {"Arn": _arn("events", "rule/{N}")}),
    "AWS::Events::EventBus": Kind("Name", "{N}", {"Arn": _arn("events", "event-bus/{N}"), "Name": "{N}"}),
    "AWS::SSM::Parameter": Kind("Name", "{N}"),
    "AWS::ApiGateway::RestApi": Kind("", "{N}", {"RestApiId": "{N}"}),
    "AWS::OpenSearchService::Domain": Kind("DomainName", "{N}", {"Arn": _arn("es", "domain/{N}")}),
    "AWS::Backup::BackupVault": Kind(
        "BackupVaultName", "{N}", {"BackupVaultArn": _arn("backup", "backup-vault:{N}"), "BackupVaultName": "{N}"}
    ),
    "AWS::IAM::OIDCProvider": Kind("Url", _arn("iam", "oidc-provider/{N}", region=False)),
    "AWS::IAM::SAMLProvider": Kind("Name", _arn("iam", "saml-provider/{N}", region=False)),
}
"""Of any other type neither is known."""
