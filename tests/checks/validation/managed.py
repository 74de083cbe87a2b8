"""The errors that validation finds in the managed policies of AWS, each with the reason why it stands."""

from __future__ import annotations

from typing import NamedTuple


class Group(NamedTuple):
    """`pattern` matches the texts in question from their beginning; `findings` is how many there are."""

    code: str
    pattern: str
    findings: int
    why: str


GROUPS = (
    Group(
        "INVALID_ACTION",
        r"cloud9:ValidateEnvironmentName|qapps:ImportDocumentTo",
        3,
        "removed by AWS; its own service reports them too",
    ),
    Group("INVALID_ACTION", r"cloudhsm:", 7, "actions of CloudHSM Classic, which AWS has closed"),
    Group(
        "INVALID_ACTION",
        r"s3:List(Buckets|Objects|ObjectsV2)\Z|ssm:RemoveTagsToResource",
        4,
        "operations of the API, or misspelled: no such actions",
    ),
    Group(
        "INVALID_ACTION",
        r"route53-recovery-control-config:DescribeRoutingControlByName|memorydb:ReplicateMultiRegionClusterData"
        r"|servicecatalog:(GetTagOption|AccountLevel)",
        6,
        "in no list of actions that AWS publishes",
    ),
    Group(
        "INVALID_ACTION",
        r"sagemaker-unified-studio-mcp:|securityagent:",
        23,
        "services in preview, whose policies and lists of actions do not keep step",
    ),
    Group(
        "INVALID_SERVICE_IN_ACTION",
        r"catalog-(admin|user):|datazonecontrol:|applicationwizard:|ec2-reports:",
        22,
        "prefixes that AWS has never listed",
    ),
    Group(
        "INVALID_ARN_RESOURCE",
        r"arn:aws:(logs|aps|profile|robomaker):\*:\*:/",
        9,
        "the kind of the resource is missing (`log-group:`), or a web address stands in its place: matches nothing",
    ),
    Group("INVALID_ARN_RESOURCE", r"arn:aws:secretsmanager:\*:\*:[a-z-]+!", 6, "`secret:` is missing: matches nothing"),
    Group("INVALID_ARN_RESOURCE", r"arn:aws:sagemaker:\*:\*:[cC]anvas", 2, "the kind of the resource is missing"),
    Group(
        "INVALID_ARN_RESOURCE",
        r"arn:aws:(states:\*:\*:statemachine|quicksight:\*:\*:vpcconnection|sagemaker:\*:\*:endpointconfig"
        r"|appflow:\*:\*:connector-profile|redshift-serverless:\*:\*:snapshotcopyconfiguration)",
        6,
        "the kind is spelled otherwise (`stateMachine`, `vpcConnection`, `endpoint-config`, `connectorprofile`)",
    ),
    Group(
        "INVALID_ARN_RESOURCE",
        r"arn:aws:elasticloadbalancing:\*:\*:listener/(awseb|eb)-|arn:aws:cloudformation:\*:\*:stack/ams-[a-z-]+\Z",
        6,
        "a part is missing (`listener/app/`, the id behind the name of the stack): matches nothing",
    ),
    Group(
        "INVALID_ARN_RESOURCE",
        r"arn:\*:kms:\*:::\*|arn:aws:config:\*:\*::|arn:aws:organizations::\*:\Z|arn:aws:cloudwatch:\*:\*:iotfleethub",
        5,
        "a colon too many, or no resource at all",
    ),
    Group(
        "INVALID_ARN_RESOURCE",
        r"arn:aws:(waf|waf-regional):[^/]*:changetoken/|arn:aws:pricingplanmanager:|arn:aws:securityagent:"
        r"|arn:aws:autoscaling:\*:\*:scalingPolicy:\*:resource|arn:aws:cloudformation:\*:\*:transform/",
        14,
        "not among the resource types that AWS lists: here the finding may be wrong",
    ),
    Group(
        "MISSING_ARN_ACCOUNT",
        r"arn:aws:ssm:\*::document/\*|arn:aws:kms:\*::\*|arn:aws:(logs|cloudformation):::",
        11,
        "the account is empty, where these resources always have one",
    ),
    Group("MISSING_ARN_REGION", r"arn:aws:(logs|cloudformation):::", 8, "as before, for the region"),
    Group("MISSING_QUALIFIER", r"events:detail-type", 4, "the service reports them too"),
    Group("INVALID_SERVICE_CONDITION_KEY", r"lakeformation:GlueARN", 1, "in no list of keys that AWS publishes"),
    Group(
        "UNSUPPORTED_ACTION_FOR_CONDITION_KEY",
        r"ec2:Describe|ram:GetResourceShares|application-autoscaling:Describe|deadline:SearchWorkers|nimble:List"
        r"|glue:BatchGetTableOptimizer|a4b:",
        15,
        "by AWS's lists these actions carry no such key, so the statement does not allow them",
    ),
    Group(
        "UNSUPPORTED_ACTION_FOR_CONDITION_KEY",
        r"aws-marketplace:|iottwinmaker:|redshift-data:|ssm:DeregisterManagedInstance",
        9,
        "not in AWS's lists; here the finding may be wrong, for the lists of these services have gaps",
    ),
)
