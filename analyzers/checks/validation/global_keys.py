"""The global condition keys, which are in no service's catalogue.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

_NAMES = {
    "String": (
        "aws:CalledViaAWSMCP aws:CalledViaFirst aws:CalledViaLast aws:Ec2InstanceSourceVpc aws:FederatedProvider "
        "aws:PrincipalAccount aws:PrincipalOrgID aws:PrincipalOrgMasterAccountId aws:PrincipalServiceName "
        "aws:PrincipalType aws:Referer aws:RequestedRegion aws:ResourceAccount aws:ResourceOrgID aws:SourceAccount "
        "aws:SourceIdentity aws:SourceOrgID aws:SourceOwner aws:SourceVpc aws:SourceVpce aws:UserAgent aws:userid "
        "aws:username aws:VpceAccount aws:VpceOrgID"
    ),
    "ArrayOfString": (
        "aws:CalledVia aws:PrincipalOrgPaths aws:PrincipalServiceNamesList aws:ResourceOrgPaths aws:SourceOrgPaths "
        "aws:TagKeys aws:VpceOrgPaths"
    ),
    "ARN": "aws:ChatbotSourceArn aws:PrincipalArn aws:SignInSessionArn aws:SourceArn aws:SourceVpcArn",
    "Bool": (
        "aws:AssumedRoot aws:IsMcpServiceAction aws:MultiFactorAuthPresent aws:PrincipalIsAWSService "
        "aws:SecureTransport aws:ViaAWSMCPService aws:ViaAWSService"
    ),
    "Date": "aws:CurrentTime aws:EpochTime aws:TokenIssueTime",
    "IPAddress": "aws:Ec2InstanceSourcePrivateIPv4 aws:SourceIp aws:VpcSourceIp",
    "Numeric": "aws:MultiFactorAuthAge",
}
TYPES = {name.lower(): kind for kind, names in _NAMES.items() for name in names.split()}
"""Key in lower case -> type. aws:SourceOwner and aws:PrincipalOrgMasterAccountId are older, and still in use."""

SPELLINGS = tuple(name for names in _NAMES.values() for name in names.split())

TAG_PREFIXES = ("aws:principaltag/", "aws:requesttag/", "aws:resourcetag/")
"""Keys with a tag's key behind them; all String."""

CROSS_SERVICE = {
    "ec2:roledelivery": "Numeric",
    "ec2:sourceinstancearn": "ARN",
    "glue:roleassumedby": "String",
    "glue:credentialissuingservice": "String",
    "codebuild:buildarn": "ARN",
    "codebuild:projectarn": "ARN",
    "lambda:sourcefunctionarn": "ARN",
    "ssm:sourceinstancearn": "ARN",
    "identitystore:userid": "String",
}
"""Keys with a service's prefix that requests to every service carry."""

DEPRECATED_ARN = "aws:arn"

SENSITIVE = frozenset(
    {
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:resourceaccount",
        "aws:resourceorgid",
        "aws:sourceaccount",
        "aws:sourceorgid",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:vpceaccount",
        "aws:vpceorgid",
    }
)
"""The documentation's list of sensitive keys: a wildcard in their values has no valid use."""

ALWAYS_PRESENT = frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:principalaccount",
        "aws:requestedregion",
        "aws:securetransport",
        "aws:viaawsservice",
    }
)
"""Keys that the documentation calls part of every request."""

CALLER_MADE = frozenset({"aws:referer", "aws:useragent"})
"""Keys that the caller writes into the request."""

OF_A_PRINCIPAL = frozenset({"aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:username"})
"""Keys that no service principal carries; so do the aws:PrincipalTag/ keys."""

SOURCES = frozenset({"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"})
"""Keys that say for whom a service calls."""

_WITH_ENDPOINT_ACCOUNT = (
    "acm-pca apprunner applicationinsights athena cloudformation comprehendmedical compute-optimizer datasync "
    "discovery dynamodb ebs ecr ecs firehose gamelift healthlake iam iotfleetwise iotwireless kinesisanalytics kms "
    "lambda medical-imaging omics payment-cryptography polly rbin rekognition route53 s3 scheduler "
    "servicediscovery servicequotas shield ssm-contacts storagegateway textract transcribe transfer"
)
_WITH_ENDPOINT_ORGANIZATION = (
    "b2bi cassandra cognito-identity dms ds-data identitystore iottwinmaker network-firewall pricing ses sms-voice sqs "
    "workmail"
)
_VPCE_ACCOUNT = frozenset(_WITH_ENDPOINT_ACCOUNT.split())
_VPCE_ORGANIZATION = _VPCE_ACCOUNT | frozenset(_WITH_ENDPOINT_ORGANIZATION.split())
SUPPORTED_SERVICES = {
    "aws:sourcevpcarn": _VPCE_ACCOUNT - {"dynamodb", "gamelift", "shield"},
    "aws:vpceaccount": _VPCE_ACCOUNT,
    "aws:vpceorgid": _VPCE_ORGANIZATION,
    "aws:vpceorgpaths": _VPCE_ACCOUNT,
}
"""Keys that only requests to some services carry, and the prefixes of those."""
