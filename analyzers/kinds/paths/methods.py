"""How a principal can give itself access that nobody gave it: the known methods, each with what it takes.

`{itself}` is the principal's ARN, `{taken}` that of the principal whose rights it takes over, `{policy}` a managed
policy attached to it, `{boundary}` the policy that bounds it, `{group}` a group, `{account}` and `{partition}` its own.
Collected from R, the first list of such methods, and from what AWS says that each action does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

R = "https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/"
PASSING = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"
_IAM = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_"


class Kind(StrEnum):
    """What it leads to."""

    GAIN = "gain"
    """Policies of its own choice, within its boundary and control policies."""
    JOIN = "join"
    """The policies of a group."""
    UNBOUND = "unbound"
    """No permissions boundary any more."""
    TAKE = "take"
    """The rights of another principal."""
    OPEN = "open"
    """A grant on the resource itself."""


@dataclass(frozen=True, slots=True)
class Need:
    """One of `actions` must be allowed on `on`. `context`: keys that such a request has."""

    actions: tuple[str, ...]
    on: str
    context: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Method:
    """`does` completes the sentence "It can ...". `of`: USER or ROLE, of whom it changes something; empty: either.
    `service`: which the taken role must trust. `unsure`: why it may not work out though every need is met."""

    name: str
    kind: Kind
    does: str
    needs: tuple[Need, ...]
    source: str
    of: str = ""
    service: str = ""
    unsure: str = ""


def _user(name: str, does: str) -> Method:
    return Method(
        f"iam:{name}", Kind.GAIN, does, (Need((f"iam:{name}",), "{itself}"),), f"{_IAM}{name}.html", "IAM_USER"
    )


def _role(name: str, does: str) -> Method:
    return Method(
        f"iam:{name}", Kind.GAIN, does, (Need((f"iam:{name}",), "{itself}"),), f"{_IAM}{name}.html", "IAM_ROLE"
    )


GAINS = (
    _user("PutUserPolicy", "write a policy of its own for itself"),
    _user("AttachUserPolicy", "attach any managed policy to itself"),
    _role("PutRolePolicy", "write a policy of its own for itself"),
    _role("AttachRolePolicy", "attach any managed policy to itself"),
    Method(
        "iam:PutGroupPolicy",
        Kind.GAIN,
        "write a policy for a group that it is in",
        (Need(("iam:PutGroupPolicy",), "{group}"),),
        f"{_IAM}PutGroupPolicy.html",
        "IAM_USER",
    ),
    Method(
        "iam:AttachGroupPolicy",
        Kind.GAIN,
        "attach any managed policy to a group that it is in",
        (Need(("iam:AttachGroupPolicy",), "{group}"),),
        f"{_IAM}AttachGroupPolicy.html",
        "IAM_USER",
    ),
    Method(
        "iam:CreatePolicyVersion",
        Kind.GAIN,
        "rewrite a managed policy that is attached to it",
        (Need(("iam:CreatePolicyVersion",), "{policy}"),),
        f"{_IAM}CreatePolicyVersion.html",
    ),
    Method(
        "iam:SetDefaultPolicyVersion",
        Kind.GAIN,
        "bring back an older version of a managed policy that is attached to it",
        (Need(("iam:SetDefaultPolicyVersion",), "{policy}"),),
        f"{_IAM}SetDefaultPolicyVersion.html",
        unsure="What the older versions allow is not in the inventory.",
    ),
)

SHEDS = (
    Method(
        "iam:DetachUserPolicy + iam:DeleteUserPolicy",
        Kind.GAIN,
        "rid itself of the policies that deny it something",
        (Need(("iam:DetachUserPolicy",), "{itself}"), Need(("iam:DeleteUserPolicy",), "{itself}")),
        f"{_IAM}DetachUserPolicy.html",
        "IAM_USER",
    ),
    Method(
        "iam:DetachRolePolicy + iam:DeleteRolePolicy",
        Kind.GAIN,
        "rid itself of the policies that deny it something",
        (Need(("iam:DetachRolePolicy",), "{itself}"), Need(("iam:DeleteRolePolicy",), "{itself}")),
        f"{_IAM}DetachRolePolicy.html",
        "IAM_ROLE",
    ),
)
"""Beside a gain: a Deny in its own policies still binds whoever adds another policy."""

JOINS = (
    Method(
        "iam:AddUserToGroup",
        Kind.JOIN,
        "join a group",
        (Need(("iam:AddUserToGroup",), "{group}"),),
        f"{_IAM}AddUserToGroup.html",
        "IAM_USER",
    ),
)


def _boundary(name: str, of: str, does: str) -> Method:
    return Method(f"iam:{name}", Kind.UNBOUND, does, (Need((f"iam:{name}",), "{itself}"),), f"{_IAM}{name}.html", of)


UNBINDS = (
    _boundary("DeleteUserPermissionsBoundary", "IAM_USER", "remove its permissions boundary"),
    _boundary("PutUserPermissionsBoundary", "IAM_USER", "put a wider permissions boundary on itself"),
    _boundary("DeleteRolePermissionsBoundary", "IAM_ROLE", "remove its permissions boundary"),
    _boundary("PutRolePermissionsBoundary", "IAM_ROLE", "put a wider permissions boundary on itself"),
    Method(
        "iam:CreatePolicyVersion (boundary)",
        Kind.UNBOUND,
        "rewrite the policy that is its permissions boundary",
        (Need(("iam:CreatePolicyVersion",), "{boundary}"),),
        f"{_IAM}CreatePolicyVersion.html",
    ),
)

ASSUME = Method(
    "sts:AssumeRole",
    Kind.TAKE,
    "assume the role",
    (Need(("sts:AssumeRole",), "{taken}"),),
    "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
    "IAM_ROLE",
)
TRUST = Method(
    "iam:UpdateAssumeRolePolicy",
    Kind.TAKE,
    "rewrite the role's trust policy, and then assume the role",
    (Need(("iam:UpdateAssumeRolePolicy",), "{taken}"),),
    f"{_IAM}UpdateAssumeRolePolicy.html",
    "IAM_ROLE",
)


def _takes_user(name: str, does: str, unsure: str = "") -> Method:
    need = (Need((f"iam:{name}",), "{taken}"),)
    return Method(f"iam:{name}", Kind.TAKE, does, need, f"{_IAM}{name}.html", "IAM_USER", unsure=unsure)


CREDENTIALS = (
    _takes_user("CreateAccessKey", "make an access key of the user"),
    _takes_user("CreateLoginProfile", "set a password for the user", "The user may have a password already."),
    _takes_user("UpdateLoginProfile", "change the password of the user", "The user may have no password."),
)


def _passed(name: str, service: str, does: str, *needs: Need, unsure: str = "", source: str = R) -> Method:
    passed = Need(("iam:PassRole",), "{taken}", (("iam:PassedToService", service),))
    return Method(name, Kind.TAKE, does, (passed, *needs), source, "IAM_ROLE", service, unsure)


def _on(service: str, rest: str, *actions: str) -> Need:
    return Need(tuple(actions), f"arn:{{partition}}:{service}:*:{{account}}:{rest}")


_API = "https://docs.aws.amazon.com"
PASSES = (
    _passed(
        "iam:PassRole + lambda:CreateFunction",
        "lambda.amazonaws.com",
        "run code of its own in a function with the role",
        _on("lambda", "function:*", "lambda:CreateFunction"),
        _on("lambda", "function:*", "lambda:InvokeFunction", "lambda:AddPermission", "lambda:CreateFunctionUrlConfig"),
    ),
    _passed(
        "iam:PassRole + lambda:CreateEventSourceMapping",
        "lambda.amazonaws.com",
        "run code of its own in a function with the role, started by a stream",
        _on("lambda", "function:*", "lambda:CreateFunction"),
        Need(("lambda:CreateEventSourceMapping",), "*"),
    ),
    _passed(
        "iam:PassRole + ec2:RunInstances",
        "ec2.amazonaws.com",
        "start an instance with the role",
        _on("ec2", "instance/*", "ec2:RunInstances"),
    ),
    _passed(
        "iam:PassRole + glue:CreateDevEndpoint",
        "glue.amazonaws.com",
        "make a development endpoint with the role",
        _on("glue", "devEndpoint/*", "glue:CreateDevEndpoint"),
    ),
    _passed(
        "iam:PassRole + glue:CreateJob",
        "glue.amazonaws.com",
        "run a job of its own with the role",
        _on("glue", "job/*", "glue:CreateJob"),
        _on("glue", "job/*", "glue:StartJobRun", "glue:CreateTrigger"),
        source=f"{_API}/glue/latest/webapi/API_CreateJob.html",
    ),
    _passed(
        "iam:PassRole + cloudformation:CreateStack",
        "cloudformation.amazonaws.com",
        "have a stack of its own built with the role",
        _on("cloudformation", "stack/*", "cloudformation:CreateStack"),
    ),
    _passed(
        "iam:PassRole + datapipeline:CreatePipeline",
        "datapipeline.amazonaws.com",
        "run a pipeline of its own with the role",
        Need(("datapipeline:CreatePipeline",), "*"),
        Need(("datapipeline:PutPipelineDefinition",), "*"),
    ),
    _passed(
        "iam:PassRole + ecs:RunTask",
        "ecs-tasks.amazonaws.com",
        "run a container of its own with the role",
        Need(("ecs:RegisterTaskDefinition",), "*"),
        _on("ecs", "task-definition/*", "ecs:RunTask", "ecs:StartTask"),
        source=f"{_API}/AmazonECS/latest/developerguide/task-iam-roles.html",
    ),
    _passed(
        "iam:PassRole + sagemaker:CreateNotebookInstance",
        "sagemaker.amazonaws.com",
        "open a notebook with the role",
        _on("sagemaker", "notebook-instance/*", "sagemaker:CreateNotebookInstance"),
        _on("sagemaker", "notebook-instance/*", "sagemaker:CreatePresignedNotebookInstanceUrl"),
    ),
    _passed(
        "iam:PassRole + codebuild:CreateProject",
        "codebuild.amazonaws.com",
        "run a build of its own with the role",
        _on("codebuild", "project/*", "codebuild:CreateProject", "codebuild:UpdateProject"),
        _on("codebuild", "project/*", "codebuild:StartBuild", "codebuild:StartBuildBatch"),
        source=f"{_API}/codebuild/latest/APIReference/API_CreateProject.html",
    ),
    _passed(
        "iam:PassRole + states:CreateStateMachine",
        "states.amazonaws.com",
        "run a state machine of its own with the role",
        _on("states", "stateMachine:*", "states:CreateStateMachine"),
        _on("states", "stateMachine:*", "states:StartExecution"),
        source=f"{_API}/step-functions/latest/dg/procedure-create-iam-role.html",
    ),
    _passed(
        "iam:PassRole + ssm:StartAutomationExecution",
        "ssm.amazonaws.com",
        "run an automation of its own with the role",
        _on("ssm", "automation-definition/*", "ssm:StartAutomationExecution"),
        source=f"{_API}/systems-manager/latest/userguide/automation-setup-iam.html",
    ),
)

_RUNS_WITH = "Which role it runs with is not in the inventory."
RUNNING = (
    Method(
        "lambda:UpdateFunctionCode",
        Kind.TAKE,
        "replace the code of a function that runs with the role",
        (_on("lambda", "function:*", "lambda:UpdateFunctionCode"),),
        R,
        "IAM_ROLE",
        "lambda.amazonaws.com",
        _RUNS_WITH,
    ),
    Method(
        "ssm:SendCommand",
        Kind.TAKE,
        "run commands on an instance that has the role",
        (_on("ec2", "instance/*", "ssm:SendCommand"),),
        f"{_API}/systems-manager/latest/APIReference/API_SendCommand.html",
        "IAM_ROLE",
        "ec2.amazonaws.com",
        _RUNS_WITH,
    ),
    Method(
        "ssm:StartSession",
        Kind.TAKE,
        "open a session on an instance that has the role",
        (_on("ec2", "instance/*", "ssm:StartSession"),),
        f"{_API}/systems-manager/latest/APIReference/API_StartSession.html",
        "IAM_ROLE",
        "ec2.amazonaws.com",
        _RUNS_WITH,
    ),
    Method(
        "glue:UpdateDevEndpoint",
        Kind.TAKE,
        "put a key of its own on a development endpoint that has the role",
        (_on("glue", "devEndpoint/*", "glue:UpdateDevEndpoint"),),
        R,
        "IAM_ROLE",
        "glue.amazonaws.com",
        _RUNS_WITH,
    ),
)
"""Something that runs already. If the inventory tells the role of each, it is sure."""

EDITS: Mapping[str, tuple[str, ...]] = {
    "IAM_USER": ("iam:PutUserPolicy", "iam:AttachUserPolicy"),
    "IAM_ROLE": ("iam:PutRolePolicy", "iam:AttachRolePolicy"),
}
"""By which the policies of somebody else are written."""


def _opens(actions: tuple[str, ...], source: str) -> Method:
    does = "grant itself access in the policy of the resource"
    return Method(" or ".join(actions), Kind.OPEN, does, (Need(actions, "{resource}"),), source)


OPENS: Mapping[str, Method] = {
    "AWS::S3::Bucket": _opens(
        ("s3:PutBucketPolicy", "s3:PutBucketAcl"), f"{_API}/AmazonS3/latest/API/API_PutBucketPolicy.html"
    ),
    "AWS::S3Express::DirectoryBucket": _opens(
        ("s3express:PutBucketPolicy",), f"{_API}/AmazonS3/latest/API/API_PutBucketPolicy.html"
    ),
    "AWS::KMS::Key": _opens(
        ("kms:PutKeyPolicy", "kms:CreateGrant"), f"{_API}/kms/latest/APIReference/API_PutKeyPolicy.html"
    ),
    "AWS::SecretsManager::Secret": _opens(
        ("secretsmanager:PutResourcePolicy",), f"{_API}/secretsmanager/latest/apireference/API_PutResourcePolicy.html"
    ),
    "AWS::SQS::Queue": _opens(
        ("sqs:AddPermission", "sqs:SetQueueAttributes"),
        f"{_API}/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html",
    ),
    "AWS::SNS::Topic": _opens(
        ("sns:AddPermission", "sns:SetTopicAttributes"), f"{_API}/sns/latest/api/API_AddPermission.html"
    ),
    "AWS::Lambda::Function": _opens(("lambda:AddPermission",), f"{_API}/lambda/latest/api/API_AddPermission.html"),
    "AWS::Lambda::LayerVersion": _opens(
        ("lambda:AddLayerVersionPermission",), f"{_API}/lambda/latest/api/API_AddLayerVersionPermission.html"
    ),
    "AWS::ECR::Repository": _opens(
        ("ecr:SetRepositoryPolicy",), f"{_API}/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html"
    ),
    "AWS::EFS::FileSystem": _opens(
        ("elasticfilesystem:PutFileSystemPolicy",), f"{_API}/efs/latest/ug/API_PutFileSystemPolicy.html"
    ),
    "AWS::DynamoDB::Table": _opens(
        ("dynamodb:PutResourcePolicy",), f"{_API}/amazondynamodb/latest/APIReference/API_PutResourcePolicy.html"
    ),
    "AWS::DynamoDB::Stream": _opens(
        ("dynamodb:PutResourcePolicy",), f"{_API}/amazondynamodb/latest/APIReference/API_PutResourcePolicy.html"
    ),
    "AWS::EC2::Snapshot": _opens(
        ("ec2:ModifySnapshotAttribute",), f"{_API}/AWSEC2/latest/APIReference/API_ModifySnapshotAttribute.html"
    ),
    "AWS::RDS::DBSnapshot": _opens(
        ("rds:ModifyDBSnapshotAttribute",),
        f"{_API}/AmazonRDS/latest/APIReference/API_ModifyDBSnapshotAttribute.html",
    ),
    "AWS::RDS::DBClusterSnapshot": _opens(
        ("rds:ModifyDBClusterSnapshotAttribute",),
        f"{_API}/AmazonRDS/latest/APIReference/API_ModifyDBClusterSnapshotAttribute.html",
    ),
    "AWS::IAM::Role": _opens(("iam:UpdateAssumeRolePolicy",), f"{_IAM}UpdateAssumeRolePolicy.html"),
    "AWS::Kinesis::Stream": _opens(
        ("kinesis:PutResourcePolicy",), f"{_API}/kinesis/latest/APIReference/API_PutResourcePolicy.html"
    ),
    "AWS::Backup::BackupVault": _opens(
        ("backup:PutBackupVaultAccessPolicy",),
        f"{_API}/aws-backup/latest/devguide/API_PutBackupVaultAccessPolicy.html",
    ),
    "AWS::S3Tables::TableBucket": _opens(
        ("s3tables:PutTableBucketPolicy",), f"{_API}/AmazonS3/latest/API/API_s3Buckets_PutTableBucketPolicy.html"
    ),
}
"""By resource type. Those that are missing are not known to the paths; the page says so."""

METHODS = (*GAINS, *SHEDS, *JOINS, *UNBINDS, ASSUME, TRUST, *CREDENTIALS, *PASSES, *RUNNING)
