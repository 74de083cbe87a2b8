"""In which properties of CloudFormation resources policies stand, and what they are policies of.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from analyzers.reasoning.question import PolicyType

IDENTITY, RESOURCE = PolicyType.IDENTITY, PolicyType.RESOURCE
TRUST = "AWS::IAM::AssumeRolePolicyDocument"


class Property(NamedTuple):
    """`path`: property names, `[]` for each entry of a list."""

    path: str
    policy_type: PolicyType = RESOURCE
    resource_type: str = ""


_INLINE = Property("Policies.[].PolicyDocument", IDENTITY)
_DOCUMENT = Property("PolicyDocument", IDENTITY)
PROPERTIES: Mapping[str, tuple[Property, ...]] = {
    "AWS::IAM::Role": (Property("AssumeRolePolicyDocument", RESOURCE, TRUST), _INLINE),
    "AWS::IAM::User": (_INLINE,),
    "AWS::IAM::Group": (_INLINE,),
    "AWS::IAM::Policy": (_DOCUMENT,),
    "AWS::IAM::ManagedPolicy": (_DOCUMENT,),
    "AWS::IAM::RolePolicy": (_DOCUMENT,),
    "AWS::IAM::UserPolicy": (_DOCUMENT,),
    "AWS::IAM::GroupPolicy": (_DOCUMENT,),
    "AWS::SSO::PermissionSet": (Property("InlinePolicy", IDENTITY),),
    "AWS::S3::BucketPolicy": (Property("PolicyDocument", RESOURCE, "AWS::S3::Bucket"),),
    "AWS::S3::AccessPoint": (Property("Policy", RESOURCE, "AWS::S3::AccessPoint"),),
    "AWS::S3::MultiRegionAccessPointPolicy": (Property("Policy", RESOURCE, "AWS::S3::AccessPoint"),),
    "AWS::S3ObjectLambda::AccessPointPolicy": (Property("PolicyDocument", RESOURCE, "AWS::S3::AccessPoint"),),
    "AWS::S3Express::BucketPolicy": (Property("PolicyDocument", RESOURCE, "AWS::S3Express::DirectoryBucket"),),
    "AWS::S3Express::AccessPoint": (Property("Policy", RESOURCE, "AWS::S3Express::AccessPoint"),),
    "AWS::S3Outposts::BucketPolicy": (Property("PolicyDocument", RESOURCE, "AWS::S3Outposts::Bucket"),),
    "AWS::S3Outposts::AccessPoint": (Property("Policy", RESOURCE, "AWS::S3Outposts::AccessPoint"),),
    "AWS::S3Tables::TableBucketPolicy": (Property("ResourcePolicy", RESOURCE, "AWS::S3Tables::TableBucket"),),
    "AWS::S3Tables::TablePolicy": (Property("ResourcePolicy", RESOURCE, "AWS::S3Tables::Table"),),
    "AWS::SQS::QueuePolicy": (Property("PolicyDocument", RESOURCE, "AWS::SQS::Queue"),),
    "AWS::SQS::QueueInlinePolicy": (Property("PolicyDocument", RESOURCE, "AWS::SQS::Queue"),),
    "AWS::SNS::TopicPolicy": (Property("PolicyDocument", RESOURCE, "AWS::SNS::Topic"),),
    "AWS::SNS::TopicInlinePolicy": (Property("PolicyDocument", RESOURCE, "AWS::SNS::Topic"),),
    "AWS::KMS::Key": (Property("KeyPolicy", RESOURCE, "AWS::KMS::Key"),),
    "AWS::KMS::ReplicaKey": (Property("KeyPolicy", RESOURCE, "AWS::KMS::Key"),),
    "AWS::SecretsManager::ResourcePolicy": (Property("ResourcePolicy", RESOURCE, "AWS::SecretsManager::Secret"),),
    "AWS::ECR::Repository": (Property("RepositoryPolicyText"),),
    "AWS::ECR::PublicRepository": (Property("RepositoryPolicyText"),),
    "AWS::ECR::RegistryPolicy": (Property("PolicyText"),),
    "AWS::EFS::FileSystem": (Property("FileSystemPolicy", RESOURCE, "AWS::EFS::FileSystem"),),
    "AWS::OpenSearchService::Domain": (Property("AccessPolicies", RESOURCE, "AWS::OpenSearchService::Domain"),),
    "AWS::Elasticsearch::Domain": (Property("AccessPolicies", RESOURCE, "AWS::OpenSearchService::Domain"),),
    "AWS::Kinesis::ResourcePolicy": (Property("ResourcePolicy", RESOURCE, "AWS::Kinesis::Stream"),),
    "AWS::DynamoDB::Table": (
        Property("ResourcePolicy.PolicyDocument", RESOURCE, "AWS::DynamoDB::Table"),
        Property("StreamSpecification.ResourcePolicy.PolicyDocument", RESOURCE, "AWS::DynamoDB::Stream"),
    ),
    "AWS::DynamoDB::GlobalTable": (
        Property("Replicas.[].ResourcePolicy.PolicyDocument", RESOURCE, "AWS::DynamoDB::Table"),
        Property(
            "Replicas.[].ReplicaStreamSpecification.ResourcePolicy.PolicyDocument", RESOURCE, "AWS::DynamoDB::Stream"
        ),
    ),
    "AWS::ApiGateway::RestApi": (
        Property("Policy", RESOURCE, "AWS::ApiGateway::RestApi"),
        Property("Body.x-amazon-apigateway-policy", RESOURCE, "AWS::ApiGateway::RestApi"),
    ),
    "AWS::Backup::BackupVault": (Property("AccessPolicy", RESOURCE, "AWS::Backup::BackupVault"),),
    "AWS::CodeArtifact::Domain": (Property("PermissionsPolicyDocument", RESOURCE, "AWS::CodeArtifact::Domain"),),
    "AWS::CodeArtifact::Repository": (Property("PermissionsPolicyDocument"),),
    "AWS::CloudTrail::Dashboard": (Property("ResourcePolicy", RESOURCE, "AWS::CloudTrail::Dashboard"),),
    "AWS::CloudTrail::EventDataStore": (Property("ResourcePolicy", RESOURCE, "AWS::CloudTrail::EventDataStore"),),
    "AWS::CloudTrail::ResourcePolicy": (Property("ResourcePolicy"),),
    "AWS::EC2::VPCEndpoint": (Property("PolicyDocument"),),
    "AWS::Logs::ResourcePolicy": (Property("PolicyDocument"),),
    "AWS::Logs::Destination": (Property("DestinationPolicy"),),
    "AWS::MSK::ClusterPolicy": (Property("Policy"),),
    "AWS::MediaStore::Container": (Property("Policy"),),
    "AWS::Organizations::ResourcePolicy": (Property("Content"),),
    "AWS::Events::EventBus": (Property("Policy"),),
    "AWS::VpcLattice::AuthPolicy": (Property("Policy"),),
    "AWS::VpcLattice::ResourcePolicy": (Property("Policy"),),
    "AWS::XRay::ResourcePolicy": (Property("PolicyDocument"),),
    "AWS::SSM::ResourcePolicy": (Property("Policy"),),
    "AWS::Redshift::Cluster": (Property("NamespaceResourcePolicy"),),
}
"""Of other resources every property is looked at that holds something with a Statement."""

MANAGED_ARNS: Mapping[str, str] = {
    "AWS::IAM::Role": "ManagedPolicyArns",
    "AWS::IAM::User": "ManagedPolicyArns",
    "AWS::IAM::Group": "ManagedPolicyArns",
    "AWS::SSO::PermissionSet": "ManagedPolicies",
}
"""Policies that are attached by name: what they allow is not in the template."""
CONTROL_POLICIES = frozenset({PolicyType.SERVICE_CONTROL, PolicyType.RESOURCE_CONTROL})
"""`Type` of an AWS::Organizations::Policy whose `Content` is a policy of this language."""
