"""Changes that CloudTrail tells of: what they lead to, and what becomes of messages that cannot be used."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.actions import StartCollection
from analyzers.collect.changes import SOURCES, NotUsable, Target, targets
from analyzers.collect.listening import Listener
from analyzers.collect.services import SERVICES
from analyzers.collect.work import work
from analyzers.models import Analyzer, ChangeCount, Principal, Resource, Scan, SetAsideMessage
from analyzers.models import Collection as Reading
from analyzers.scans import request_scan
from analyzers.scans.targeted import scan_resources
from analyzers.scans.work import work as work_on_scan
from findings.models import Finding

from .world import World, allow, document, scan

ACCOUNT, REGION = "111122223333", "eu-central-1"


def event(source: str, name: str, request: Any = None, answer: Any = None, **more: Any) -> str:
    detail = {
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "recipientAccountId": ACCOUNT,
        "readOnly": False,
        "requestParameters": request,
        "responseElements": answer,
        **more,
    }
    envelope = {"version": "0", "detail-type": "AWS API Call via CloudTrail", "account": ACCOUNT, "region": REGION}
    return json.dumps({**envelope, "detail": detail})


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def test_every_service_has_its_events() -> None:
    assert {source.service for source in SOURCES.values()} == set(SERVICES) - {"regions", "last-accessed"}


@pytest.mark.parametrize(
    ("body", "service", "wanted"),
    [
        (event("s3", "PutBucketPolicy", {"bucketName": "photos"}), "s3", "arn:aws:s3:::photos"),
        (event("s3", "PutAccountPublicAccessBlock", {"accountId": ACCOUNT}), "s3", ""),
        (event("s3", "PutAccessPointPolicy", {"name": "door"}), "s3", ""),
        (
            event("s3express", "PutBucketPolicy", {"bucketName": "b--x-s3"}),
            "s3express",
            arn("s3express", "bucket/b--x-s3"),
        ),
        (event("sqs", "SetQueueAttributes", {"queueUrl": f"https://sqs.x/{ACCOUNT}/jobs"}), "sqs", arn("sqs", "jobs")),
        (event("sqs", "CreateQueue", {"queueName": "jobs"}), "sqs", arn("sqs", "jobs")),
        (event("sns", "AddPermission", {"topicArn": arn("sns", "news")}), "sns", arn("sns", "news")),
        (event("kms", "CreateGrant", {"keyId": arn("kms", "key/k")}), "kms", arn("kms", "key/k")),
        (event("kms", "PutKeyPolicy", {"keyId": "k"}), "kms", arn("kms", "key/k")),
        (event("kms", "PutKeyPolicy", {"keyId": "alias/k"}), "kms", ""),
        (
            event("lambda", "AddPermission20150331v2", {"functionName": arn("lambda", "function:f:live")}),
            "lambda",
            arn("lambda", "function:f"),
        ),
        (event("lambda", "RemovePermission20150331v2", {"functionName": "f"}), "lambda", arn("lambda", "function:f")),
        (
            event("lambda", "AddLayerVersionPermission20181031", {"layerName": "l", "versionNumber": 2}),
            "lambda",
            arn("lambda", "layer:l:2"),
        ),
        (event("ecr", "SetRepositoryPolicy", {"repositoryName": "a/b"}), "ecr", arn("ecr", "repository/a/b")),
        (event("ecr", "PutRegistryPolicy", {"policyText": "{}"}), "ecr", ""),
        (
            event("elasticfilesystem", "PutFileSystemPolicy", {"fileSystemId": "fs-1"}),
            "efs",
            arn("elasticfilesystem", "file-system/fs-1"),
        ),
        (
            event("dynamodb", "PutResourcePolicy", {"resourceArn": arn("dynamodb", "table/t/stream/x")}),
            "dynamodb",
            arn("dynamodb", "table/t"),
        ),
        (event("ec2", "ModifySnapshotAttribute", {"snapshotId": "snap-1"}), "ebs", arn("ec2", "snapshot/snap-1")),
        (
            event("ec2", "CreateSnapshot", {"volumeId": "v"}, {"snapshotId": "snap-2"}),
            "ebs",
            arn("ec2", "snapshot/snap-2"),
        ),
        (event("rds", "ModifyDBSnapshotAttribute", {"dBSnapshotIdentifier": "s"}), "rds", arn("rds", "snapshot:s")),
        (
            event("rds", "CopyDBClusterSnapshot", {"targetDBClusterSnapshotIdentifier": "s"}),
            "rds",
            arn("rds", "cluster-snapshot:s"),
        ),
        (
            event("kinesis", "PutResourcePolicy", {"resourceARN": arn("kinesis", "stream/s/consumer/c:1")}),
            "kinesis",
            arn("kinesis", "stream/s"),
        ),
        (event("es", "UpdateDomainConfig", {"domainName": "d"}), "opensearch", arn("es", "domain/d")),
        (event("apigateway", "UpdateRestApi", {"restApiId": "a"}), "apigateway", arn("execute-api", "a")),
        (
            event("backup", "PutBackupVaultAccessPolicy", {"backupVaultName": "v"}),
            "backup",
            arn("backup", "backup-vault:v"),
        ),
        (
            event("codeartifact", "PutDomainPermissionsPolicy", {"domain": "d"}),
            "codeartifact",
            arn("codeartifact", "domain/d"),
        ),
        (event("glacier", "SetVaultAccessPolicy", {"vaultName": "v"}), "glacier", arn("glacier", "vaults/v")),
        (
            event("s3tables", "PutTablePolicy", {"tableBucketARN": arn("s3tables", "bucket/b")}),
            "s3tables",
            arn("s3tables", "bucket/b"),
        ),
        (
            event("cloudtrail", "PutResourcePolicy", {"resourceArn": arn("cloudtrail", "eventdatastore/e")}),
            "cloudtrail",
            arn("cloudtrail", "eventdatastore/e"),
        ),
        (
            event("secretsmanager", "PutResourcePolicy", {"secretId": arn("secretsmanager", "secret:s-abcdef")}),
            "secretsmanager",
            arn("secretsmanager", "secret:s-abcdef"),
        ),
        (event("secretsmanager", "PutResourcePolicy", {"secretId": "unknown"}), "secretsmanager", ""),
        (
            event("iam", "CreateRole", {"roleName": "r"}, {"role": {"arn": f"arn:aws:iam::{ACCOUNT}:role/p/r"}}),
            "iam",
            f"arn:aws:iam::{ACCOUNT}:role/p/r",
        ),
        (event("iam", "UpdateAssumeRolePolicy", {"roleName": "unknown"}), "iam", ""),
        (event("iam", "AttachUserPolicy", {"userName": "ann"}), "iam", ""),
        (event("organizations", "AttachPolicy", {"policyId": "p-1"}), "organizations", ""),
        (event("sqs", "SomethingNew", {"nothing": "known"}), "sqs", ""),
    ],
)
@pytest.mark.django_db
def test_what_an_event_names(body: str, service: str, wanted: str) -> None:
    (target,) = targets(body)
    assert (target.service, target.account, target.arn) == (service, ACCOUNT, wanted)
    assert target.region == ("" if service in {"iam", "s3", "organizations"} else REGION)


@pytest.mark.django_db
def test_names_that_only_the_inventory_knows() -> None:
    from analyzers.inventory.store import Store

    store = Store()
    secret, role = arn("secretsmanager", "secret:pw-abcdef"), f"arn:aws:iam::{ACCOUNT}:role/team/app"
    store.resources([{"arn": secret, "type": "AWS::SecretsManager::Secret", "name": "pw", "region": REGION}])
    store.principals([{"arn": role, "kind": "ROLE", "trust_policy": {}}])
    store.write_documents()
    assert targets(event("secretsmanager", "DeleteResourcePolicy", {"secretId": "pw"}))[0].arn == secret
    assert targets(event("iam", "PutRolePolicy", {"roleName": "app"}))[0].arn == role
    owner = event("kms", "CreateGrant", {"keyId": "arn:aws:kms:us-east-1:222233334444:key/k"})
    assert targets(owner) == [Target("kms", "222233334444", "us-east-1", "arn:aws:kms:us-east-1:222233334444:key/k")]


@pytest.mark.parametrize(
    "body",
    [
        event("s3", "GetBucketPolicy", {"bucketName": "photos"}),
        event("s3", "PutObject", {"bucketName": "photos"}),
        event("s3", "PutBucketPolicy", {"bucketName": "photos"}, errorCode="AccessDenied"),
        event("kms", "Decrypt", None, readOnly=True),
        event("iam", "GenerateCredentialReport"),
        event("ec2", "RunInstances", {"instanceType": "t3.micro"}),
        event("sts", "AssumeRole", {"roleArn": "x"}),
    ],
)
def test_events_that_change_nothing_here(body: str) -> None:
    assert targets(body) == []


HOSTILE = [
    "",
    "nonsense",
    "[]",
    "7",
    '{"detail": []}',
    "[" * 100_000,
    '{"a":' * 50_000,
    json.dumps({"detail": {}, "detail-type": "AWS API Call via CloudTrail"}),
    json.dumps({"detail": {"eventSource": "s3.amazonaws.com"}, "detail-type": "Scheduled Event"}),
    event("s3", "PutBucketPolicy", recipientAccountId="12", account="x").replace(
        f'"account": "{ACCOUNT}"', '"account": 7'
    ),
    event("sqs", "SetQueueAttributes", awsRegion="../../etc").replace(f'"region": "{REGION}"', '"region": null'),
    "x" * 2_000_000,
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_change_event_is_told(body: str) -> None:
    with pytest.raises(NotUsable):
        targets(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@given(
    source=st.sampled_from(["kms", "lambda", "rds", "sqs", "ecr", "s3", "kinesis"]),
    name=JSON,
    request=JSON,
    answer=JSON,
)
def test_no_event_upsets_the_table(source: str, name: Any, request: Any, answer: Any) -> None:
    body = event(source, "X", request, answer, eventName=name)
    try:
        found = targets(body)
    except NotUsable:
        return
    assert all(target.service in SERVICES for target in found)


# -- with a queue --------------------------------------------------------------------------------------------------


class Setting:
    """A small world that was read and analysed, and a queue with messages about it."""

    def __init__(self, world: World) -> None:
        self.world = world
        collection = StartCollection(user=None, organization=True, regions=[REGION], wake=False)()
        work(collection.pk)
        self.analyzer = Analyzer.objects.create(name="outside", type="ORGANIZATION", scope=world.organization)
        self.account = world.accounts[0]
        assert self.account not in world.perimeter, "choose another seed"
        self.sqs = world.client("sqs", self.account, REGION)
        self.sqs.create_queue(QueueName="watched")
        self.own = boto3.client("sqs")
        self.queue = self.own.create_queue(QueueName="changes", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
        self.woken: list[int] = []
        self.analysed: list[Collection[str]] = []
        self.listener = Listener(self.queue, analyse=self._analyse, wake=self.woken.append)
        scan(self.analyzer)

    def _analyse(self, arns: Collection[str], accounts: Collection[str]) -> None:
        self.analysed.append(arns)
        scan_resources(arns, accounts)

    @property
    def arn(self) -> str:
        return f"arn:aws:sqs:{REGION}:{self.account}:watched"

    def set_policy(self, outsider: str) -> None:
        url = self.sqs.get_queue_url(QueueName="watched")["QueueUrl"]
        policy = (
            document(allow({"AWS": f"arn:aws:iam::{outsider}:root"}, "sqs:SendMessage", self.arn)) if outsider else ""
        )
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.own.send_message(QueueUrl=self.queue, MessageBody=body)

    def changed(self, name: str = "SetQueueAttributes", **more: Any) -> str:
        url = f"https://sqs.{REGION}.amazonaws.com/{self.account}/watched"
        return event("sqs", name, {"queueUrl": url}, **{"recipientAccountId": self.account, **more})

    def waiting(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.own.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(int(answer[name]) for name in names)

    def outsiders(self) -> set[str]:
        rows = Finding.objects.filter(analyzer=self.analyzer, resource=self.arn, status="ACTIVE")
        return {row.principal["AWS"] for row in rows}


@pytest.fixture
def setting(make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> Setting:
    from analyzers.collect.services import IN_EACH_REGION

    few = tuple(service for service in IN_EACH_REGION if service.name in {"sqs", "sns"})
    monkeypatch.setattr("analyzers.collect.plan.IN_EACH_REGION", few)
    return Setting(make_world(5, 1))


@pytest.mark.django_db(transaction=True)
def test_a_change_is_read_and_analysed_alone(setting: Setting) -> None:
    before = set(Finding.objects.exclude(resource=setting.arn).values_list("pk", "status", "analyzed_at"))
    scans = Scan.objects.count()
    setting.set_policy("999988887777")
    setting.send(setting.changed(), setting.changed())
    assert setting.listener.once(wait=0) == 2
    assert {outsider.split(":")[-2:][0] for outsider in setting.outsiders()} == {"999988887777"}
    assert setting.analysed == [[setting.arn]]
    assert setting.waiting() == 0
    # A message that is late, or comes again, tells of a state that is gone: what is there now is read.
    setting.set_policy("")
    setting.send(setting.changed())
    setting.listener.once(wait=0)
    assert setting.outsiders() == set()
    assert set(Finding.objects.exclude(resource=setting.arn).values_list("pk", "status", "analyzed_at")) == before
    assert Scan.objects.count() == scans
    assert ChangeCount.objects.get().taken == 3


@pytest.mark.django_db(transaction=True)
def test_a_resource_that_is_gone_takes_its_findings_with_it(setting: Setting) -> None:
    setting.set_policy("999988887777")
    setting.send(setting.changed())
    setting.listener.once(wait=0)
    assert setting.outsiders()
    setting.sqs.delete_queue(QueueUrl=setting.sqs.get_queue_url(QueueName="watched")["QueueUrl"])
    setting.send(setting.changed("DeleteQueue"))
    setting.listener.once(wait=0)
    assert not Resource.objects.filter(arn=setting.arn).exists()
    assert setting.outsiders() == set()
    assert Resource.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_role_with_its_policies(setting: Setting) -> None:
    iam = setting.world.client("iam", setting.account)
    iam.put_role_policy(
        RoleName="partner-0",
        PolicyName="more",
        PolicyDocument=document({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}),
    )
    setting.send(event("iam", "PutRolePolicy", {"roleName": "partner-0"}, recipientAccountId=setting.account))
    setting.listener.once(wait=0)
    role = Principal.objects.get(account=setting.account, name="partner-0")
    kinds = {policy.name: policy for policy in role.policies.select_related("document")}
    assert set(kinds) == {"work", "more", "limit"}
    assert all(policy.document is not None for policy in kinds.values())


@pytest.mark.django_db(transaction=True)
def test_messages_that_cannot_be_used_are_set_aside_and_counted(setting: Setting) -> None:
    unknown = setting.changed(recipientAccountId="444455556666").replace(setting.account, "444455556666")
    bodies = ["nonsense", '{"detail": 1}', unknown, event("s3", "GetBucketAcl", {"bucketName": "x"})]
    setting.send(*bodies, setting.changed())
    while setting.listener.once(wait=0):
        pass
    assert setting.waiting() == 0
    reasons = "\n".join(SetAsideMessage.objects.values_list("reason", flat=True))
    assert "no JSON" in reasons
    assert "never read from AWS" in reasons
    count = ChangeCount.objects.get()
    assert (count.taken, count.ignored, count.set_aside) == (1, 1, 3)


@pytest.mark.django_db(transaction=True)
def test_what_is_not_understood_of_a_service_reads_it_as_a_whole(setting: Setting) -> None:
    odd = event("sqs", "SomethingNew", {"unknown": 1}, recipientAccountId=setting.account)
    setting.send(odd, odd)
    setting.listener.once(wait=0)
    (collection,) = Reading.objects.filter(reason="change")
    assert setting.woken == [collection.pk]
    assert [str(part) for part in collection.parts.all()] == [f"{setting.account} {REGION} sqs"]
    setting.send(odd)
    setting.listener.once(wait=0)
    assert Reading.objects.filter(reason="change").count() == 1, "what waits already is not begun twice"
    work(collection.pk)
    collection.refresh_from_db()
    assert collection.status == "COMPLETED"
    assert collection.parts.count() == 1
    assert collection.parts.get().status == "READ"


@pytest.mark.django_db(transaction=True)
def test_a_scan_that_runs_goes_on_and_another_follows(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    running = request_scan(setting.analyzer)
    setting.set_policy("999988887777")
    setting.send(setting.changed())
    setting.listener.once(wait=0)
    assert setting.outsiders()
    running.refresh_from_db()
    assert (running.status, running.again) == ("RUNNING", True)
    work_on_scan(running.pk)
    assert setting.outsiders()
    newest = Scan.objects.filter(analyzer=setting.analyzer).first()
    assert newest is not None
    assert (newest.pk != running.pk, newest.reason) == (True, "change")


@pytest.mark.django_db(transaction=True)
def test_a_message_is_kept_until_its_work_is_stored(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(arns: Any, accounts: Any) -> None:
        raise RuntimeError("the solver is away")

    monkeypatch.setattr(setting.listener, "_analyse", fails)
    monkeypatch.setattr("analyzers.collect.listening.HIDDEN_SECONDS", 0)
    setting.send(setting.changed())
    for _ in range(4):
        setting.listener.once(wait=0)
    assert setting.waiting() == 1
    setting.listener.once(wait=0)
    assert setting.waiting() == 0
    assert SetAsideMessage.objects.get().reason == "the solver is away"


@pytest.mark.django_db(transaction=True)
def test_the_listener_outlives_what_fails_and_ends_when_told(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzers.collect.listening.PAUSE", 0)
    listener = Listener(f"{aws}/{ACCOUNT}/none", analyse=lambda *_: None, wake=lambda _: None)
    stop = threading.Event()
    tries = []

    def once() -> int:
        tries.append(1)
        if len(tries) == 3:
            stop.set()
        raise [KeyError("odd"), OSError("gone"), ValueError("x")][len(tries) - 1]

    monkeypatch.setattr(listener, "once", once)
    listener.run(stop)
    assert len(tries) == 3


def test_a_queue_is_named_by_its_url() -> None:
    with pytest.raises(ValueError, match="URL"):
        Listener("changes", analyse=lambda *_: None, wake=lambda _: None)
