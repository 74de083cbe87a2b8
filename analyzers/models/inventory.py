"""What exists: the organization, its accounts, control policies, principals and resources.

Filled by `analyzers.inventory` (files) and `analyzers.collect` (AWS). Policy texts are content-addressed:
each distinct text is one `Document`.
"""

from __future__ import annotations

import hashlib

from django.db import models


class ResourceType(models.TextChoices):
    """The resource types of the Access Analyzer API; values are those on the wire."""

    S3_BUCKET = "AWS::S3::Bucket", "S3 bucket"
    S3_DIRECTORY_BUCKET = "AWS::S3Express::DirectoryBucket", "S3 directory bucket"
    IAM_ROLE = "AWS::IAM::Role", "IAM role"
    IAM_USER = "AWS::IAM::User", "IAM user"
    KMS_KEY = "AWS::KMS::Key", "KMS key"
    SQS_QUEUE = "AWS::SQS::Queue", "SQS queue"
    SNS_TOPIC = "AWS::SNS::Topic", "SNS topic"
    LAMBDA_FUNCTION = "AWS::Lambda::Function", "Lambda function"
    LAMBDA_LAYER_VERSION = "AWS::Lambda::LayerVersion", "Lambda layer version"
    SECRET = "AWS::SecretsManager::Secret", "Secrets Manager secret"
    ECR_REPOSITORY = "AWS::ECR::Repository", "ECR repository"
    EFS_FILE_SYSTEM = "AWS::EFS::FileSystem", "EFS file system"
    DYNAMODB_TABLE = "AWS::DynamoDB::Table", "DynamoDB table"
    DYNAMODB_STREAM = "AWS::DynamoDB::Stream", "DynamoDB stream"
    EBS_SNAPSHOT = "AWS::EC2::Snapshot", "EBS snapshot"
    RDS_SNAPSHOT = "AWS::RDS::DBSnapshot", "RDS DB snapshot"
    RDS_CLUSTER_SNAPSHOT = "AWS::RDS::DBClusterSnapshot", "RDS cluster snapshot"
    # Those that the service knows in CheckNoPublicAccess only, with the values of that enumeration.
    KINESIS_STREAM = "AWS::Kinesis::Stream", "Kinesis stream"
    KINESIS_CONSUMER = "AWS::Kinesis::StreamConsumer", "Kinesis stream consumer"
    OPENSEARCH_DOMAIN = "AWS::OpenSearchService::Domain", "OpenSearch domain"
    REST_API = "AWS::ApiGateway::RestApi", "API Gateway REST API"
    BACKUP_VAULT = "AWS::Backup::BackupVault", "Backup vault"
    EVENT_DATA_STORE = "AWS::CloudTrail::EventDataStore", "CloudTrail event data store"
    CODEARTIFACT_DOMAIN = "AWS::CodeArtifact::Domain", "CodeArtifact domain"
    TABLE_BUCKET = "AWS::S3Tables::TableBucket", "S3 table bucket"
    TABLE = "AWS::S3Tables::Table", "S3 table"
    GLACIER_VAULT = "AWS::S3::Glacier", "Glacier vault"


