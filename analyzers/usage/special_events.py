"""Events whose action has another name, or that stand for several actions, or for none.

By event source without `.amazonaws.com`, then by the event's name without the version of its interface. Everything else
has the action of the event's name. Sources, all below https://docs.aws.amazon.com/:
S3 AmazonS3/latest/userguide/using-with-s3-policy-actions.html and cloudtrail-logging-s3-info.html; DynamoDB
amazondynamodb/latest/developerguide/ql-iam.html, transaction-apis.html; KMS
kms/latest/developerguide/kms-api-permissions-reference.html; Lambda lambda/latest/api/API_Invoke.html; STS
IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html; Keyspaces
keyspaces/latest/devguide/security_iam_service-with-iam.html; Budgets, Bedrock and the others: the permission that the
page of the operation in the service's API reference names.
"""

from __future__ import annotations

Actions = tuple[str, ...]

_PARTIQL: Actions = (
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLSelect",
    "dynamodb:PartiQLUpdate",
)
_DIRECTORY: Actions = ("s3express:CreateSession",)

_S3 = {
    "CompleteMultipartUpload": "PutObject",
    "CreateBucketMetadataConfiguration": "CreateBucketMetadataTableConfiguration",
    "CreateMultipartUpload": "PutObject",
    "DeleteAccountPublicAccessBlock": "PutAccountPublicAccessBlock",
    "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketMetadataConfiguration": "DeleteBucketMetadataTableConfiguration",
    "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteObjects": "DeleteObject",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketMetadataConfiguration": "GetBucketMetadataTableConfiguration",
    "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
    "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "OptionsObject": "",
    "PostObject": "PutObject",
    "PreflightRequest": "",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "SelectObjectContent": "GetObject",
    "UploadPart": "PutObject",
}
_KEYSPACES = {
    "Create": ("CreateKeyspace", "CreateTable", "CreateType"),
    "Drop": ("DeleteKeyspace", "DeleteTable", "DeleteType"),
    "Alter": ("UpdateKeyspace", "UpdateTable"),
    "Restore": ("RestoreTable",),
    "Select": (
        "GetKeyspace",
        "GetTable",
        "GetTableAutoScalingSettings",
        "GetType",
        "ListKeyspaces",
        "ListTables",
        "ListTagsForResource",
        "ListTypes",
    ),
}
_BUDGETS = {
    "budgets:ViewBudget": (
        "DescribeBudget",
        "DescribeBudgetNotificationsForAccount",
        "DescribeBudgetPerformanceHistory",
        "DescribeBudgets",
        "DescribeNotificationsForBudget",
        "DescribeSubscribersForNotification",
    ),
    "budgets:ModifyBudget": (
        "CreateBudget",
        "CreateNotification",
        "CreateSubscriber",
        "DeleteBudget",
        "DeleteNotification",
        "DeleteSubscriber",
        "UpdateBudget",
        "UpdateNotification",
        "UpdateSubscriber",
    ),
}

