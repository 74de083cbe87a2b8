"""Whether CloudTrail surely records an action, so that the absence of events tells that it was not used.

False when in doubt: an action counts as recorded only if the service's page says that its calls are, if a call of its
own name asks for it, and if no other call asks for it on the side, as tagging while creating does, or passing a role.
Calls of services on the principal's behalf are recorded too, but what services look up to check a request may not be.
It is taken for granted that the trail records management events, those that read as well as those that write.

Sources, below https://docs.aws.amazon.com/: the pages named in `SERVICES`; of the others
AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html,
amazondynamodb/latest/developerguide/logging-using-cloudtrail.html,
AWSSimpleQueueService/latest/SQSDeveloperGuide/logging-using-cloudtrail.html,
sns/latest/dg/logging-using-cloudtrail.html,
AmazonCloudWatch/latest/monitoring/logging_cw_api_calls.html, kms/latest/developerguide/logging-using-cloudtrail.html;
awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html (events of KMS may be left out of a trail)
and logging-data-events-with-cloudtrail.html; IAM/latest/UserGuide/access_forward_access_sessions.html.
"""

from __future__ import annotations

from functools import lru_cache

from analyzers import catalogue

from .actions import actions_of, operations_of

SERVICES = {
    "access-analyzer": "IAM/latest/UserGuide/logging-using-cloudtrail.html",
    "acm": "acm/latest/userguide/cloudtrail.html",
    "autoscaling": "autoscaling/ec2/userguide/logging-using-cloudtrail.html",
    "cloudformation": "AWSCloudFormation/latest/UserGuide/cfn-api-logging-cloudtrail.html",
    "ec2": "AWSEC2/latest/UserGuide/monitor-with-cloudtrail.html",
    "ecr": "AmazonECR/latest/userguide/logging-using-cloudtrail.html",
    "elasticache": "AmazonElastiCache/latest/dg/logging-using-cloudtrail.html",
    "elasticloadbalancing": "elasticloadbalancing/latest/userguide/logging-using-cloudtrail.html",
    "guardduty": "guardduty/latest/ug/logging-using-cloudtrail.html",
    "iam": "IAM/latest/UserGuide/cloudtrail-integration.html",
    "lambda": "lambda/latest/dg/logging-using-cloudtrail.html",
    "organizations": "organizations/latest/userguide/orgs_security_incident-response.html",
    "rds": "AmazonRDS/latest/UserGuide/logging-using-cloudtrail.html",
    "redshift": "redshift/latest/mgmt/logging-with-cloudtrail.html",
    "route53": "Route53/latest/DeveloperGuide/logging-using-cloudtrail.html",
    "secretsmanager": "secretsmanager/latest/userguide/monitoring-cloudtrail.html",
}
"""Services of which the page says that all calls are recorded as management events, but for those below."""

_SOME = {
    "cloudwatch": """DeleteAlarms DeleteDashboards DescribeAlarmHistory DescribeAlarms DescribeAlarmsForMetric
        DisableAlarmActions EnableAlarmActions GetDashboard ListDashboards PutDashboard PutMetricAlarm SetAlarmState""",
    "dynamodb": """CreateBackup CreateTable DeleteBackup DeleteTable DescribeBackup DescribeContinuousBackups
        DescribeLimits DescribeTable DescribeTimeToLive ListBackups ListTables RestoreTableFromBackup
        RestoreTableToPointInTime UpdateContinuousBackups UpdateTable UpdateTimeToLive""",
    "s3": """CreateBucket DeleteBucket DeleteBucketPolicy DeleteBucketWebsite GetAccelerateConfiguration GetBucketAcl
        GetBucketCORS GetBucketLogging GetBucketNotification GetBucketPolicy GetBucketPolicyStatus GetBucketTagging
        GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration GetLifecycleConfiguration
        GetReplicationConfiguration ListAllMyBuckets PutAccelerateConfiguration PutBucketCORS PutBucketLogging
        PutBucketNotification PutBucketPolicy PutBucketRequestPayment PutBucketWebsite PutEncryptionConfiguration
        PutLifecycleConfiguration PutReplicationConfiguration""",
    "sns": """AddPermission CreatePlatformApplication CreatePlatformEndpoint CreateTopic DeleteEndpoint
        DeletePlatformApplication DeleteTopic GetEndpointAttributes GetPlatformApplicationAttributes
        GetSMSAttributes GetSubscriptionAttributes GetTopicAttributes ListEndpointsByPlatformApplication
        ListPlatformApplications ListSubscriptions ListSubscriptionsByTopic ListTopics RemovePermission
        SetEndpointAttributes SetPlatformApplicationAttributes SetSMSAttributes SetSubscriptionAttributes
        SetTopicAttributes Subscribe""",
    "sqs": """AddPermission CancelMessageMoveTask CreateQueue DeleteQueue GetQueueAttributes GetQueueUrl
        ListDeadLetterSourceQueues ListMessageMoveTasks ListQueues PurgeQueue RemovePermission SetQueueAttributes
        StartMessageMoveTask""",
    "sts": "DecodeAuthorizationMessage GetFederationToken",
}
"""Of services that have data events too: the actions behind the management events that their pages list."""

