# The role by which Analyzer Portal reads this account. It reads policies and lists; no data.
variable "collecting_account" {
  type        = string
  description = "The account whose credentials the portal uses"
}

variable "external_id" {
  type      = string
  sensitive = true
}

variable "role_name" {
  type    = string
  default = "AnalyzerPortalCollector"
}

data "aws_partition" "current" {}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${var.collecting_account}:root"]
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.external_id]
    }
  }
}

data "aws_iam_policy_document" "read" {
  statement {
    sid       = "ReadApigateway"
    resources = ["*"]
    actions = [
      "apigateway:GET",
    ]
  }
  statement {
    sid       = "ReadBackup"
    resources = ["*"]
    actions = [
      "backup:GetBackupVaultAccessPolicy",
      "backup:ListBackupVaults",
    ]
  }
  statement {
    sid       = "ReadCloudtrail"
    resources = ["*"]
    actions = [
      "cloudtrail:GetResourcePolicy",
      "cloudtrail:ListEventDataStores",
      "cloudtrail:LookupEvents",
    ]
  }
  statement {
    sid       = "ReadCodeartifact"
    resources = ["*"]
    actions = [
      "codeartifact:GetDomainPermissionsPolicy",
      "codeartifact:ListDomains",
    ]
  }
  statement {
    sid       = "ReadDynamodb"
    resources = ["*"]
    actions = [
      "dynamodb:DescribeTable",
      "dynamodb:GetResourcePolicy",
      "dynamodb:ListTables",
      "dynamodb:ListTagsOfResource",
    ]
  }
  statement {
    sid       = "ReadEbs"
    resources = ["*"]
    actions = [
      "ec2:DescribeSnapshotAttribute",
      "ec2:DescribeSnapshots",
    ]
  }
  statement {
    sid       = "ReadEcr"
    resources = ["*"]
    actions = [
      "ecr:DescribeRepositories",
      "ecr:GetRegistryPolicy",
      "ecr:GetRepositoryPolicy",
      "ecr:ListTagsForResource",
    ]
  }
  statement {
    sid       = "ReadEfs"
    resources = ["*"]
    actions = [
      "elasticfilesystem:DescribeFileSystemPolicy",
      "elasticfilesystem:DescribeFileSystems",
    ]
  }
  statement {
    sid       = "ReadGlacier"
    resources = ["*"]
    actions = [
      "glacier:GetVaultAccessPolicy",
      "glacier:ListVaults",
    ]
  }
  statement {
    sid       = "ReadIam"
    resources = ["*"]
    actions = [
      "iam:GenerateCredentialReport",
      "iam:GetAccessKeyLastUsed",
      "iam:GetAccountAuthorizationDetails",
      "iam:GetCredentialReport",
      "iam:GetLoginProfile",
      "iam:GetOpenIDConnectProvider",
      "iam:GetPolicy",
      "iam:GetPolicyVersion",
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:ListAccessKeys",
      "iam:ListAttachedRolePolicies",
      "iam:ListOpenIDConnectProviders",
      "iam:ListRolePolicies",
      "iam:ListSAMLProviders",
    ]
  }
  statement {
    sid       = "ReadKinesis"
    resources = ["*"]
    actions = [
      "kinesis:GetResourcePolicy",
      "kinesis:ListStreamConsumers",
      "kinesis:ListStreams",
    ]
  }
  statement {
    sid       = "ReadKms"
    resources = ["*"]
    actions = [
      "kms:DescribeKey",
      "kms:GetKeyPolicy",
      "kms:ListGrants",
      "kms:ListKeys",
      "kms:ListResourceTags",
    ]
  }
  statement {
    sid       = "ReadLambda"
    resources = ["*"]
    actions = [
      "lambda:GetLayerVersionPolicy",
      "lambda:GetPolicy",
      "lambda:ListAliases",
      "lambda:ListFunctions",
      "lambda:ListLayerVersions",
      "lambda:ListLayers",
      "lambda:ListTags",
      "lambda:ListVersionsByFunction",
    ]
  }
  statement {
    sid       = "ReadLastAccessed"
    resources = ["*"]
    actions = [
      "iam:GenerateServiceLastAccessedDetails",
      "iam:GetServiceLastAccessedDetails",
      "iam:ListRoles",
      "iam:ListUsers",
    ]
  }
  statement {
    sid       = "ReadOpensearch"
    resources = ["*"]
    actions = [
      "es:DescribeDomain",
      "es:ListDomainNames",
    ]
  }
  statement {
    sid       = "ReadRds"
    resources = ["*"]
    actions = [
      "rds:DescribeDBClusterSnapshotAttributes",
      "rds:DescribeDBClusterSnapshots",
      "rds:DescribeDBSnapshotAttributes",
      "rds:DescribeDBSnapshots",
    ]
  }
  statement {
    sid       = "ReadRegions"
    resources = ["*"]
    actions = [
      "ec2:DescribeRegions",
    ]
  }
  statement {
    sid       = "ReadS3"
    resources = ["*"]
    actions = [
      "s3:GetAccessPoint",
      "s3:GetAccessPointPolicy",
      "s3:GetAccountPublicAccessBlock",
      "s3:GetBucketAcl",
      "s3:GetBucketLocation",
      "s3:GetBucketOwnershipControls",
      "s3:GetBucketPolicy",
      "s3:GetBucketPublicAccessBlock",
      "s3:GetBucketTagging",
      "s3:GetEncryptionConfiguration",
      "s3:GetMultiRegionAccessPointPolicy",
      "s3:ListAccessPoints",
      "s3:ListAllMyBuckets",
      "s3:ListMultiRegionAccessPoints",
    ]
  }
  statement {
    sid       = "ReadS3express"
    resources = ["*"]
    actions = [
      "s3express:GetAccessPoint",
      "s3express:GetAccessPointPolicy",
      "s3express:GetBucketPolicy",
      "s3express:ListAccessPointsForDirectoryBuckets",
      "s3express:ListAllMyDirectoryBuckets",
    ]
  }
  statement {
    sid       = "ReadS3tables"
    resources = ["*"]
    actions = [
      "s3tables:GetTableBucketPolicy",
      "s3tables:GetTablePolicy",
      "s3tables:ListTableBuckets",
      "s3tables:ListTables",
    ]
  }
  statement {
    sid       = "ReadSecretsmanager"
    resources = ["*"]
    actions = [
      "secretsmanager:GetResourcePolicy",
      "secretsmanager:ListSecrets",
    ]
  }
  statement {
    sid       = "ReadSns"
    resources = ["*"]
    actions = [
      "sns:GetTopicAttributes",
      "sns:ListTagsForResource",
      "sns:ListTopics",
    ]
  }
  statement {
    sid       = "ReadSqs"
    resources = ["*"]
    actions = [
      "sqs:GetQueueAttributes",
      "sqs:ListQueueTags",
      "sqs:ListQueues",
    ]
  }
}

resource "aws_iam_role" "collector" {
  name               = var.role_name
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "read" {
  name   = "read"
  role   = aws_iam_role.collector.id
  policy = data.aws_iam_policy_document.read.json
}