SPECIAL: dict[str, dict[str, Actions]] = {
    "s3": {
        **{event: (f"s3:{action}",) if action else () for event, action in _S3.items()},
        "CopyObject": ("s3:GetObject", "s3:PutObject"),
        "UploadPartCopy": ("s3:GetObject", "s3:PutObject"),
        "WriteGetObjectResponse": ("s3-object-lambda:WriteGetObjectResponse",),
        "ListDirectoryBuckets": ("s3express:ListAllMyDirectoryBuckets",),
        "CreateSession": _DIRECTORY,
        "RenameObject": _DIRECTORY,
    },
    "s3express": {
        **dict.fromkeys(
            (
                "AbortMultipartUpload",
                "CompleteMultipartUpload",
                "CopyObject",
                "CreateMultipartUpload",
                "DeleteObject",
                "DeleteObjects",
                "GetObject",
                "GetObjectAttributes",
                "HeadBucket",
                "HeadObject",
                "ListMultipartUploads",
                "ListObjects",
                "ListObjectsV2",
                "ListParts",
                "PutObject",
                "RenameObject",
                "UploadPart",
                "UploadPartCopy",
            ),
            _DIRECTORY,
        ),
        "ListDirectoryBuckets": ("s3express:ListAllMyDirectoryBuckets",),
        "GetBucketEncryption": ("s3express:GetEncryptionConfiguration",),
        "PutBucketEncryption": ("s3express:PutEncryptionConfiguration",),
        "DeleteBucketEncryption": ("s3express:PutEncryptionConfiguration",),
        "GetBucketLifecycleConfiguration": ("s3express:GetLifecycleConfiguration",),
        "PutBucketLifecycleConfiguration": ("s3express:PutLifecycleConfiguration",),
        "DeleteBucketLifecycle": ("s3express:PutLifecycleConfiguration",),
    },
    "dynamodb": {
        "BatchExecuteStatement": _PARTIQL,
        "ExecuteStatement": _PARTIQL,
        "ExecuteTransaction": _PARTIQL,
        "TransactGetItems": ("dynamodb:GetItem",),
        "TransactWriteItems": (
            "dynamodb:ConditionCheckItem",
            "dynamodb:DeleteItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
        ),
    },
    "kms": {"ReEncrypt": ("kms:ReEncryptFrom", "kms:ReEncryptTo")},
    "lambda": {
        "GetLayerVersionByArn": ("lambda:GetLayerVersion",),
        "Invoke": ("lambda:InvokeFunction",),
        "InvokeWithResponseStream": ("lambda:InvokeFunction",),
        "InvokeAsync": ("lambda:InvokeAsync", "lambda:InvokeFunction"),
    },
    "secretsmanager": {"RotateSecret": ("lambda:InvokeFunction", "secretsmanager:RotateSecret")},
    "sqs": {
        "ChangeMessageVisibilityBatch": ("sqs:ChangeMessageVisibility",),
        "DeleteMessageBatch": ("sqs:DeleteMessage",),
        "SendMessageBatch": ("sqs:SendMessage",),
    },
    "sns": {"PublishBatch": ("sns:Publish",)},
    "sts": {"GetCallerIdentity": (), "GetSessionToken": (), "AssumeRoleWithSAML": (), "AssumeRoleWithWebIdentity": ()},
    "sso": dict.fromkeys(
        (
            "Authenticate",
            "CreateToken",
            "Federate",
            "GetRoleCredentials",
            "ListAccountRoles",
            "ListAccounts",
            "ListApplications",
            "ListProfilesForApplication",
            "Logout",
            "RegisterClient",
            "StartDeviceAuthorization",
        ),
        (),
    ),
    "access-analyzer": {
        "GetFindingV2": ("access-analyzer:GetFinding",),
        "ListFindingsV2": ("access-analyzer:ListFindings",),
    },
    "bedrock": {
        "Converse": ("bedrock:InvokeModel",),
        "ConverseStream": ("bedrock:InvokeModelWithResponseStream",),
        "InvokeModelWithBidirectionalStream": ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"),
        "RetrieveAndGenerateStream": ("bedrock:RetrieveAndGenerate",),
        "StartAsyncInvoke": ("bedrock:InvokeModel",),
    },
    "budgets": {event: (action,) for action, events in _BUDGETS.items() for event in events},
    "cassandra": {event: (f"cassandra:{action}",) for action, events in _KEYSPACES.items() for event in events},
    "cloudfront": {"CreateDistributionWithTags": ("cloudfront:CreateDistribution", "cloudfront:TagResource")},
    "timestream": {"Query": ("timestream:Select",)},
    "execute-api": {
        "DeleteConnection": ("execute-api:ManageConnections",),
        "GetConnection": ("execute-api:ManageConnections",),
        "PostToConnection": ("execute-api:ManageConnections",),
    },
}

SIGN_IN = frozenset({"signin"})
"""Sources of events of signing in, which is no use of a permission."""

OTHER_SOURCES: dict[str, Actions] = {
    "autoscaling": ("autoscaling", "application-autoscaling", "autoscaling-plans"),
    "cloudcontrolapi": ("cloudformation",),
    "data.jobs.iot": ("iotjobsdata",),
    "mturk-requester": ("mechanicalturk",),
    "tagging": ("tag",),
    "rdsdata": ("rds-data",),
}
"""Event sources whose prefixes do not follow from the service models. Source: the services' pages about CloudTrail."""

IN_OLD_VERSION = {
    "s3:DeleteObject": "s3:DeleteObjectVersion",
    "s3:DeleteObjectTagging": "s3:DeleteObjectVersionTagging",
    "s3:GetObject": "s3:GetObjectVersion",
    "s3:GetObjectAcl": "s3:GetObjectVersionAcl",
    "s3:GetObjectAttributes": "s3:GetObjectVersionAttributes",
    "s3:GetObjectTagging": "s3:GetObjectVersionTagging",
    "s3:GetObjectTorrent": "s3:GetObjectVersionTorrent",
    "s3:PutObjectAcl": "s3:PutObjectVersionAcl",
    "s3:PutObjectTagging": "s3:PutObjectVersionTagging",
}
"""The action that S3 asks for instead if the request names a version of the object."""
