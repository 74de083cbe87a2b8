"""Writes samples/organization.json: a made-up organization with the stories that reviewers meet.

    python -m samples.build            # writes the file
    python -m samples.build --check    # exit status 1 if the file is not what this writes

Account ids are those of AWS documentation; nothing here exists.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

Json = dict[str, Any]
TARGET = Path(__file__).with_name("organization.json")
ORGANIZATION = "o-exampleorg"
ROOT = "r-root"
VENDOR, BACKUP_VENDOR, PARTNER, UNKNOWN = "999988887777", "888877776666", "777766665555", "666655554444"
REGION = "eu-central-1"

UNITS = {"ou-root-workloads": "Workloads", "ou-root-security": "Security", "ou-root-sandbox": "Sandbox"}
ACCOUNTS = [
    ("111122223333", "management", ROOT),
    ("222233334444", "shop-production", "ou-root-workloads"),
    ("333344445555", "shop-staging", "ou-root-workloads"),
    ("444455556666", "photos-production", "ou-root-workloads"),
    ("555566667777", "data-platform", "ou-root-workloads"),
    ("123456789012", "payments", "ou-root-workloads"),
    ("210987654321", "mobile-backend", "ou-root-workloads"),
    ("345678901234", "log-archive", "ou-root-security"),
    ("456789012345", "audit", "ou-root-security"),
    ("567890123456", "backup", "ou-root-security"),
    ("678901234567", "sandbox-alice", "ou-root-sandbox"),
    ("789012345678", "sandbox-team", "ou-root-sandbox"),
]
ID = {name: account for account, name, _ in ACCOUNTS}


def canonical(account: str) -> str:
    return hashlib.sha256(f"canonical {account}".encode()).hexdigest()


def policy(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any, resource: Any = None, principal: Any = None, sid: str = "", **more: Any) -> Json:
    statement: Json = {"Sid": sid} if sid else {}
    statement["Effect"] = "Allow"
    if principal is not None:
        statement["Principal"] = principal
    statement["Action"] = action
    if resource is not None:
        statement["Resource"] = resource
    return {**statement, **more}


def deny(action: Any, resource: Any = None, principal: Any = None, sid: str = "", **more: Any) -> Json:
    statement = allow(action, resource, principal, sid, **more)
    return {key: "Deny" if key == "Effect" else value for key, value in statement.items()}


def aws(*principals: str) -> Json:
    return {"AWS": principals[0] if len(principals) == 1 else list(principals)}


def root(account: str) -> str:
    return f"arn:aws:iam::{account}:root"


BLOCKED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
OPEN = dict.fromkeys(BLOCKED, False)
ALL_USERS = {"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}
TLS_ONLY = {"Bool": {"aws:SecureTransport": "false"}}


# -- principals ----------------------------------------------------------------------------------------------------


def _unique(prefix: str, text: str) -> str:
    return prefix + hashlib.sha256(text.encode()).hexdigest()[:17].upper()


def user(account: str, name: str, **more: Any) -> Json:
    arn = f"arn:aws:iam::{account}:user/{name}"
    return {
        "arn": arn,
        "kind": "USER",
        "unique_id": _unique("AIDA", arn),
        "created_at": "2023-02-01T09:00:00.000Z",
        **more,
    }


def role(account: str, name: str, trust: Json, **more: Any) -> Json:
    arn = f"arn:aws:iam::{account}:role/{name}"
    shape = {
        "arn": arn,
        "kind": "ROLE",
        "unique_id": _unique("AROA", arn),
        "created_at": "2023-03-01T09:00:00.000Z",
    }
    return {**shape, "trust_policy": trust, **more}


def trust(principal: Json, action: Any = "sts:AssumeRole", **more: Any) -> Json:
    return policy(allow(action, None, principal, **more))


def service(name: str) -> Json:
    return trust({"Service": f"{name}.amazonaws.com"})


def inline(name: str, *statements: Json) -> Json:
    return {"inline_policies": [{"name": name, "document": policy(*statements)}]}


READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
MANAGED = [
    {"arn": ADMIN, "document": policy(allow("*", "*"))},
    {
        "arn": READ_ONLY,
        "document": policy(allow(["s3:Get*", "s3:List*", "ec2:Describe*", "iam:Get*", "iam:List*"], "*")),
    },
    *(
        {
            "arn": f"arn:aws:iam::{account}:policy/developer-boundary",
            "document": policy(allow("*", "*"), deny(["iam:*", "organizations:*"], "*", sid="NoIdentity")),
        }
        for account, _, _ in ACCOUNTS
    ),
]


def _key(name: str, created: str, used: str | None, status: str = "Active") -> Json:
    return {"id": _unique("AKIA", name)[:20], "status": status, "created_at": created, "last_used_at": used}


def principals() -> list[Json]:
    found: list[Json] = []
    for account, name, _ in ACCOUNTS:
        boundary = f"arn:aws:iam::{account}:policy/developer-boundary"
        saml = f"arn:aws:iam::{account}:saml-provider/CompanySSO"
        sso = {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}
        found += [
            role(account, "ops-automation", service("ssm"), managed_policies=[READ_ONLY]),
            role(
                account,
                "organization-access",
                trust(aws(root(ID["management"]))),
                managed_policies=[ADMIN],
                last_used_at="2026-06-30T10:00:00.000Z",
            ),
            role(account, "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig", service("config")),
            role(
                account,
                "security-audit",
                trust(aws(f"arn:aws:iam::{ID['audit']}:role/auditor")),
                managed_policies=[READ_ONLY],
            ),
            role(account, "backup-operator", trust(aws(root(ID["backup"]))), managed_policies=[READ_ONLY]),
            {
                "arn": f"arn:aws:iam::{account}:group/developers",
                "kind": "GROUP",
                "unique_id": _unique("AGPA", account),
                "managed_policies": [READ_ONLY],
            },
        ]
        if name in {"management", "audit"}:
            found.append(
                role(
                    account,
                    "sso-admin",
                    trust({"Federated": saml}, ["sts:AssumeRoleWithSAML", "sts:TagSession"], Condition=sso),
                )
            )
        for number in range(1, 4):
            person = f"{name}-dev{number}"
            found.append(
                user(
                    account,
                    person,
                    groups=[f"arn:aws:iam::{account}:group/developers"],
                    permissions_boundary=boundary,
                    credentials={
                        "password": {
                            "enabled": True,
                            "created_at": "2024-01-01T08:00:00.000Z",
                            "last_used_at": "2026-06-20T08:00:00.000Z",
                        },
                        "access_keys": [_key(person, "2024-01-01T08:00:00.000Z", "2026-06-28T08:00:00.000Z")],
                    },
                )
            )
        for job in ("build", "deploy"):
            found.append(
                role(
                    account,
                    f"{name}-{job}",
                    service("codebuild"),
                    **inline(job, allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{name}-artifacts/*")),
                )
            )
    return found + stories()


def stories() -> list[Json]:
    github = f"arn:aws:iam::{ID['shop-production']}:oidc-provider/token.actions.githubusercontent.com"
    audience = {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}
    return [
        # Vendors, with and without the protection against being used by a confused deputy.
        role(
            ID["shop-production"],
            "monitoring-vendor",
            trust(aws(root(VENDOR)), Condition={"StringEquals": {"sts:ExternalId": "shop-7f3a"}}),
            managed_policies=[READ_ONLY],
        ),
        role(ID["data-platform"], "analytics-vendor", trust(aws(root(VENDOR))), managed_policies=[READ_ONLY]),
        role(
            ID["backup"],
            "backup-vendor",
            trust(
                aws(f"arn:aws:iam::{BACKUP_VENDOR}:role/backup-agent"),
                Condition={"StringEquals": {"sts:ExternalId": "bk-91"}},
            ),
        ),
        # Nobody knows what it is for, and a stranger may use it.
        role(ID["mobile-backend"], "x7-tmp2", trust(aws(root(UNKNOWN))), managed_policies=[ADMIN]),
        # One repository may deploy; the other role forgot to say which repository.
        role(
            ID["shop-production"],
            "github-deploy",
            trust(
                {"Federated": github},
                "sts:AssumeRoleWithWebIdentity",
                Condition={
                    "StringEquals": audience,
                    "StringLike": {"token.actions.githubusercontent.com:sub": "repo:example-corp/shop:*"},
                },
            ),
        ),
        role(
            ID["shop-production"],
            "github-anyone",
            trust({"Federated": github}, "sts:AssumeRoleWithWebIdentity", Condition={"StringEquals": audience}),
        ),
        # Open to the world, but only from members of the organization.
        role(
            ID["log-archive"],
            "log-reader",
            trust(aws("*"), Condition={"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}),
        ),
        # A function that may do everything.
        role(ID["payments"], "invoice-function", service("lambda"), **inline("everything", allow("*", "*"))),
        # A test user with a forgotten s3:*, who can read private photos.
        user(
            ID["photos-production"],
            "test-user",
            **inline("leftover", allow("s3:*", "*", sid="RemoveAfterTest")),
        ),
        # Keys that nobody has used for over a year.
        user(
            ID["payments"],
            "legacy-batch",
            credentials={"access_keys": [_key("legacy-batch", "2020-05-01T08:00:00.000Z", "2025-01-10T08:00:00.000Z")]},
            managed_policies=[READ_ONLY],
        ),
        user(
            ID["shop-production"],
            "old-ci",
            credentials={"access_keys": [_key("old-ci", "2019-05-01T08:00:00.000Z", None)]},
        ),
    ]


# -- resources -----------------------------------------------------------------------------------------------------


def bucket(account: str, name: str, document: Json | str | None = None, **more: Any) -> Json:
    shape: Json = {
        "arn": f"arn:aws:s3:::{name}",
        "type": "AWS::S3::Bucket",
        "account": account,
        "region": REGION,
    }
    if document is not None:
        shape["policy"] = document
    return {**shape, "object_ownership": "BucketOwnerEnforced", "public_access_block": BLOCKED, **more}


def both(name: str) -> list[str]:
    return [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]


def own(account: str, name: str) -> Json:
    """An ordinary bucket: TLS only."""
    return bucket(account, name, policy(deny("s3:*", both(name), "*", "TlsOnly", Condition=TLS_ONLY)))


def thing(kind: str, account: str, service_name: str, name: str, document: Any = None, **more: Any) -> Json:
    arn = f"arn:aws:{service_name}:{REGION}:{account}:{name}"
    shape: Json = {"arn": arn, "type": kind, "account": account, "region": REGION}
    return {**shape, **({"policy": document} if document is not None else {}), **more}


def key(account: str, name: str, *statements: Json, **more: Any) -> Json:
    base = allow("kms:*", "*", aws(root(account)), "OwnAccount")
    return thing("AWS::KMS::Key", account, "kms", f"key/{name}", policy(base, *statements), **more)


def ordinary() -> list[Json]:
    """What every account has, shared with nobody outside."""
    found = []
    for account, name, _ in ACCOUNTS:
        found += [
            own(account, f"{name}-artifacts"),
            own(account, f"{name}-terraform-state"),
            key(account, f"{name}-default"),
            thing("AWS::SecretsManager::Secret", account, "secretsmanager", f"secret:{name}/database-a1b2c3"),
            thing(
                "AWS::SQS::Queue",
                account,
                "sqs",
                f"{name}-jobs",
                policy(
                    allow(
                        "sqs:SendMessage",
                        f"arn:aws:sqs:{REGION}:{account}:{name}-jobs",
                        {"Service": "events.amazonaws.com"},
                    )
                ),
            ),
            thing(
                "AWS::SNS::Topic",
                account,
                "sns",
                f"{name}-alarms",
                policy(allow("sns:Publish", "*", aws("*"), Condition={"StringEquals": {"AWS:SourceOwner": account}})),
            ),
            thing("AWS::DynamoDB::Table", account, "dynamodb", f"table/{name}-state"),
            thing(
                "AWS::EC2::Snapshot",
                account,
                "ec2",
                f"snapshot/snap-{hashlib.sha256(name.encode()).hexdigest()[:17]}",
                share={"accounts": [], "public": False},
                encrypted=True,
            ),
        ]
    return found


def shared() -> list[Json]:
    shop, staging, photos = ID["shop-production"], ID["shop-staging"], ID["photos-production"]
    data, pay, mobile = ID["data-platform"], ID["payments"], ID["mobile-backend"]
    logs, sandbox, team = ID["log-archive"], ID["sandbox-alice"], ID["sandbox-team"]
    point = f"arn:aws:s3:{REGION}:{data}:accesspoint/partner-feed"
    return [
        # Buckets
        bucket(
            shop,
            "shop-partner-exchange",
            policy(
                allow(
                    ["s3:GetObject", "s3:PutObject"],
                    "arn:aws:s3:::shop-partner-exchange/*",
                    aws(root(PARTNER)),
                    "Partner",
                ),
                deny("s3:*", both("shop-partner-exchange"), "*", "TlsOnly", Condition=TLS_ONLY),
            ),
        ),
        bucket(
            shop,
            "shop-website",
            policy(allow("s3:GetObject", "arn:aws:s3:::shop-website/*", "*", "PublicRead")),
            public_access_block=OPEN,
        ),
        bucket(
            staging,
            "shop-staging-website",
            policy(allow("s3:GetObject", "arn:aws:s3:::shop-staging-website/*", "*", "PublicRead")),
        ),
        bucket(
            photos,
            "private-photos",
            policy(
                allow(
                    "s3:GetObject",
                    "arn:aws:s3:::private-photos/*",
                    aws(f"arn:aws:iam::{photos}:role/photos-production-deploy"),
                    "AppOnly",
                )
            ),
            tags={"data": "personal", "critical": "yes"},
        ),
        bucket(
            photos,
            "photo-thumbnails",
            policy(
                allow(
                    "s3:GetObject",
                    "arn:aws:s3:::photo-thumbnails/*",
                    "*",
                    "FromOurNetwork",
                    Condition={"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "198.51.100.7/32"]}},
                )
            ),
            public_access_block=OPEN,
        ),
        bucket(
            data,
            "analytics-exports",
            policy(
                allow(
                    "s3:GetObject",
                    "arn:aws:s3:::analytics-exports/*",
                    "*",
                    "OurOrganization",
                    Condition={"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
                )
            ),
        ),
        bucket(
            data,
            "partner-feed",
            policy(
                allow(
                    "s3:*",
                    both("partner-feed"),
                    aws("*"),
                    "DelegateToAccessPoints",
                    Condition={"StringEquals": {"s3:DataAccessPointAccount": data}},
                )
            ),
            access_points=[
                {
                    "arn": point,
                    "name": "partner-feed",
                    "account": data,
                    "network_origin": "Internet",
                    "public_access_block": BLOCKED,
                    "policy": policy(allow("s3:GetObject", f"{point}/object/*", aws(root(PARTNER)), "PartnerReads")),
                }
            ],
        ),
        bucket(
            mobile,
            "mobile-uploads-legacy",
            object_ownership="ObjectWriter",
            public_access_block=OPEN,
            acl=[
                {"grantee": {"id": canonical(mobile)}, "permission": "FULL_CONTROL"},
                {"grantee": ALL_USERS, "permission": "READ"},
            ],
        ),
        bucket(
            mobile,
            "mobile-crash-reports",
            object_ownership="BucketOwnerPreferred",
            acl=[
                {"grantee": {"id": canonical(mobile)}, "permission": "FULL_CONTROL"},
                {"grantee": {"id": canonical(VENDOR)}, "permission": "READ"},
            ],
        ),
        bucket(
            logs,
            "organization-trail",
            policy(
                allow(
                    "s3:PutObject",
                    "arn:aws:s3:::organization-trail/*",
                    {"Service": "cloudtrail.amazonaws.com"},
                ),
                allow("s3:GetObject", "arn:aws:s3:::organization-trail/*", aws(root(ID["audit"])), "Auditors"),
            ),
        ),
        bucket(
            pay,
            "payment-reports",
            policy(
                allow(
                    "s3:GetObject",
                    "arn:aws:s3:::payment-reports/*",
                    "*",
                    "ThroughOurEndpoint",
                    Condition={"StringEquals": {"aws:SourceVpce": "vpce-0a1b2c3d4e5f60718"}},
                )
            ),
        ),
        bucket(
            sandbox,
            "alice-playground",
            policy(allow("s3:*", both("alice-playground"), "*", "JustTesting")),
            public_access_block=OPEN,
        ),
        bucket(
            team,
            "team-dataset",
            policy(
                allow(
                    ["s3:GetObject", "s3:ListBucket"],
                    both("team-dataset"),
                    "*",
                    "AnyoneButUs",
                    Condition={"StringNotEquals": {"aws:PrincipalAccount": team}},
                )
            ),
            public_access_block=OPEN,
        ),
        bucket(
            team,
            "team-broken",
            '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*" "Action": "s3:GetObject"}]}',
        ),
        bucket(
            sandbox,
            "alice-unreadable",
            error="AccessDenied when calling GetBucketPolicy: the collector's role lacks s3:GetBucketPolicy.",
        ),
        # Saved by the organization's resource control policy: S3 only for members, in the security unit.
        bucket(
            ID["backup"],
            "backup-inventory",
            policy(allow("s3:GetObject", "arn:aws:s3:::backup-inventory/*", "*", "Oops")),
            public_access_block=OPEN,
        ),
        thing(
            "AWS::S3Express::DirectoryBucket",
            data,
            "s3express",
            "bucket/features--euc1-az1--x-s3",
            policy(
                allow(
                    "s3express:CreateSession",
                    f"arn:aws:s3express:{REGION}:{data}:bucket/features--euc1-az1--x-s3",
                    aws(root(PARTNER)),
                )
            ),
        ),
        # The access point belongs to the partner, who decides whom it lets in.
        bucket(
            data,
            "partner-dropbox",
            policy(
                allow(
                    ["s3:GetObject", "s3:PutObject"],
                    "arn:aws:s3:::partner-dropbox/*",
                    aws("*"),
                    "PartnersAccessPoints",
                    Condition={"StringEquals": {"s3:DataAccessPointAccount": PARTNER}},
                )
            ),
        ),
        # A multi-region access point has an ARN without a region.
        bucket(
            shop,
            "shop-catalog",
            policy(
                allow(
                    "s3:GetObject",
                    "arn:aws:s3:::shop-catalog/*",
                    aws("*"),
                    "DelegateToAccessPoints",
                    Condition={"StringEquals": {"s3:DataAccessPointAccount": shop}},
                )
            ),
            access_points=[
                {
                    "arn": f"arn:aws:s3::{shop}:accesspoint/mshopcatalog.mrap",
                    "name": "shop-catalog",
                    "account": shop,
                    "network_origin": "Internet",
                    "public_access_block": BLOCKED,
                    "policy": policy(
                        allow(
                            "s3:GetObject",
                            f"arn:aws:s3::{shop}:accesspoint/mshopcatalog.mrap/object/*",
                            aws(root(VENDOR)),
                            "VendorReads",
                        )
                    ),
                }
            ],
        ),
        *further(),
        # Keys
        key(
            pay,
            "card-data",
            allow(
                ["kms:Decrypt", "kms:DescribeKey"],
                "*",
                aws(f"arn:aws:iam::{PARTNER}:role/settlement"),
                "Settlement",
            ),
        ),
        key(
            data,
            "lake",
            grants=[
                {
                    "id": "grant-1",
                    "granteePrincipal": f"arn:aws:iam::{VENDOR}:role/ingest",
                    "operations": ["Decrypt", "GenerateDataKey"],
                    "constraints": {"encryptionContextEquals": {"purpose": "ingest"}},
                }
            ],
        ),
        key(
            shop,
            "session-tokens",
            allow(
                "kms:Decrypt",
                "*",
                aws("*"),
                "AnyoneInTheAccount",
                Condition={
                    "StringEquals": {
                        "kms:CallerAccount": shop,
                        "kms:ViaService": f"dynamodb.{REGION}.amazonaws.com",
                    }
                },
            ),
        ),
        # Queues and topics
        thing(
            "AWS::SQS::Queue",
            shop,
            "sqs",
            "orders-inbound",
            policy(allow("sqs:SendMessage", "*", "*", "AnyoneMaySend")),
        ),
        thing(
            "AWS::SQS::Queue",
            pay,
            "sqs",
            "settlement-results",
            policy(allow(["sqs:ReceiveMessage", "sqs:DeleteMessage"], "*", aws(root(PARTNER)), "Partner")),
        ),
        thing(
            "AWS::SQS::Queue",
            mobile,
            "sqs",
            "push-events",
            policy(
                allow(
                    "sqs:SendMessage",
                    "*",
                    "*",
                    "OwnTopic",
                    Condition={"ArnEquals": {"aws:SourceArn": f"arn:aws:sns:{REGION}:{mobile}:mobile-backend-alarms"}},
                )
            ),
        ),
        thing(
            "AWS::SNS::Topic",
            shop,
            "sns",
            "price-changes",
            policy(allow("sns:Subscribe", "*", aws("*"), "AnyoneMaySubscribe")),
        ),
        thing(
            "AWS::SNS::Topic",
            data,
            "sns",
            "exports-ready",
            policy(allow("sns:Subscribe", "*", aws(root(PARTNER), root(VENDOR)), "Partners")),
        ),
        # Functions and layers
        thing(
            "AWS::Lambda::Function",
            mobile,
            "lambda",
            "function:webhook",
            policy(
                allow(
                    "lambda:InvokeFunctionUrl",
                    f"arn:aws:lambda:{REGION}:{mobile}:function:webhook",
                    "*",
                    "PublicUrl",
                    Condition={"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
                )
            ),
        ),
        thing(
            "AWS::Lambda::Function",
            shop,
            "lambda",
            "function:resize-images",
            policy(
                allow(
                    "lambda:InvokeFunction",
                    f"arn:aws:lambda:{REGION}:{shop}:function:resize-images",
                    {"Service": "s3.amazonaws.com"},
                    Condition={"StringEquals": {"AWS:SourceAccount": shop}},
                )
            ),
        ),
        thing(
            "AWS::Lambda::Function",
            data,
            "lambda",
            "function:partner-lookup",
            policy(
                allow(
                    "lambda:InvokeFunction",
                    f"arn:aws:lambda:{REGION}:{data}:function:partner-lookup",
                    aws(root(PARTNER)),
                )
            ),
        ),
        thing(
            "AWS::Lambda::LayerVersion",
            shop,
            "lambda",
            "layer:shop-common:7",
            policy(
                allow(
                    "lambda:GetLayerVersion",
                    f"arn:aws:lambda:{REGION}:{shop}:layer:shop-common:7",
                    "*",
                    "Public",
                )
            ),
        ),
        thing(
            "AWS::Lambda::LayerVersion",
            data,
            "lambda",
            "layer:lake-client:3",
            policy(
                allow(
                    "lambda:GetLayerVersion",
                    f"arn:aws:lambda:{REGION}:{data}:layer:lake-client:3",
                    "*",
                    "OurOrganization",
                    Condition={"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
                )
            ),
        ),
        # Secrets, repositories, file systems
        thing(
            "AWS::SecretsManager::Secret",
            pay,
            "secretsmanager",
            "secret:partner/api-key-d4e5f6",
            policy(allow("secretsmanager:GetSecretValue", "*", aws(f"arn:aws:iam::{PARTNER}:role/settlement"))),
        ),
        thing(
            "AWS::SecretsManager::Secret",
            mobile,
            "secretsmanager",
            "secret:push/certificate-a7b8c9",
            policy(
                allow(
                    "secretsmanager:GetSecretValue",
                    "*",
                    aws("*"),
                    "ByTag",
                    Condition={"StringEquals": {"aws:PrincipalTag/team": "mobile"}},
                )
            ),
        ),
        thing(
            "AWS::ECR::Repository",
            shop,
            "ecr",
            "repository/shop/api",
            policy(
                allow(
                    ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                    None,
                    aws(root(staging), root(VENDOR)),
                    "Pull",
                )
            ),
        ),
        thing(
            "AWS::ECR::Repository",
            data,
            "ecr",
            "repository/lake/ingest",
            policy(
                allow(
                    ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                    None,
                    "*",
                    "OurOrganization",
                    Condition={"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{ORGANIZATION}/*"}},
                )
            ),
        ),
        thing(
            "AWS::EFS::FileSystem",
            data,
            "elasticfilesystem",
            "file-system/fs-0123456789abcdef0",
            policy(
                allow(
                    ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
                    None,
                    aws("*"),
                    "AnyMount",
                )
            ),
        ),
        thing(
            "AWS::EFS::FileSystem",
            shop,
            "elasticfilesystem",
            "file-system/fs-0fedcba9876543210",
            policy(allow("elasticfilesystem:ClientMount", None, aws(root(shop)))),
        ),
        # Tables and streams
        thing(
            "AWS::DynamoDB::Table",
            pay,
            "dynamodb",
            "table/settlements",
            policy(
                allow(
                    ["dynamodb:GetItem", "dynamodb:Query"],
                    f"arn:aws:dynamodb:{REGION}:{pay}:table/settlements",
                    aws(f"arn:aws:iam::{PARTNER}:role/settlement"),
                )
            ),
        ),
        thing(
            "AWS::DynamoDB::Stream",
            pay,
            "dynamodb",
            "table/settlements/stream/2026-01-01T00:00:00.000",
            policy(allow(["dynamodb:GetRecords", "dynamodb:GetShardIterator"], "*", aws(root(PARTNER)))),
        ),
        # Snapshots
        thing(
            "AWS::EC2::Snapshot",
            sandbox,
            "ec2",
            "snapshot/snap-0aaaaaaaaaaaaaaa1",
            share={"accounts": [], "public": True},
            encrypted=False,
        ),
        thing(
            "AWS::EC2::Snapshot",
            shop,
            "ec2",
            "snapshot/snap-0bbbbbbbbbbbbbbb2",
            share={"accounts": [staging, BACKUP_VENDOR], "public": False},
            encrypted=True,
        ),
        thing(
            "AWS::RDS::DBSnapshot",
            shop,
            "rds",
            "snapshot:shop-2026-06",
            share={"accounts": [PARTNER], "public": False},
            encrypted=True,
        ),
        thing(
            "AWS::RDS::DBSnapshot",
            team,
            "rds",
            "snapshot:team-test",
            share={"accounts": [], "public": True},
            encrypted=False,
        ),
        thing(
            "AWS::RDS::DBClusterSnapshot",
            data,
            "rds",
            "cluster-snapshot:lake-2026-06",
            share={"accounts": [staging], "public": False},
            encrypted=True,
        ),
        thing(
            "AWS::RDS::DBClusterSnapshot",
            pay,
            "rds",
            "cluster-snapshot:ledger-2026-06",
            share={"accounts": [UNKNOWN], "public": False},
            encrypted=True,
        ),
    ]


def further() -> list[Json]:
    """The types that the service knows in its check for public access only."""
    shop, data, pay = ID["shop-production"], ID["data-platform"], ID["payments"]
    mobile, backup, logs = ID["mobile-backend"], ID["backup"], ID["log-archive"]
    stream = "stream/clicks"
    api = f"arn:aws:execute-api:{REGION}:{mobile}:a1b2c3d4e5"
    lake = "bucket/lake-tables"
    return [
        thing(
            "AWS::Kinesis::Stream",
            data,
            "kinesis",
            stream,
            policy(
                allow(
                    ["kinesis:PutRecord", "kinesis:PutRecords"],
                    f"arn:aws:kinesis:{REGION}:{data}:{stream}",
                    aws(root(VENDOR)),
                )
            ),
        ),
        thing(
            "AWS::Kinesis::StreamConsumer",
            data,
            "kinesis",
            f"{stream}/consumer/partner:1767225600",
            policy(allow("kinesis:SubscribeToShard", "*", aws(f"arn:aws:iam::{PARTNER}:role/reader"))),
        ),
        thing(
            "AWS::OpenSearchService::Domain",
            shop,
            "es",
            "domain/product-search",
            policy(
                allow(
                    "es:ESHttp*",
                    f"arn:aws:es:{REGION}:{shop}:domain/product-search/*",
                    aws("*"),
                    "FromTheOffice",
                    Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
                )
            ),
        ),
        thing(
            "AWS::ApiGateway::RestApi",
            mobile,
            "execute-api",
            "a1b2c3d4e5",
            policy(
                allow("execute-api:Invoke", f"{api}/*", "*", "Everybody"),
                deny("execute-api:Invoke", f"{api}/prod/*/admin/*", "*", "NotTheAdministration"),
            ),
        ),
        thing(
            "AWS::Backup::BackupVault",
            backup,
            "backup",
            "backup-vault:offsite",
            policy(allow("backup:CopyIntoBackupVault", "*", aws(root(BACKUP_VENDOR)))),
        ),
        thing(
            "AWS::CloudTrail::EventDataStore",
            logs,
            "cloudtrail",
            "eventdatastore/0a1b2c3d-1111-2222-3333-444455556666",
            policy(allow("cloudtrail:StartQuery", "*", aws(root(ID["audit"])))),
        ),
        thing(
            "AWS::CodeArtifact::Domain",
            shop,
            "codeartifact",
            "domain/packages",
            policy(
                allow(
                    ["codeartifact:GetAuthorizationToken", "codeartifact:ReadFromRepository"],
                    "*",
                    "*",
                    "OurOrganization",
                    Condition={"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
                )
            ),
        ),
        thing(
            "AWS::S3Tables::TableBucket",
            data,
            "s3tables",
            lake,
            policy(
                allow(
                    ["s3tables:GetTableData", "s3tables:GetTableMetadataLocation"],
                    f"arn:aws:s3tables:{REGION}:{data}:{lake}/table/*",
                    aws(root(PARTNER)),
                )
            ),
        ),
        thing(
            "AWS::S3Tables::Table",
            data,
            "s3tables",
            f"{lake}/table/0f1e2d3c-aaaa-bbbb-cccc-ddddeeeeffff",
            policy(allow("s3tables:GetTableData", "*", aws(f"arn:aws:iam::{data}:role/data-platform-build"))),
        ),
        thing(
            "AWS::S3::Glacier",
            pay,
            "glacier",
            "vaults/ledgers",
            policy(allow("glacier:GetJobOutput", "*", aws(root(UNKNOWN)), "WhoIsThis")),
        ),
    ]


def control_policies() -> list[Json]:
    outsiders = {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    return [
        {
            "id": "p-fullawsaccess",
            "type": "SERVICE_CONTROL_POLICY",
            "name": "FullAWSAccess",
            "aws_managed": True,
            "document": policy(allow("*", "*")),
            "targets": [ROOT, *UNITS, *sorted(ID.values())],
        },
        {
            "id": "p-regions01",
            "type": "SERVICE_CONTROL_POLICY",
            "name": "european-regions",
            "document": policy(
                deny(
                    "*",
                    "*",
                    sid="Regions",
                    Condition={"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1", "us-east-1"]}},
                )
            ),
            "targets": [ROOT],
        },
        {
            "id": "p-sandbox01",
            "type": "SERVICE_CONTROL_POLICY",
            "name": "sandbox-limits",
            "document": policy(deny(["organizations:*", "account:*"], "*")),
            "targets": ["ou-root-sandbox"],
        },
        {
            "id": "p-rcpfullawsaccess",
            "type": "RESOURCE_CONTROL_POLICY",
            "name": "RCPFullAWSAccess",
            "aws_managed": True,
            "document": policy(allow("*", "*", "*")),
            "targets": [ROOT, *UNITS, *sorted(ID.values())],
        },
        {
            "id": "p-perimeter01",
            "type": "RESOURCE_CONTROL_POLICY",
            "name": "security-data-perimeter",
            "document": policy(deny("s3:*", "*", "*", "OnlyOurOrganization", Condition=outsiders)),
            "targets": ["ou-root-security"],
        },
    ]


def organization() -> Json:
    return {
        "inventory_version": 1,
        "organization": {
            "id": ORGANIZATION,
            "management_account": ID["management"],
            "root": ROOT,
            "units": [{"id": unit, "name": name, "parent": ROOT} for unit, name in UNITS.items()],
        },
        "accounts": [
            {
                "id": account,
                "name": name,
                "parent": parent,
                "status": "ACTIVE",
                "canonical_user_id": canonical(account),
                "complete": True,
            }
            for account, name, parent in ACCOUNTS
        ],
        "control_policies": control_policies(),
        "managed_policies": MANAGED,
        "principals": sorted(principals(), key=lambda item: str(item["arn"])),
        "resources": sorted([*ordinary(), *shared()], key=lambda item: str(item["arn"])),
    }


def text() -> str:
    """One line an object, so that a change shows as a change."""
    lines = []
    for name, value in organization().items():
        if isinstance(value, list):
            lines.append(f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(item) for item in value) + "\n]")
        else:
            lines.append(f"{json.dumps(name)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(TARGET.read_text() != text())
    TARGET.write_text(text())
    made = organization()
    print(", ".join(f"{len(made[name])} {name}" for name in ("accounts", "principals", "resources")))
