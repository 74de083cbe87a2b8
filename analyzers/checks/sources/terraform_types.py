"""In which attributes of Terraform's AWS resources policies stand, and what they are policies of.

https://registry.terraform.io/providers/hashicorp/aws/latest/docs
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from analyzers.reasoning.question import PolicyType

from .properties import IDENTITY, RESOURCE, TRUST


class Attribute(NamedTuple):
    """`path`: through blocks, which are lists."""

    path: str = "policy"
    policy_type: PolicyType = RESOURCE
    resource_type: str = ""


LAMBDA_PERMISSION = "aws_lambda_permission"
_IDENTITY = (Attribute("policy", IDENTITY),)


def _of(resource_type: str, path: str = "policy") -> tuple[Attribute, ...]:
    return (Attribute(path, RESOURCE, resource_type),)


ATTRIBUTES: Mapping[str, tuple[Attribute, ...]] = {
    "aws_iam_policy": _IDENTITY,
    "aws_iam_role_policy": _IDENTITY,
    "aws_iam_user_policy": _IDENTITY,
    "aws_iam_group_policy": _IDENTITY,
    "aws_iam_role": (
        Attribute("assume_role_policy", RESOURCE, TRUST),
        Attribute("inline_policy.policy", IDENTITY),
    ),
    "aws_ssoadmin_permission_set_inline_policy": (Attribute("inline_policy", IDENTITY),),
    "aws_organizations_policy": (Attribute("content", PolicyType.SERVICE_CONTROL),),
    "aws_organizations_resource_policy": (Attribute("content"),),
    "aws_s3_bucket": _of("AWS::S3::Bucket"),
    "aws_s3_bucket_policy": _of("AWS::S3::Bucket"),
    "aws_s3_directory_bucket_policy": _of("AWS::S3Express::DirectoryBucket"),
    "aws_s3_access_point": _of("AWS::S3::AccessPoint"),
    "aws_s3control_access_point_policy": _of("AWS::S3::AccessPoint"),
    "aws_s3control_multi_region_access_point_policy": _of("AWS::S3::AccessPoint", "details.policy"),
    "aws_s3control_object_lambda_access_point_policy": _of("AWS::S3::AccessPoint"),
    "aws_s3control_bucket_policy": _of("AWS::S3Outposts::Bucket"),
    "aws_s3tables_table_bucket_policy": _of("AWS::S3Tables::TableBucket", "resource_policy"),
    "aws_s3tables_table_policy": _of("AWS::S3Tables::Table", "resource_policy"),
    "aws_sqs_queue": _of("AWS::SQS::Queue"),
    "aws_sqs_queue_policy": _of("AWS::SQS::Queue"),
    "aws_sns_topic": _of("AWS::SNS::Topic"),
    "aws_sns_topic_policy": _of("AWS::SNS::Topic"),
    "aws_kms_key": _of("AWS::KMS::Key"),
    "aws_kms_key_policy": _of("AWS::KMS::Key"),
    "aws_kms_replica_key": _of("AWS::KMS::Key"),
    "aws_kms_external_key": _of("AWS::KMS::Key"),
    "aws_secretsmanager_secret": _of("AWS::SecretsManager::Secret"),
    "aws_secretsmanager_secret_policy": _of("AWS::SecretsManager::Secret"),
    "aws_ecr_repository_policy": _of(""),
    "aws_ecr_registry_policy": _of(""),
    "aws_ecrpublic_repository_policy": _of(""),
    "aws_efs_file_system_policy": _of("AWS::EFS::FileSystem"),
    "aws_opensearch_domain": _of("AWS::OpenSearchService::Domain", "access_policies"),
    "aws_opensearch_domain_policy": _of("AWS::OpenSearchService::Domain", "access_policies"),
    "aws_elasticsearch_domain": _of("AWS::OpenSearchService::Domain", "access_policies"),
    "aws_elasticsearch_domain_policy": _of("AWS::OpenSearchService::Domain", "access_policies"),
    "aws_kinesis_resource_policy": _of("AWS::Kinesis::Stream"),
    "aws_dynamodb_resource_policy": _of("AWS::DynamoDB::Table"),
    "aws_api_gateway_rest_api": _of("AWS::ApiGateway::RestApi"),
    "aws_api_gateway_rest_api_policy": _of("AWS::ApiGateway::RestApi"),
    "aws_backup_vault_policy": _of("AWS::Backup::BackupVault"),
    "aws_codeartifact_domain_permissions_policy": _of("AWS::CodeArtifact::Domain", "policy_document"),
    "aws_codeartifact_repository_permissions_policy": _of("", "policy_document"),
    "aws_glacier_vault": _of("AWS::S3::Glacier", "access_policy"),
    "aws_vpc_endpoint": _of(""),
    "aws_vpc_endpoint_policy": _of(""),
    "aws_cloudwatch_log_resource_policy": _of("", "policy_document"),
    "aws_cloudwatch_log_destination_policy": _of("", "access_policy"),
    "aws_cloudwatch_event_bus_policy": _of(""),
    "aws_msk_cluster_policy": _of(""),
    "aws_media_store_container_policy": _of(""),
    "aws_vpclattice_auth_policy": _of(""),
    "aws_vpclattice_resource_policy": _of(""),
    "aws_glue_resource_policy": _of(""),
}
ATTACHED: Mapping[str, str] = {
    "aws_iam_role": "managed_policy_arns",
    "aws_iam_role_policy_attachment": "policy_arn",
    "aws_iam_user_policy_attachment": "policy_arn",
    "aws_iam_group_policy_attachment": "policy_arn",
    "aws_iam_policy_attachment": "policy_arn",
    "aws_iam_role_policy_attachments_exclusive": "policy_arns",
    "aws_iam_user_policy_attachments_exclusive": "policy_arns",
    "aws_iam_group_policy_attachments_exclusive": "policy_arns",
    "aws_ssoadmin_managed_policy_attachment": "managed_policy_arn",
}
"""Attributes that attach managed policies by ARN."""
