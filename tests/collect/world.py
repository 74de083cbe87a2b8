"""An AWS organization on moto's server, over HTTP: many accounts, with grants and traps planted by a seed."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from analyzers.models import Analyzer
from analyzers.scans import request_scan, work

CONFIG = Config(inject_host_prefix=False, retries={"total_max_attempts": 2})
ROLE = "AnalyzerPortalCollector"
REGIONS = ("us-east-1", "eu-central-1")


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(principal: Any, actions: Any, resource: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": resource, **more}


def scan(analyzer: Analyzer) -> None:
    """Finish the scan that a collection began, or a new one."""
    begun = analyzer.scans.filter(status="RUNNING").first()
    work((begun or request_scan(analyzer)).pk)


@dataclass
class World:
    """`grants`: (resource, outside account) of everything planted that must be found; `traps`: ARNs of resources that
    look open and are not."""

    endpoint: str
    seed: int
    size: int = 30
    organization: str = ""
    management: str = "123456789012"
    accounts: list[str] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)
    grants: set[tuple[str, str]] = field(default_factory=set)
    traps: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self._sessions: dict[str, boto3.Session] = {}

    def client(self, service: str, account: str = "", region: str = "us-east-1") -> Any:
        account = account or self.management
        if account not in self._sessions:
            own = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
            if account != self.management:
                sts = boto3.client("sts", endpoint_url=self.endpoint, region_name="us-east-1", **own)
                role = f"arn:aws:iam::{account}:role/setup"
                taken = sts.assume_role(RoleArn=role, RoleSessionName="setup")["Credentials"]
                own = {
                    "aws_access_key_id": taken["AccessKeyId"],
                    "aws_secret_access_key": taken["SecretAccessKey"],
                    "aws_session_token": taken["SessionToken"],
                }
            self._sessions[account] = boto3.Session(**own)
        return self._sessions[account].client(service, region_name=region, endpoint_url=self.endpoint, config=CONFIG)

    # -- building --------------------------------------------------------------------------------------------------

    def build(self) -> World:
        """Takes some seconds."""
        self._tree()
        for number, account in enumerate(self.accounts):
            self._principals(account, number)
            for plant in (self._bucket, self._queue, self._topic, self._key, self._secret, self._snapshot):
                if self.chance.random() < 0.5:
                    plant(account, number)
        return self

    def outsider(self) -> str:
        return f"9{self.chance.randrange(10**11):011d}"

    def _tree(self) -> None:
        client = self.client("organizations")
        self.organization = client.create_organization(FeatureSet="ALL")["Organization"]["Id"]
        root = client.list_roots()["Roots"][0]["Id"]
        for kind in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"):
            client.enable_policy_type(RootId=root, PolicyType=kind)
        for name in ("Workloads", "Sandbox"):
            self.units[name] = client.create_organizational_unit(ParentId=root, Name=name)["OrganizationalUnit"]["Id"]
        inner = client.create_organizational_unit(ParentId=self.units["Workloads"], Name="Production")
        self.units["Production"] = inner["OrganizationalUnit"]["Id"]
        for number in range(self.size):
            made = client.create_account(Email=f"a{number}@example.com", AccountName=f"account-{self.seed}-{number}")
            account = made["CreateAccountStatus"]["AccountId"]
            unit = self.chance.choice(sorted(self.units.values()))
            client.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
            self.accounts.append(account)
        perimeter = document(
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": "*",
                "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": self.organization}},
            }
        )
        made = client.create_policy(Content=perimeter, Name="perimeter", Description="", Type="RESOURCE_CONTROL_POLICY")
        client.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=self.units["Sandbox"])
        self.perimeter = {
            account["Id"] for account in client.list_accounts_for_parent(ParentId=self.units["Sandbox"])["Accounts"]
        }

    def _principals(self, account: str, number: int) -> None:
        iam = self.client("iam", account)
        trust = document(
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{self.management}:root"},
                "Action": "sts:AssumeRole",
            }
        )
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)
        boundary = iam.create_policy(
            PolicyName="limit", PolicyDocument=document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
        )["Policy"]["Arn"]
        outsider = self.outsider()
        opened = document({"Effect": "Allow", "Principal": {"AWS": f"{outsider}"}, "Action": "sts:AssumeRole"})
        name = f"partner-{number}"
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=opened, PermissionsBoundary=boundary)
        iam.put_role_policy(
            RoleName=name,
            PolicyName="work",
            PolicyDocument=document({"Effect": "Allow", "Action": "*", "Resource": "*"}),
        )
        self.grants.add((f"arn:aws:iam::{account}:role/{name}", outsider))
        iam.create_user(UserName=f"user-{number}")
        iam.create_access_key(UserName=f"user-{number}")
        iam.create_group(GroupName="staff")
        iam.add_user_to_group(GroupName="staff", UserName=f"user-{number}")

    def _bucket(self, account: str, number: int) -> None:
        s3 = self.client("s3", account)
        name = f"data-{self.seed}-{number}"
        s3.create_bucket(Bucket=name)
        outsider = self.outsider()
        statement = allow({"AWS": f"arn:aws:iam::{outsider}:root"}, "s3:GetObject", f"arn:aws:s3:::{name}/*")
        s3.put_bucket_policy(Bucket=name, Policy=document(statement))
        self.grants.add((f"arn:aws:s3:::{name}", outsider))
        shut = f"shut-{self.seed}-{number}"
        s3.create_bucket(Bucket=shut)
        s3.put_bucket_policy(Bucket=shut, Policy=document(allow("*", "s3:GetObject", f"arn:aws:s3:::{shut}/*")))
        s3.put_public_access_block(
            Bucket=shut,
            PublicAccessBlockConfiguration=dict.fromkeys(
                ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
            ),
        )
        self.traps.add(f"arn:aws:s3:::{shut}")

    def _queue(self, account: str, number: int) -> None:
        region = self.chance.choice(REGIONS)
        sqs = self.client("sqs", account, region)
        name = f"jobs-{number}"
        arn = f"arn:aws:sqs:{region}:{account}:{name}"
        outsider = self.outsider()
        policy = document(allow({"AWS": f"arn:aws:iam::{outsider}:root"}, "sqs:SendMessage", arn))
        sqs.create_queue(QueueName=name, Attributes={"Policy": policy})
        if account in self.perimeter:
            self.traps.add(arn)
        else:
            self.grants.add((arn, outsider))

    def _topic(self, account: str, number: int) -> None:
        region = self.chance.choice(REGIONS)
        sns = self.client("sns", account, region)
        arn = sns.create_topic(Name=f"news-{number}")["TopicArn"]
        outsider = self.outsider()
        both = [
            allow({"AWS": f"arn:aws:iam::{outsider}:root"}, "sns:Subscribe", arn),
            {
                "Effect": "Deny",
                "Principal": {"AWS": f"arn:aws:iam::{outsider}:root"},
                "Action": "sns:*",
                "Resource": arn,
            },
        ]
        denied = self.chance.random() < 0.5
        sns.set_topic_attributes(
            TopicArn=arn, AttributeName="Policy", AttributeValue=document(*both[: 2 if denied else 1])
        )
        if denied:
            self.traps.add(arn)
        else:
            self.grants.add((arn, outsider))

    def _key(self, account: str, number: int) -> None:
        region = self.chance.choice(REGIONS)
        kms = self.client("kms", account, region)
        own = allow({"AWS": f"arn:aws:iam::{account}:root"}, "kms:*", "*")
        key = kms.create_key(Policy=document(own), Description=f"key {number}")["KeyMetadata"]
        outsider = self.outsider()
        kms.create_grant(
            KeyId=key["KeyId"], GranteePrincipal=f"arn:aws:iam::{outsider}:role/x", Operations=["Decrypt"], Name="g"
        )
        self.grants.add((key["Arn"], outsider))

    def _secret(self, account: str, number: int) -> None:
        region = self.chance.choice(REGIONS)
        client = self.client("secretsmanager", account, region)
        arn = client.create_secret(Name=f"password-{number}", SecretString="x")["ARN"]
        outsider = self.outsider()
        statement = allow({"AWS": f"arn:aws:iam::{outsider}:root"}, "secretsmanager:GetSecretValue", "*")
        client.put_resource_policy(SecretId=arn, ResourcePolicy=document(statement))
        self.grants.add((arn, outsider))

    def _snapshot(self, account: str, number: int) -> None:
        region = self.chance.choice(REGIONS)
        ec2 = self.client("ec2", account, region)
        volume = ec2.create_volume(AvailabilityZone=f"{region}a", Size=1)["VolumeId"]
        snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        outsider = self.outsider()
        ec2.modify_snapshot_attribute(
            SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", UserIds=[outsider]
        )
        self.grants.add((f"arn:aws:ec2:{region}:{account}:snapshot/{snapshot}", outsider))