class Document(models.Model):
    """A policy text, stored once. `sha256` is that of the UTF-8 text."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    text = models.TextField()

    def __str__(self) -> str:
        return self.sha256[:12]

    @staticmethod
    def digest(text: str) -> str:
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Import(models.Model):
    """One reading of inventory: where it came from, when, by whom, and what was refused."""

    class Status(models.TextChoices):
        RUNNING = "RUNNING"
        COMPLETED = "COMPLETED"
        FAILED = "FAILED"

    source = models.TextField(help_text="File names or account, as the user gave them")
    status = models.CharField(max_length=16, choices=Status, default=Status.RUNNING)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    requested_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL)
    counts = models.JSONField(default=dict, help_text="Object kind -> {created, updated, unchanged, removed}")
    problems = models.JSONField(default=list, help_text="[{file, path, message}], the first thousand")
    problem_count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.source} ({self.status})"


class Organization(models.Model):
    id = models.CharField(max_length=40, primary_key=True, help_text="o-…")
    management_account = models.CharField(max_length=12)
    root = models.CharField(max_length=40, help_text="r-…")

    def __str__(self) -> str:
        return self.id


class OrganizationalUnit(models.Model):
    id = models.CharField(max_length=80, primary_key=True, help_text="ou-…")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="units")
    parent = models.CharField(max_length=80, help_text="ou-… or r-…")
    name = models.TextField()

    def __str__(self) -> str:
        return self.name


class Account(models.Model):
    id = models.CharField(max_length=12, primary_key=True)
    name = models.TextField(blank=True)
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.SET_NULL, related_name="accounts"
    )
    parent = models.CharField(max_length=80, blank=True, help_text="ou-… or r-…; empty outside an organization")
    status = models.CharField(max_length=16, default="ACTIVE")
    canonical_user_id = models.CharField(max_length=64, blank=True, help_text="The account in S3 ACLs")
    public_access_block = models.JSONField(null=True, blank=True, help_text="S3's four flags for the account")
    delegated_administrator = models.BooleanField(default=False, help_text="Of some service of the organization")
    tags = models.JSONField(default=dict)
    identity_providers = models.JSONField(
        default=list, help_text="[{arn, kind: SAML or OIDC, url, client_ids, valid_until}]"
    )

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.id})" if self.name else self.id


class ControlPolicy(models.Model):
    """An SCP or RCP, and the roots, units and accounts that it is attached to."""

    class Kind(models.TextChoices):
        SCP = "SERVICE_CONTROL_POLICY", "SCP"
        RCP = "RESOURCE_CONTROL_POLICY", "RCP"

    id = models.CharField(max_length=130, primary_key=True, help_text="p-…")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="control_policies")
    kind = models.CharField(max_length=32, choices=Kind)
    name = models.TextField()
    aws_managed = models.BooleanField(default=False)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    targets = models.JSONField(default=list, help_text="Sorted ids: r-…, ou-…, account")

    def __str__(self) -> str:
        return self.name


class Principal(models.Model):
    """A user, role or group. A role's trust policy is on its `Resource`, since it says who gets in."""

    class Kind(models.TextChoices):
        USER = "USER"
        ROLE = "ROLE"
        GROUP = "GROUP"

    arn = models.TextField(unique=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="principals")
    kind = models.CharField(max_length=8, choices=Kind)
    name = models.TextField()
    path = models.TextField(default="/")
    unique_id = models.CharField(max_length=130, blank=True, help_text="AIDA…, AROA…, AGPA…")
    created_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="Role last used, as IAM tells")
    last_used_known = models.BooleanField(
        default=False, db_default=False, help_text="IAM was asked: without a time, the role was not used in 400 days"
    )
    read_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was read last, with what IAM tells of its use; null: not known"
    )
    tags = models.JSONField(default=dict)
    groups = models.JSONField(default=list, help_text="ARNs of the groups of a user")
    credentials = models.JSONField(default=dict, help_text="password and access keys, never secrets")

    class Meta:
        ordering = ["arn"]

    def __str__(self) -> str:
        return self.arn


class PrincipalPolicy(models.Model):
    class Kind(models.TextChoices):
        INLINE = "INLINE"
        MANAGED = "MANAGED"
        BOUNDARY = "BOUNDARY"

    principal = models.ForeignKey(Principal, on_delete=models.CASCADE, related_name="policies")
    kind = models.CharField(max_length=8, choices=Kind)
    name = models.TextField()
    arn = models.TextField(blank=True, help_text="Of a managed policy")
    document = models.ForeignKey(
        Document,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Null: its text is not known",
    )
    updated_at = models.DateTimeField(
        null=True, blank=True, help_text="Last change of a managed policy, as IAM tells; null: not known"
    )

    class Meta:
        ordering = ["kind", "arn", "name"]
        constraints = [
            models.UniqueConstraint(fields=["principal", "kind", "arn", "name"], name="principal_policy_once")
        ]

    def __str__(self) -> str:
        return self.name


class Resource(models.Model):
    """A resource with everything that can let somebody in, besides its policy texts (`ResourceDocument`).

    `configuration` holds, where they apply: `acl` (API shape: [{grantee: {id}|{uri}, permission}]),
    `object_ownership`, `public_access_block` (four flags), `access_points` ([{arn, name, account, network_origin,
    vpc_id, public_access_block}]), `grants` (KMS, API shape), `share` ({accounts, public}), `encrypted` and
    `encryption_key` (of KMS: ARN, id or alias), `role` (ARN, that a function runs with).
    """

    arn = models.TextField(unique=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="resources")
    type = models.CharField(max_length=64, choices=ResourceType)
    region = models.CharField(max_length=32, blank=True)
    name = models.TextField(blank=True)
    created_at = models.DateTimeField(null=True, blank=True)
    tags = models.JSONField(default=dict)
    configuration = models.JSONField(default=dict)
    error = models.TextField(blank=True, help_text="Why it could not be read; findings then say so")
    input_hash = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 over type, account, configuration and documents"
    )

    class Meta:
        ordering = ["arn"]
        indexes = [models.Index(fields=["account", "type"])]

    def __str__(self) -> str:
        return self.arn


class ResourceDocument(models.Model):
    class Channel(models.TextChoices):
        POLICY = "POLICY", "resource policy"
        ACCESS_POINT = "S3_ACCESS_POINT", "access point policy"

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="documents")
    channel = models.CharField(max_length=24, choices=Channel)
    name = models.TextField(blank=True, help_text="ARN of the access point")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["channel", "name"]
        constraints = [models.UniqueConstraint(fields=["resource", "channel", "name"], name="resource_document_once")]

    def __str__(self) -> str:
        return f"{self.channel} {self.name}".strip()