_DATA = {
    "dynamodb": """BatchGetItem BatchWriteItem ConditionCheckItem DeleteItem GetItem PartiQLDelete PartiQLInsert
        PartiQLSelect PartiQLUpdate PutItem Query Scan UpdateItem""",
    "kms": """CancelKeyDeletion CreateAlias CreateKey DeleteAlias DisableKey DisableKeyRotation EnableKey
        EnableKeyRotation GetKeyRotationStatus ListAliases ListKeys PutKeyPolicy ScheduleKeyDeletion UpdateAlias
        UpdateKeyDescription""",
    "lambda": "InvokeFunction",
    "s3": "AbortMultipartUpload DeleteObject DeleteObjectVersion GetObject GetObjectAcl GetObjectVersion PutObject",
    "sns": "Publish",
    "sqs": "ChangeMessageVisibility DeleteMessage ReceiveMessage SendMessage",
}
"""Actions that are recorded where the service's data events are, of all its resources. KMS has management events, which
a trail may leave out: `kms` among the services says that it does not."""

DATA_SERVICES = frozenset(_DATA)
"""Services of which a trail need not tell all calls."""

_ON_THE_SIDE = {
    "autoscaling": "AttachInstances DescribeAutoScalingGroups",
    "cloudformation": "CreateChangeSet CreateStack DescribeStacks",
    "ec2": """AllocateAddress AssignPrivateIpAddresses AssociateAddress AttachNetworkInterface AttachVolume
        AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress CreateLaunchTemplateVersion CreateNetworkInterface
        CreateNetworkInterfacePermission CreateRoute CreateSecurityGroup CreateSnapshot CreateVolume CreateVpcEndpoint
        DeleteNetworkInterface DeleteSecurityGroup DeleteVpcEndpoints DescribeAccountAttributes DescribeAddresses
        DescribeAvailabilityZones DescribeImages DescribeInstances DescribeInternetGateways DescribeKeyPairs
        DescribeLaunchTemplateVersions DescribeLaunchTemplates DescribeNetworkInterfaces DescribeRouteTables
        DescribeSecurityGroups DescribeSnapshots DescribeSubnets DescribeVolumes DescribeVpcAttribute
        DescribeVpcEndpoints DescribeVpcs DetachNetworkInterface GetSecurityGroupsForVpc
        ModifyNetworkInterfaceAttribute ModifyVpcEndpoint RevokeSecurityGroupEgress RevokeSecurityGroupIngress
        RunInstances TerminateInstances UnassignPrivateIpAddresses""",
    "ecr": """BatchCheckLayerAvailability BatchGetImage CompleteLayerUpload CreateRepository GetAuthorizationToken
        GetDownloadUrlForLayer InitiateLayerUpload PutImage UploadLayerPart""",
    "elasticloadbalancing": "DescribeLoadBalancers DescribeTargetGroups RegisterTargets DeregisterTargets",
    "iam": "CreateServiceLinkedRole DeleteServiceLinkedRole GetRole GetInstanceProfile PassRole",
    "lambda": """AddPermission GetFunction GetFunctionConfiguration GetLayerVersion InvokeAsync
        RemovePermission""",
    "organizations": "DescribeOrganization EnableAWSServiceAccess ListAWSServiceAccessForOrganization ListAccounts",
    "rds": "CreateDBCluster CreateDBInstance CreateTenantDatabase DescribeDBClusters DescribeDBInstances",
    "route53": "AssociateVPCWithHostedZone ChangeResourceRecordSets GetHostedZone",
    "secretsmanager": """BatchGetSecretValue CreateSecret DescribeSecret GetRandomPassword GetSecretValue PutSecretValue
        ReplicateSecretToRegions""",
}
"""Actions that calls of another name ask for too, so that no event of their own may tell of their use."""


def recorded(action: str, data_events: frozenset[str]) -> bool:
    """`action` in any case. `data_events`: prefixes of the services whose data events are recorded, all of them."""
    prefix, _, name = action.lower().partition(":")
    if _has(_DATA, prefix, name):
        return prefix in data_events
    return _by_management_events(prefix, name)


@lru_cache(maxsize=1 << 14)
def _by_management_events(prefix: str, name: str) -> bool:
    known = {one.name.lower(): one for one in catalogue.actions_of(prefix)}.get(name)
    if known is None or "Tagging" in known.access_level or _has(_ON_THE_SIDE, prefix, name):
        return False
    if prefix in _SOME:
        return _has(_SOME, prefix, name)
    return known.name in operations_of(prefix) and known.full_name in (
        actions_of(f"{prefix}.amazonaws.com", known.name) or ()
    )


def _has(lists: dict[str, str], prefix: str, name: str) -> bool:
    return name in lists.get(prefix, "").lower().split()
