"""An AWS organization on moto's server, over HTTP: many accounts, with grants and traps planted by a seed."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from analyzers.collect.access import _without_account
from analyzers.models import Analyzer
from analyzers.scans import request_scan, work

CONFIG = Config(inject_host_prefix=False, retries={"total_max_attempts": 2})
ROLE = "AnalyzerPortalCollector"
REGIONS = ("us-east-1", "eu-central-1")
NOTHING = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False)
PLANTED = ("ebs", "kms", "secretsmanager", "sns", "sqs")
"""Services of regions in which something is planted."""


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
    perimeter: set[str] = field(default_factory=set)
    """Accounts under a resource control policy that keeps strangers out."""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        # One session for all: each reads the descriptions of services from the disk anew.
        self._session = boto3.Session(region_name="us-east-1")
        self._keys = {self.management: {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}}

    def client(self, service: str, account: str = "", region: str = "us-east-1") -> Any:
        account = account or self.management
        if account not in self._keys:
            taken = self._made("sts", self.management, region).assume_role(
                RoleArn=f"arn:aws:iam::{account}:role/setup", RoleSessionName="setup"
            )["Credentials"]
            self._keys[account] = {
                "aws_access_key_id": taken["AccessKeyId"],
                "aws_secret_access_key": taken["SecretAccessKey"],
                "aws_session_token": taken["SessionToken"],
            }
        return self._made(service, account, region)

    def _made(self, service: str, account: str, region: str) -> Any:
        own = self._keys[account]
        made = self._session.client(service, region_name=region, endpoint_url=self.endpoint, config=CONFIG, **own)
        if service == "s3control":
            made.meta.events.register("before-call.s3-control.*", _without_account)
        return made

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
            unit = self.units[self.chance.choice(sorted(self.units))]
            client.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
            self.accounts.append(account)
        perimeter = document(
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": ["kms:*", "s3:*", "secretsmanager:*", "sqs:*"],
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
        inside = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        inside["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": self.organization}}
        iam.create_role(RoleName=f"inside-{number}", AssumeRolePolicyDocument=document(inside))
        self.traps.add(f"arn:aws:iam::{account}:role/inside-{number}")
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
        self._plant(account, f"arn:aws:s3:::{name}", outsider)
        self._traps_of_buckets(s3, account, number)

    def _plant(self, account: str, arn: str, outsider: str) -> None:
        """A grant, unless the resource control policy of the account's unit takes it back."""
        if account in self.perimeter:
            self.traps.add(arn)
        else:
            self.grants.add((arn, outsider))

    def _traps_of_buckets(self, s3: Any, account: str, number: int) -> None:
        everyone = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}
        acl = {"Owner": {"ID": "x"}, "Grants": [{"Grantee": everyone, "Permission": "READ"}]}
        owned = f"owned-{self.seed}-{number}"
        s3.create_bucket(Bucket=owned)
        s3.put_bucket_acl(Bucket=owned, AccessControlPolicy=acl)
        s3.put_bucket_ownership_controls(
            Bucket=owned, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        )
        ignored = f"ignored-{self.seed}-{number}"
        s3.create_bucket(Bucket=ignored)
        s3.put_bucket_acl(Bucket=ignored, AccessControlPolicy=acl)
        s3.put_public_access_block(Bucket=ignored, PublicAccessBlockConfiguration={**NOTHING, "IgnorePublicAcls": True})
        door = f"door-{self.seed}-{number}"
        s3.create_bucket(Bucket=door)
        control = self.client("s3control", account)
        point = {"AccountId": account, "Name": f"door-{number}"}
        control.create_access_point(**point, Bucket=door)
        arn = f"arn:aws:s3:us-east-1:{account}:accesspoint/door-{number}"
        opened = allow({"AWS": self.outsider()}, "s3:GetObject", f"{arn}/object/*")
        control.put_access_point_policy(**point, Policy=document(opened))
        self.traps |= {f"arn:aws:s3:::{name}" for name in (owned, ignored, door)}
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
        self._plant(account, arn, outsider)

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
        self._plant(account, key["Arn"], outsider)

    def _secret(self, account: str, number: int) -> None:
        region = self.chance.choice(REGIONS)
        client = self.client("secretsmanager", account, region)
        arn = client.create_secret(Name=f"password-{number}", SecretString="x")["ARN"]
        outsider = self.outsider()
        statement = allow({"AWS": f"arn:aws:iam::{outsider}:root"}, "secretsmanager:GetSecretValue", "*")
        client.put_resource_policy(SecretId=arn, ResourcePolicy=document(statement))
        self._plant(account, arn, outsider)

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
