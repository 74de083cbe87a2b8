"""Each service's reader against recorded answers: pages, what is not there, what is denied."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.stub import Stubber

from analyzers.collect.place import Part, Place
from analyzers.collect.services import SERVICES, lambda_functions
from analyzers.inventory import check

ACCOUNT, REGION = "111122223333", "eu-central-1"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})
THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
Call = tuple[str, Any]
"""A method of the client, and its answer: an object, or the code of an error."""


def arn(service: str, rest: str, *, region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:{region}:{account}:{rest}"


@dataclass
class Recorded:
    """Clients that give recorded answers, in order."""

    calls: dict[str, list[Call]]
    stubbers: list[Stubber] = field(default_factory=list)
    known: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str, region: str) -> Any:
        if service in self.known:
            return self.known[service]
        client = self.known[service] = boto3.client(
            service,
            region_name=region or REGION,
            aws_access_key_id="x",
            aws_secret_access_key="x",
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=True),
        )
        stubber = Stubber(client)
        for method, answer in self.calls[service]:
            if isinstance(answer, str):
                stubber.add_client_error(method, answer, "Not today.", 403)
            else:
                stubber.add_response(method, copy.deepcopy(answer))
        stubber.activate()
        self.stubbers.append(stubber)
        return client


def read(name: str, calls: dict[str, list[Call]], one: str = "") -> tuple[list[Part], Place]:
    """What the reader gives for these answers, all of which must be asked for."""
    service = SERVICES[name]
    recorded = Recorded(calls)
    place = Place(ACCOUNT, REGION if service.everywhere else "", "aws", calls=service.calls, clients=recorded.client)
    parts = list(service.read_one(place, one) if one and service.read_one else service.read(place))
    for stubber in recorded.stubbers:
        stubber.assert_no_pending_responses()
    for section, value in parts:
        if section in check.DEFINITIONS:
            assert list(check.problems(section, value)) == []
    return parts, place


def resources(parts: list[Part]) -> dict[str, dict[str, Any]]:
    return {value["arn"]: value for section, value in parts if section == "resources"}


QUEUE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/jobs"
LAYER = arn("lambda", "layer:tools")
BUCKET_PAGES: list[Call] = [
    (
        "list_buckets",
        {"Buckets": [{"Name": "one", "BucketRegion": REGION}], "ContinuationToken": "t", "Owner": {"ID": "c"}},
    ),
    ("list_buckets", {"Buckets": [{"Name": "two", "BucketRegion": REGION}]}),
]


def bucket(policy: Any, public: Any = "NoSuchPublicAccessBlockConfiguration") -> list[Call]:
    return [
        ("get_bucket_policy", policy),
        (
            "get_bucket_acl",
            {
                "Owner": {"ID": "c"},
                "Grants": [{"Grantee": {"ID": "c", "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}],
            },
        ),
        ("get_bucket_ownership_controls", "OwnershipControlsNotFoundError"),
        ("get_public_access_block", public),
        ("get_bucket_tagging", "NoSuchTagSet"),
        ("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"),
    ]


# service, its client, answers: a page, another page, the first without a policy, the second denied; the two ARNs
CASES: list[tuple[str, dict[str, list[Call]], str, str]] = [
    (
        "sqs",
        {
            "sqs": [
                ("list_queues", {"QueueUrls": [QUEUE], "NextToken": "n"}),
                ("get_queue_attributes", {"Attributes": {}}),
                ("list_queue_tags", {}),
                ("list_queues", {"QueueUrls": [QUEUE + "2"]}),
                ("get_queue_attributes", "AccessDenied"),
                ("list_queue_tags", {}),
            ]
        },
        arn("sqs", "jobs"),
        arn("sqs", "jobs2"),
    ),
    (
        "sns",
        {
            "sns": [
                ("list_topics", {"Topics": [{"TopicArn": arn("sns", "a")}], "NextToken": "n"}),
                ("get_topic_attributes", {"Attributes": {}}),
                ("list_tags_for_resource", {"Tags": []}),
                ("list_topics", {"Topics": [{"TopicArn": arn("sns", "b")}]}),
                ("get_topic_attributes", "AuthorizationError"),
                ("list_tags_for_resource", {"Tags": []}),
            ]
        },
        arn("sns", "a"),
        arn("sns", "b"),
    ),
    (
        "kms",
        {
            "kms": [
                (
                    "list_keys",
                    {
                        "Keys": [
                            {"KeyArn": arn("kms", "key/m"), "KeyId": "m"},
                            {"KeyArn": arn("kms", "key/a"), "KeyId": "a"},
                        ],
                        "Truncated": True,
                        "NextMarker": "n",
                    },
                ),
                ("describe_key", {"KeyMetadata": {"KeyId": "m", "KeyManager": "AWS"}}),
                ("describe_key", {"KeyMetadata": {"KeyId": "a", "KeyManager": "CUSTOMER", "CreationDate": THEN}}),
                ("get_key_policy", {"Policy": POLICY}),
                ("list_resource_tags", {"Tags": [], "Truncated": False}),
                (
                    "list_grants",
                    {
                        "Grants": [
                            {
                                "GrantId": "g",
                                "GranteePrincipal": "arn:aws:iam::999988887777:root",
                                "Operations": ["Decrypt"],
                            }
                        ],
                        "Truncated": False,
                    },
                ),
                ("list_keys", {"Keys": [{"KeyArn": arn("kms", "key/b"), "KeyId": "b"}], "Truncated": False}),
                ("describe_key", {"KeyMetadata": {"KeyId": "b", "KeyManager": "CUSTOMER"}}),
                ("get_key_policy", "AccessDeniedException"),
                ("list_resource_tags", {"Tags": [], "Truncated": False}),
                ("list_grants", {"Grants": [], "Truncated": False}),
            ]
        },
        arn("kms", "key/a"),
        arn("kms", "key/b"),
    ),
    (
        "secretsmanager",
        {
            "secretsmanager": [
                (
                    "list_secrets",
                    {"SecretList": [{"ARN": arn("secretsmanager", "secret:a-abcdef"), "Name": "a"}], "NextToken": "n"},
                ),
                ("get_resource_policy", {"ARN": arn("secretsmanager", "secret:a-abcdef")}),
                ("list_secrets", {"SecretList": [{"ARN": arn("secretsmanager", "secret:b-abcdef"), "Name": "b"}]}),
                ("get_resource_policy", "AccessDeniedException"),
            ]
        },
        arn("secretsmanager", "secret:a-abcdef"),
        arn("secretsmanager", "secret:b-abcdef"),
    ),
    (
        "ecr",
        {
            "ecr": [
                (
                    "describe_repositories",
                    {
                        "repositories": [{"repositoryArn": arn("ecr", "repository/aa"), "repositoryName": "aa"}],
                        "nextToken": "n",
                    },
                ),
                ("get_registry_policy", "RegistryPolicyNotFoundException"),
                ("get_repository_policy", "RepositoryPolicyNotFoundException"),
                ("list_tags_for_resource", {"tags": []}),
                (
                    "describe_repositories",
                    {"repositories": [{"repositoryArn": arn("ecr", "repository/bb"), "repositoryName": "bb"}]},
                ),
                ("get_repository_policy", "AccessDeniedException"),
                ("list_tags_for_resource", {"tags": []}),
            ]
        },
        arn("ecr", "repository/aa"),
        arn("ecr", "repository/bb"),
    ),
    (
        "efs",
        {
            "efs": [
                (
                    "describe_file_systems",
                    {
                        "FileSystems": [
                            {
                                "OwnerId": ACCOUNT,
                                "CreationToken": "x",
                                "FileSystemId": "fs-0000000a",
                                "CreationTime": THEN,
                                "LifeCycleState": "available",
                                "NumberOfMountTargets": 0,
                                "SizeInBytes": {"Value": 0},
                                "PerformanceMode": "generalPurpose",
                                "Tags": [],
                            }
                        ],
                        "NextMarker": "n",
                    },
                ),
                ("describe_file_system_policy", "PolicyNotFound"),
                (
                    "describe_file_systems",
                    {
                        "FileSystems": [
                            {
                                "OwnerId": ACCOUNT,
                                "CreationToken": "x",
                                "FileSystemId": "fs-0000000b",
                                "CreationTime": THEN,
                                "LifeCycleState": "available",
                                "NumberOfMountTargets": 0,
                                "SizeInBytes": {"Value": 0},
                                "PerformanceMode": "generalPurpose",
                                "Tags": [],
                            }
                        ]
                    },
                ),
                ("describe_file_system_policy", "AccessDeniedException"),
            ]
        },
        arn("elasticfilesystem", "file-system/fs-0000000a"),
        arn("elasticfilesystem", "file-system/fs-0000000b"),
    ),
    (
        "dynamodb",
        {
            "dynamodb": [
                ("list_tables", {"TableNames": ["aaa"], "LastEvaluatedTableName": "aaa"}),
                ("describe_table", {"Table": {"TableName": "aaa", "CreationDateTime": THEN}}),
                ("get_resource_policy", "PolicyNotFoundException"),
                ("list_tags_of_resource", {"Tags": []}),
                ("list_tables", {"TableNames": ["bbb"]}),
                (
                    "describe_table",
                    {
                        "Table": {
                            "TableName": "bbb",
                            "LatestStreamArn": arn("dynamodb", "table/bbb/stream/2026-01-01T00:00:00.000"),
                        }
                    },
                ),
                ("get_resource_policy", "AccessDeniedException"),
                ("list_tags_of_resource", {"Tags": []}),
                ("get_resource_policy", {"Policy": POLICY}),
            ]
        },
        arn("dynamodb", "table/aaa"),
        arn("dynamodb", "table/bbb"),
    ),
    (
        "ebs",
        {
            "ec2": [
                ("describe_snapshots", {"Snapshots": [{"SnapshotId": "snap-a", "StartTime": THEN}], "NextToken": "n"}),
                (
                    "describe_snapshot_attribute",
                    {"CreateVolumePermissions": [{"UserId": "999988887777"}, {"Group": "all"}]},
                ),
                ("describe_snapshots", {"Snapshots": [{"SnapshotId": "snap-b"}]}),
                ("describe_snapshot_attribute", "UnauthorizedOperation"),
            ]
        },
        arn("ec2", "snapshot/snap-a"),
        arn("ec2", "snapshot/snap-b"),
    ),
    (
        "rds",
        {
            "rds": [
                (
                    "describe_db_snapshots",
                    {
                        "DBSnapshots": [{"DBSnapshotArn": arn("rds", "snapshot:a"), "DBSnapshotIdentifier": "a"}],
                        "Marker": "m",
                    },
                ),
                (
                    "describe_db_snapshot_attributes",
                    {
                        "DBSnapshotAttributesResult": {
                            "DBSnapshotAttributes": [
                                {"AttributeName": "restore", "AttributeValues": ["999988887777", "all"]}
                            ]
                        }
                    },
                ),
                ("describe_db_snapshots", {"DBSnapshots": []}),
                (
                    "describe_db_cluster_snapshots",
                    {
                        "DBClusterSnapshots": [
                            {
                                "DBClusterSnapshotArn": arn("rds", "cluster-snapshot:b"),
                                "DBClusterSnapshotIdentifier": "b",
                            }
                        ]
                    },
                ),
                ("describe_db_cluster_snapshot_attributes", "AccessDenied"),
            ]
        },
        arn("rds", "snapshot:a"),
        arn("rds", "cluster-snapshot:b"),
    ),
    (
        "lambda",
        {
            "lambda": [
                (
                    "list_functions",
                    {
                        "Functions": [{"FunctionArn": arn("lambda", "function:a"), "FunctionName": "a"}],
                        "NextMarker": "n",
                    },
                ),
                ("get_policy", "ResourceNotFoundException"),
                ("list_tags", {"Tags": {"team": "red"}}),
                ("list_versions_by_function", {"Versions": [{"Version": "$LATEST"}, {"Version": "1"}]}),
                ("list_aliases", {"Aliases": [{"Name": "live"}]}),
                ("get_policy", {"Policy": POLICY}),
                ("get_policy", "ResourceNotFoundException"),
                ("list_functions", {"Functions": [{"FunctionArn": arn("lambda", "function:b"), "FunctionName": "b"}]}),
                ("get_policy", "AccessDeniedException"),
                ("list_tags", {"Tags": {}}),
                ("list_versions_by_function", {"Versions": []}),
                ("list_aliases", {"Aliases": []}),
                ("list_layers", {"Layers": [{"LayerArn": LAYER, "LayerName": "tools"}]}),
                (
                    "list_layer_versions",
                    {
                        "LayerVersions": [
                            {"LayerVersionArn": f"{LAYER}:1", "Version": 1, "CreatedDate": "2026-01-01T00:00:00Z"}
                        ]
                    },
                ),
                ("get_layer_version_policy", {"Policy": POLICY}),
            ]
        },
        arn("lambda", "function:a"),
        arn("lambda", "function:b"),
    ),
    (
        "kinesis",
        {
            "kinesis": [
                ("list_streams", {"StreamNames": ["a"], "HasMoreStreams": True, "NextToken": "n"}),
                ("get_resource_policy", "ResourceNotFoundException"),
                (
                    "list_stream_consumers",
                    {
                        "Consumers": [
                            {
                                "ConsumerName": "c",
                                "ConsumerARN": arn("kinesis", "stream/a/consumer/c:1"),
                                "ConsumerStatus": "ACTIVE",
                                "ConsumerCreationTimestamp": THEN,
                            }
                        ]
                    },
                ),
                ("get_resource_policy", {"Policy": POLICY}),
                ("list_streams", {"StreamNames": ["b"], "HasMoreStreams": False}),
                ("get_resource_policy", "AccessDeniedException"),
                ("list_stream_consumers", {"Consumers": []}),
            ]
        },
        arn("kinesis", "stream/a"),
        arn("kinesis", "stream/b"),
    ),
    (
        "opensearch",
        {
            "opensearch": [
                ("list_domain_names", {"DomainNames": [{"DomainName": "aaa"}, {"DomainName": "bbb"}]}),
                (
                    "describe_domain",
                    {
                        "DomainStatus": {
                            "DomainId": "1",
                            "DomainName": "aaa",
                            "ARN": arn("es", "domain/aaa"),
                            "ClusterConfig": {},
                            "AccessPolicies": "",
                        }
                    },
                ),
                ("describe_domain", "AccessDeniedException"),
            ]
        },
        arn("es", "domain/aaa"),
        arn("es", "domain/bbb"),
    ),
    (
        "backup",
        {
            "backup": [
                (
                    "list_backup_vaults",
                    {
                        "BackupVaultList": [
                            {"BackupVaultArn": arn("backup", "backup-vault:a"), "BackupVaultName": "a"}
                        ],
                        "NextToken": "n",
                    },
                ),
                ("get_backup_vault_access_policy", "ResourceNotFoundException"),
                (
                    "list_backup_vaults",
                    {"BackupVaultList": [{"BackupVaultArn": arn("backup", "backup-vault:b"), "BackupVaultName": "b"}]},
                ),
                ("get_backup_vault_access_policy", "AccessDeniedException"),
            ]
        },
        arn("backup", "backup-vault:a"),
        arn("backup", "backup-vault:b"),
    ),
    (
        "cloudtrail",
        {
            "cloudtrail": [
                (
                    "list_event_data_stores",
                    {
                        "EventDataStores": [
                            {"EventDataStoreArn": arn("cloudtrail", "eventdatastore/a"), "Name": "aaa"}
                        ],
                        "NextToken": "nnnn",
                    },
                ),
                ("get_resource_policy", "ResourcePolicyNotFoundException"),
                (
                    "list_event_data_stores",
                    {"EventDataStores": [{"EventDataStoreArn": arn("cloudtrail", "eventdatastore/b"), "Name": "bbb"}]},
                ),
                ("get_resource_policy", "AccessDeniedException"),
            ]
        },
        arn("cloudtrail", "eventdatastore/a"),
        arn("cloudtrail", "eventdatastore/b"),
    ),
    (
        "codeartifact",
        {
            "codeartifact": [
                (
                    "list_domains",
                    {"domains": [{"arn": arn("codeartifact", "domain/aa"), "name": "aa"}], "nextToken": "n"},
                ),
                ("get_domain_permissions_policy", "ResourceNotFoundException"),
                ("list_domains", {"domains": [{"arn": arn("codeartifact", "domain/bb"), "name": "bb"}]}),
                ("get_domain_permissions_policy", "AccessDeniedException"),
            ]
        },
        arn("codeartifact", "domain/aa"),
        arn("codeartifact", "domain/bb"),
    ),
    (
        "glacier",
        {
            "glacier": [
                (
                    "list_vaults",
                    {"VaultList": [{"VaultARN": arn("glacier", "vaults/a"), "VaultName": "a"}], "Marker": "m"},
                ),
                ("get_vault_access_policy", "ResourceNotFoundException"),
                ("list_vaults", {"VaultList": [{"VaultARN": arn("glacier", "vaults/b"), "VaultName": "b"}]}),
                ("get_vault_access_policy", "AccessDeniedException"),
            ]
        },
        arn("glacier", "vaults/a"),
        arn("glacier", "vaults/b"),
    ),
    (
        "s3tables",
        {
            "s3tables": [
                (
                    "list_table_buckets",
                    {
                        "tableBuckets": [
                            {
                                "arn": arn("s3tables", "bucket/aaa"),
                                "name": "aaa",
                                "ownerAccountId": ACCOUNT,
                                "createdAt": THEN,
                            }
                        ],
                        "continuationToken": "n",
                    },
                ),
                ("get_table_bucket_policy", "NotFoundException"),
                (
                    "list_tables",
                    {
                        "tables": [
                            {
                                "tableARN": arn("s3tables", "bucket/aaa/table/t"),
                                "namespace": ["n"],
                                "name": "t",
                                "type": "customer",
                                "createdAt": THEN,
                                "modifiedAt": THEN,
                            }
                        ]
                    },
                ),
                ("get_table_policy", {"resourcePolicy": POLICY}),
                (
                    "list_table_buckets",
                    {
                        "tableBuckets": [
                            {
                                "arn": arn("s3tables", "bucket/bbb"),
                                "name": "bbb",
                                "ownerAccountId": ACCOUNT,
                                "createdAt": THEN,
                            }
                        ]
                    },
                ),
                ("get_table_bucket_policy", "AccessDeniedException"),
                ("list_tables", {"tables": []}),
            ]
        },
        arn("s3tables", "bucket/aaa"),
        arn("s3tables", "bucket/bbb"),
    ),
    (
        "s3express",
        {
            "s3": [
                (
                    "list_directory_buckets",
                    {"Buckets": [{"Name": "a--euc1-az1--x-s3"}, {"Name": "ordinary"}], "ContinuationToken": "n"},
                ),
                ("get_bucket_policy", "NoSuchBucketPolicy"),
                ("list_directory_buckets", {"Buckets": [{"Name": "b--euc1-az1--x-s3"}]}),
                ("get_bucket_policy", "AccessDenied"),
            ],
            "s3control": [
                (
                    "list_access_points_for_directory_buckets",
                    {
                        "AccessPointList": [
                            {"Name": "p--euc1-az1--xa-s3", "NetworkOrigin": "Internet", "Bucket": "a--euc1-az1--x-s3"}
                        ]
                    },
                ),
                ("get_access_point", {"Name": "p--euc1-az1--xa-s3"}),
                ("get_access_point_policy", {"Policy": POLICY}),
                ("list_access_points_for_directory_buckets", {"AccessPointList": []}),
            ],
        },
        arn("s3express", "bucket/a--euc1-az1--x-s3"),
        arn("s3express", "bucket/b--euc1-az1--x-s3"),
    ),
    (
        "s3",
        {
            "s3": [*BUCKET_PAGES, *bucket("NoSuchBucketPolicy"), *bucket("AccessDenied")],
            "s3control": [
                ("get_public_access_block", {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}),
                (
                    "list_access_points",
                    {
                        "AccessPointList": [
                            {
                                "Name": "point",
                                "NetworkOrigin": "Internet",
                                "Bucket": "one",
                                "AccessPointArn": arn("s3", "accesspoint/point"),
                                "BucketAccountId": ACCOUNT,
                            }
                        ],
                        "NextToken": "n",
                    },
                ),
                ("list_access_points", {"AccessPointList": []}),
                ("get_access_point", {"Name": "point"}),
                ("get_access_point_policy", {"Policy": POLICY}),
                (
                    "list_multi_region_access_points",
                    {
                        "AccessPoints": [
                            {"Name": "m", "Alias": "m.mrap", "Regions": [{"Bucket": "one"}, {"Bucket": "two"}]}
                        ]
                    },
                ),
                ("get_multi_region_access_point_policy", {"Policy": {"Established": {"Policy": POLICY}}}),
            ],
        },
        "arn:aws:s3:::one",
        "arn:aws:s3:::two",
    ),
    (
        "apigateway",
        {
            "apigateway": [
                (
                    "get_rest_apis",
                    {
                        "items": [{"id": "a", "name": "a", "policy": '{\\"Version\\": \\"2012-10-17\\"}'}],
                        "position": "p",
                    },
                ),
                ("get_rest_apis", {"items": [{"id": "b", "name": "b"}]}),
            ]
        },
        arn("execute-api", "a"),
        arn("execute-api", "b"),
    ),
]


@pytest.mark.parametrize(("name", "calls", "quiet", "denied"), CASES, ids=[case[0] for case in CASES])
def test_pages_absent_policies_and_denied_ones(
    name: str, calls: dict[str, list[Call]], quiet: str, denied: str
) -> None:
    parts, place = read(name, calls)
    found = resources(parts)
    assert {quiet, denied} <= set(found)
    assert "error" not in found[quiet]
    if name == "apigateway":
        return  # policies come with the list
    assert "Not today." in found[denied]["error"]
    assert "policy" not in found[denied]
    lacking = [problem for problem in place.problems if problem.about == denied]
    assert lacking
    assert lacking[0].permission in place.calls.values()
    assert place.kept == set()


@pytest.mark.parametrize(("name", "calls"), [case[:2] for case in CASES], ids=[case[0] for case in CASES])
def test_a_list_that_is_denied_ends_the_reading(name: str, calls: dict[str, list[Call]]) -> None:
    service, answers = next(iter(calls.items()))
    with pytest.raises(ClientError):
        read(name, {service: [(answers[0][0], "AccessDenied")]})


def test_every_service_is_here() -> None:
    tested_elsewhere = {"iam", "organizations", "regions", "last-accessed"}
    assert {case[0] for case in CASES} | tested_elsewhere == set(SERVICES)


GONE: list[tuple[str, str, dict[str, list[Call]]]] = [
    ("sqs", arn("sqs", "jobs"), {"sqs": [("list_queues", {"QueueUrls": [QUEUE + "2"]})]}),
    ("sns", arn("sns", "a"), {"sns": [("get_topic_attributes", "NotFound")]}),
    ("kms", arn("kms", "key/a"), {"kms": [("describe_key", "NotFoundException")]}),
    ("ecr", arn("ecr", "repository/aa"), {"ecr": [("describe_repositories", "RepositoryNotFoundException")]}),
    ("efs", arn("elasticfilesystem", "file-system/a"), {"efs": [("describe_file_systems", "FileSystemNotFound")]}),
    ("dynamodb", arn("dynamodb", "table/aaa"), {"dynamodb": [("describe_table", "ResourceNotFoundException")]}),
    ("ebs", arn("ec2", "snapshot/a"), {"ec2": [("describe_snapshots", "InvalidSnapshot.NotFound")]}),
    ("rds", arn("rds", "snapshot:a"), {"rds": [("describe_db_snapshots", "DBSnapshotNotFound")]}),
    (
        "rds",
        arn("rds", "cluster-snapshot:a"),
        {"rds": [("describe_db_cluster_snapshots", "DBClusterSnapshotNotFoundFault")]},
    ),
    ("lambda", arn("lambda", "function:a"), {"lambda": [("list_functions", {"Functions": []})]}),
    ("lambda", f"{LAYER}:1", {"lambda": [("list_layers", {"Layers": []})]}),
    ("apigateway", arn("execute-api", "a"), {"apigateway": [("get_rest_api", "NotFoundException")]}),
    ("s3", "arn:aws:s3:::gone", {"s3": [("list_buckets", {"Buckets": [{"Name": "gone-not"}]})]}),
    ("iam", "arn:aws:iam::111122223333:role/gone", {"iam": [("get_role", "NoSuchEntity")]}),
    (
        "secretsmanager",
        arn("secretsmanager", "secret:a-abcdef"),
        {"secretsmanager": [("list_secrets", {"SecretList": []})]},
    ),
]


@pytest.mark.parametrize(("name", "about", "calls"), GONE, ids=[case[1] for case in GONE])
def test_one_that_is_gone_gives_nothing(name: str, about: str, calls: dict[str, list[Call]]) -> None:
    parts, place = read(name, calls, one=about)
    assert parts == []
    assert place.problems == []


def test_one_that_may_not_be_asked_for_is_not_taken_for_gone() -> None:
    with pytest.raises(ClientError):
        read("kms", {"kms": [("describe_key", "AccessDeniedException")]}, one=arn("kms", "key/a"))


def test_what_belongs_to_a_resource_stays_if_it_cannot_be_listed() -> None:
    function: list[Call] = [
        ("list_functions", {"Functions": [{"FunctionArn": arn("lambda", "function:a"), "FunctionName": "a"}]}),
        ("get_policy", "ResourceNotFoundException"),
        ("list_tags", {"Tags": {}}),
        ("list_versions_by_function", "AccessDeniedException"),
        ("list_aliases", {"Aliases": []}),
        ("list_layers", {"Layers": []}),
    ]
    parts, place = read("lambda", {"lambda": function})
    assert place.kept == {"AWS::Lambda::Function"}
    assert "ListVersionsByFunction" in resources(parts)[arn("lambda", "function:a")]["error"]
    table: list[Call] = [
        ("list_tables", {"TableNames": ["aaa"]}),
        ("describe_table", "AccessDeniedException"),
        ("get_resource_policy", "PolicyNotFoundException"),
        ("list_tags_of_resource", {"Tags": []}),
    ]
    assert read("dynamodb", {"dynamodb": table})[1].kept == {"AWS::DynamoDB::Stream"}


def test_the_policy_of_the_registry_is_that_of_each_repository() -> None:
    one: list[Call] = [
        (
            "describe_repositories",
            {"repositories": [{"repositoryArn": arn("ecr", "repository/aa"), "repositoryName": "aa"}]},
        ),
    ]
    rest: list[Call] = [
        ("get_repository_policy", "RepositoryPolicyNotFoundException"),
        ("list_tags_for_resource", {"tags": []}),
    ]
    parts, _ = read("ecr", {"ecr": [*one, ("get_registry_policy", {"policyText": POLICY}), *rest]})
    assert resources(parts)[arn("ecr", "repository/aa")]["registry_policy"] == POLICY
    parts, _ = read("ecr", {"ecr": [*one, ("get_registry_policy", "AccessDeniedException"), *rest]})
    assert "ecr:GetRegistryPolicy" in resources(parts)[arn("ecr", "repository/aa")]["error"]


def test_access_points_that_cannot_be_listed_leave_every_bucket_unsure() -> None:
    answers: dict[str, list[Call]] = {
        "s3": [*BUCKET_PAGES, *bucket("NoSuchBucketPolicy"), *bucket("NoSuchBucketPolicy")],
        "s3control": [
            ("get_public_access_block", "NoSuchPublicAccessBlockConfiguration"),
            ("list_access_points", "AccessDenied"),
            ("list_multi_region_access_points", {"AccessPoints": []}),
        ],
    }
    parts, _ = read("s3", answers)
    assert all("s3:ListAccessPoints" in value["error"] for value in resources(parts).values())
    assert ("account_details", {"id": ACCOUNT, "canonical_user_id": "c", "public_access_block": None}) in parts


def test_block_public_access_that_is_denied_leaves_the_account_as_it_was() -> None:
    answers: dict[str, list[Call]] = {
        "s3": [("list_buckets", {"Buckets": [], "Owner": {"ID": "c"}})],
        "s3control": [("get_public_access_block", "AccessDenied")],
    }
    parts, place = read("s3", answers)
    assert parts == []
    assert place.problems[0].permission == "s3:GetAccountPublicAccessBlock"


ROLE = {"Path": "/", "RoleName": "app", "RoleId": "AROAEXAMPLEEXAMPLE", "Arn": f"arn:aws:iam::{ACCOUNT}:role/app"}
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/limit"
REPORT = (
    b"user,arn,password_last_used,mfa_active\nann,arn:aws:iam::111122223333:user/ann,2026-01-01T00:00:00+00:00,true\n"
)


def test_iam_in_full() -> None:
    role = {**ROLE, "CreateDate": THEN, "AssumeRolePolicyDocument": POLICY, "RoleLastUsed": {"LastUsedDate": THEN}}
    user = {"Path": "/", "UserName": "ann", "UserId": "AIDAEXAMPLEEXAMPLE", "Arn": f"arn:aws:iam::{ACCOUNT}:user/ann"}
    held = {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": BOUNDARY}
    calls: list[Call] = [
        ("generate_credential_report", {"State": "COMPLETE"}),
        ("get_credential_report", {"Content": REPORT}),
        ("get_account_authorization_details", {"RoleDetailList": [role], "IsTruncated": True, "Marker": "m"}),
        (
            "get_account_authorization_details",
            {"UserDetailList": [{**user, "CreateDate": THEN, "PermissionsBoundary": held}]},
        ),
        (
            "list_access_keys",
            {"AccessKeyMetadata": [{"AccessKeyId": "AKIAEXAMPLEEXAMPLE", "Status": "Active", "CreateDate": THEN}]},
        ),
        (
            "get_access_key_last_used",
            {"AccessKeyLastUsed": {"LastUsedDate": THEN, "ServiceName": "s3", "Region": REGION}},
        ),
        ("get_login_profile", {"LoginProfile": {"UserName": "ann", "CreateDate": THEN}}),
        ("get_policy", {"Policy": {"DefaultVersionId": "v1"}}),
        ("get_policy_version", {"PolicyVersion": {"Document": POLICY}}),
        (
            "list_saml_providers",
            {"SAMLProviderList": [{"Arn": f"arn:aws:iam::{ACCOUNT}:saml-provider/idp", "ValidUntil": THEN}]},
        ),
        (
            "list_open_id_connect_providers",
            {"OpenIDConnectProviderList": [{"Arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/ci.example.com"}]},
        ),
        ("get_open_id_connect_provider", {"Url": "ci.example.com", "ClientIDList": ["sts.amazonaws.com"]}),
    ]
    parts, place = read("iam", {"iam": calls})
    assert place.problems == []
    found = {value["arn"]: value for section, value in parts if section == "principals"}
    ann = found[f"arn:aws:iam::{ACCOUNT}:user/ann"]
    assert ann["permissions_boundary"] == BOUNDARY
    assert ann["credentials"]["access_keys"][0]["last_used_service"] == "s3"
    assert ann["credentials"]["password"]["mfa"] is True
    assert found[ROLE["Arn"]]["last_used_at"] == THEN.isoformat()
    assert [value["arn"] for section, value in parts if section == "managed_policies"] == [BOUNDARY]
    details = next(value for section, value in parts if section == "account_details")
    assert [(one["kind"], one.get("client_ids")) for one in details["identity_providers"]] == [
        ("OIDC", ["sts.amazonaws.com"]),
        ("SAML", None),
    ]


def test_reports_and_providers_that_are_denied_are_told() -> None:
    calls: list[Call] = [
        ("generate_credential_report", "AccessDenied"),
        ("get_account_authorization_details", {"RoleDetailList": []}),
        ("list_saml_providers", "AccessDenied"),
        ("list_open_id_connect_providers", {"OpenIDConnectProviderList": []}),
    ]
    parts, place = read("iam", {"iam": calls})
    assert parts == []
    assert {problem.permission for problem in place.problems} == {"iam:GetCredentialReport", "iam:ListSAMLProviders"}


def test_one_role_with_all_that_it_may() -> None:
    managed = f"arn:aws:iam::{ACCOUNT}:policy/work"
    role = {**ROLE, "CreateDate": THEN, "AssumeRolePolicyDocument": POLICY}
    role["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": BOUNDARY}
    version: list[Call] = [
        ("get_policy", {"Policy": {"DefaultVersionId": "v1"}}),
        ("get_policy_version", {"PolicyVersion": {"Document": POLICY}}),
    ]
    calls: list[Call] = [
        ("get_role", {"Role": role}),
        ("list_role_policies", {"PolicyNames": ["inline"]}),
        ("get_role_policy", {"RoleName": "app", "PolicyName": "inline", "PolicyDocument": POLICY}),
        ("list_attached_role_policies", {"AttachedPolicies": [{"PolicyName": "work", "PolicyArn": managed}]}),
        *version,
        *version,
    ]
    parts, _ = read("iam", {"iam": calls}, one=ROLE["Arn"])
    (found,) = [value for section, value in parts if section == "principals"]
    assert found["managed_policies"] == [managed]
    assert found["permissions_boundary"] == BOUNDARY
    assert found["inline_policies"] == [{"name": "inline", "document": json.loads(POLICY)}]
    assert {value["arn"] for section, value in parts if section == "managed_policies"} == {managed, BOUNDARY}


ROOT = {"Id": "r-root", "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]}
TREE: list[Call] = [
    ("describe_organization", {"Organization": {"Id": "o-exampleorg", "MasterAccountId": ACCOUNT}}),
    ("list_roots", {"Roots": [ROOT]}),
    ("list_accounts_for_parent", {"Accounts": [{"Id": ACCOUNT, "Name": "top", "Status": "ACTIVE"}], "NextToken": "n"}),
    ("list_accounts_for_parent", {"Accounts": []}),
    ("list_organizational_units_for_parent", {"OrganizationalUnits": [{"Id": "ou-root-inner123", "Name": "Inner"}]}),
    ("list_accounts_for_parent", {"Accounts": [{"Id": "222233334444", "Name": "shop", "Status": "SUSPENDED"}]}),
    ("list_organizational_units_for_parent", {"OrganizationalUnits": []}),
    ("list_delegated_administrators", {"DelegatedAdministrators": [{"Id": "222233334444"}]}),
    ("list_tags_for_resource", {"Tags": [{"Key": "team", "Value": "red"}]}),
    ("list_tags_for_resource", {"Tags": []}),
]


def test_the_organization_in_full() -> None:
    calls: list[Call] = [
        *TREE,
        ("list_policies", {"Policies": [{"Id": "p-12345678", "Name": "guard"}]}),
        ("describe_policy", {"Policy": {"Content": POLICY}}),
        ("list_targets_for_policy", {"Targets": [{"TargetId": "r-root"}]}),
    ]
    parts, place = read("organizations", {"organizations": calls})
    assert place.problems == []
    accounts = {value["id"]: value for section, value in parts if section == "accounts"}
    assert accounts["222233334444"]["parent"] == "ou-root-inner123"
    assert accounts["222233334444"]["status"] == "SUSPENDED"
    assert accounts["222233334444"]["delegated_administrator"] is True
    assert accounts[ACCOUNT]["tags"] == {"team": "red"}
    (control,) = [value for section, value in parts if section == "control_policies"]
    assert control["targets"] == ["r-root"]


def test_control_policies_that_are_denied_leave_the_accounts() -> None:
    parts, place = read("organizations", {"organizations": [*TREE, ("list_policies", "AccessDeniedException")]})
    assert len([value for section, value in parts if section == "accounts"]) == 2
    assert place.kept == {"control_policies"}
    assert place.problems[-1].permission == "organizations:ListPolicies"


def test_the_same_page_again_and_again_ends() -> None:
    page = {"EventDataStores": [], "NextToken": "same"}
    service = SERVICES["cloudtrail"]
    recorded = Recorded({"cloudtrail": [("list_event_data_stores", page)] * 3})
    place = Place(ACCOUNT, REGION, "aws", calls=service.calls, clients=recorded.client)
    with pytest.raises(BotoCoreError, match="same page"):
        list(service.read(place))


def test_principals_of_functions_get_their_kind() -> None:
    def read(principal: Any) -> Any:
        statement = {"Effect": "Allow", "Principal": principal, "Action": "lambda:InvokeFunction", "Resource": "*"}
        text = lambda_functions._text({"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})})
        return json.loads(text or "")["Statement"][0]["Principal"]

    assert read("222222222222") == {"AWS": "222222222222"}
    assert read("s3.amazonaws.com") == {"Service": "s3.amazonaws.com"}
    assert read("*") == "*"
    assert read({"AWS": "222222222222"}) == {"AWS": "222222222222"}
    for odd in ("", "{", "[]", '{"Statement": {}}', '{"Statement": [1]}'):
        assert lambda_functions._text({"Policy": odd}) == (odd or None)
