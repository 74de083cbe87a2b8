"""The AWS CLI line that puts a changed document in place, by the type of what it belongs to.

Every value comes out of an inventory and may be hostile: all of them are quoted for the shell.
Source: https://docs.aws.amazon.com/cli/latest/reference/
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable

from analyzers.policy import arn as arns
from analyzers.policy import parse

from .values import Command

FILE = "mended-policy.json"
_DOCUMENT = f"file://{FILE}"


def line(*words: str, region: str = "") -> str:
    """One command, each word quoted where it has to be."""
    where = ("--region", region) if region else ()
    return shlex.join(("aws", *words, *where))


def put(resource_type: str, arn: str, account: str, text: str, *, before: str = "", point: str = "") -> Command:
    """`text` as the policy of the resource, or of its access point `point`; an empty one takes it away.

    A type of which no command is known gets a note.
    """
    if point:
        return _point(point, account, text)
    found = _COMMANDS.get(resource_type)
    if found is None:
        return Command("", FILE, "How this type takes its policy is not known here: put the changed document in place.")
    return found(arn, text, before)


def _name(arn: str) -> str:
    fields = arns.split(arn)
    return re.split(r"[:/]", fields[5])[-1] if fields else arn


def _rest(arn: str) -> str:
    """What follows the kind: `a/b` of `repository/a/b`."""
    fields = arns.split(arn)
    return re.split(r"[:/]", fields[5], maxsplit=1)[-1] if fields else arn


def _region(arn: str) -> str:
    fields = arns.split(arn)
    return fields[3] if fields else ""


def _file(*put: str, delete: tuple[str, ...] = (), document: str = "--policy") -> Callable[..., Command]:
    """`{name}`, `{rest}` and `{arn}` in the words stand for what the resource's ARN says."""

    def made(arn: str, text: str, _before: str) -> Command:
        words = {"{name}": _name(arn), "{rest}": _rest(arn), "{arn}": arn}

        def filled(given: tuple[str, ...]) -> list[str]:
            return [words.get(word, word) for word in given]

        if text:
            return Command(line(*filled(put), document, _DOCUMENT, region=_region(arn)), FILE)
        if delete:
            return Command(line(*filled(delete), region=_region(arn)))
        return Command("", "", "This policy cannot be empty: delete the resource, or keep a statement.")

    return made


def _queue(arn: str, text: str, _before: str) -> Command:
    fields = arns.split(arn)
    if fields is None:
        return Command("", FILE, "Put the changed document in place with set-queue-attributes.")
    domain = "amazonaws.com.cn" if fields[1] == "aws-cn" else "amazonaws.com"
    url = f"https://sqs.{fields[3]}.{domain}/{fields[4]}/{fields[5]}"
    attributes = json.dumps({"Policy": text})
    words = ("sqs", "set-queue-attributes", "--queue-url", url, "--attributes", attributes)
    return Command(line(*words, region=fields[3]))


def _topic(arn: str, text: str, _before: str) -> Command:
    if not text:
        return Command("", "", "The policy of a topic cannot be empty: keep a statement for the owner.")
    words = ("sns", "set-topic-attributes", "--topic-arn", arn, "--attribute-name", "Policy")
    return Command(line(*words, "--attribute-value", _DOCUMENT, region=_region(arn)), FILE)


def _statements(arn: str, text: str, before: str, *words: str, extra: tuple[str, ...] = ()) -> Command:
    """Lambda takes no policy as a whole: a statement is removed by its Sid; what is changed is added anew."""
    left = {(one.sid, one.principals, one.actions, one.conditions) for one in parse(text).statements} if text else set()
    gone = [
        one for one in parse(before).statements if (one.sid, one.principals, one.actions, one.conditions) not in left
    ]
    if not gone or any(one.sid is None for one in gone):
        return Command("", FILE, "A statement without a Sid cannot be removed by itself: delete the permission.")
    lines = [line(*words, *extra, "--statement-id", str(one.sid), region=_region(arn)) for one in gone]
    kept = {one.sid for one in parse(text).statements} if text else set()
    again = [str(one.sid) for one in gone if one.sid in kept]
    note = f"Then add {', '.join(again)} again as the changed document has it (add-permission)." if again else ""
    return Command("\n".join(lines), FILE if again else "", note)


def _function(arn: str, text: str, before: str) -> Command:
    return _statements(arn, text, before, "lambda", "remove-permission", "--function-name", arn)


def _layer(arn: str, text: str, before: str) -> Command:
    layer, _, version = arn.rpartition(":")
    words = ("lambda", "remove-layer-version-permission", "--layer-name", layer, "--version-number", version)
    return _statements(arn, text, before, *words)


def _api(arn: str, text: str, _before: str) -> Command:
    fields = arns.split(arn)
    name = fields[5].split("/")[-1] if fields and fields[2] == "apigateway" else (fields[5] if fields else arn)
    operation = json.dumps([{"op": "replace", "path": "/policy", "value": text}])
    words = ("apigateway", "update-rest-api", "--rest-api-id", name, "--patch-operations", operation)
    return Command(line(*words, region=_region(arn)), "", "Deploy the API again: the policy counts from then on.")


def _vault(arn: str, text: str, _before: str) -> Command:
    words = ("--account-id", "-", "--vault-name", _name(arn))
    if not text:
        return Command(line("glacier", "delete-vault-access-policy", *words, region=_region(arn)))
    policy = json.dumps({"Policy": text})
    return Command(line("glacier", "set-vault-access-policy", *words, "--policy", policy, region=_region(arn)))


def _table(arn: str, text: str, _before: str) -> Command:
    bucket, _, name = arn.partition("/table/")
    if not name:
        words = ("--table-bucket-arn", arn)
        verb = "put-table-bucket-policy" if text else "delete-table-bucket-policy"
        more = ("--resource-policy", _DOCUMENT) if text else ()
        return Command(line("s3tables", verb, *words, *more, region=_region(arn)), FILE if text else "")
    note = f"Use put-table-policy with the namespace and name of table {name} of {bucket}."
    return Command("", FILE, note)


def _point(point: str, account: str, text: str) -> Command:
    fields = arns.split(point)
    name = fields[5].partition("/")[2] if fields else point
    if fields and not fields[3]:
        details = json.dumps({"Name": name, "Policy": text})
        words = ("s3control", "put-multi-region-access-point-policy", "--account-id", account, "--details", details)
        note = "Name is the name of the access point, which its ARN does not tell: put it there instead of the alias."
        if not text:
            return Command(
                "", "", "The policy of a multi-region access point cannot be empty: delete the access point."
            )
        return Command(line(*words, region="us-west-2"), "", note)
    verb = "put-access-point-policy" if text else "delete-access-point-policy"
    more = ("--policy", _DOCUMENT) if text else ()
    words = ("s3control", verb, "--account-id", account, "--name", name, *more)
    return Command(line(*words, region=_region(point)), FILE if text else "")


def _named(service: str, verb: str, gone: str, option: str, name: str, document: str) -> Callable[..., Command]:
    """The usual form: a verb, the name of the resource, the document."""
    return _file(service, verb, option, name, delete=(service, gone, option, name) if gone else (), document=document)


_PUT, _DELETE, _POLICY = "put-resource-policy", "delete-resource-policy", "--policy"
_COMMANDS: dict[str, Callable[..., Command]] = {
    "AWS::S3::Bucket": _named("s3api", "put-bucket-policy", "delete-bucket-policy", "--bucket", "{name}", _POLICY),
    "AWS::S3Express::DirectoryBucket": _named(
        "s3api", "put-bucket-policy", "delete-bucket-policy", "--bucket", "{name}", _POLICY
    ),
    "AWS::IAM::Role": _named("iam", "update-assume-role-policy", "", "--role-name", "{name}", "--policy-document"),
    "AWS::KMS::Key": _file("kms", "put-key-policy", "--key-id", "{arn}", "--policy-name", "default"),
    "AWS::SQS::Queue": _queue,
    "AWS::SNS::Topic": _topic,
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::LayerVersion": _layer,
    "AWS::SecretsManager::Secret": _named("secretsmanager", _PUT, _DELETE, "--secret-id", "{arn}", "--resource-policy"),
    "AWS::ECR::Repository": _named(
        "ecr", "set-repository-policy", "delete-repository-policy", "--repository-name", "{rest}", "--policy-text"
    ),
    "AWS::EFS::FileSystem": _named(
        "efs", "put-file-system-policy", "delete-file-system-policy", "--file-system-id", "{name}", _POLICY
    ),
    "AWS::DynamoDB::Table": _named("dynamodb", _PUT, _DELETE, "--resource-arn", "{arn}", _POLICY),
    "AWS::DynamoDB::Stream": _named("dynamodb", _PUT, _DELETE, "--resource-arn", "{arn}", _POLICY),
    "AWS::Kinesis::Stream": _named("kinesis", _PUT, _DELETE, "--resource-arn", "{arn}", _POLICY),
    "AWS::Kinesis::StreamConsumer": _named("kinesis", _PUT, _DELETE, "--resource-arn", "{arn}", _POLICY),
    "AWS::OpenSearchService::Domain": _file(
        "opensearch",
        "update-domain-config",
        "--domain-name",
        "{name}",
        delete=("opensearch", "update-domain-config", "--domain-name", "{name}", "--access-policies", ""),
        document="--access-policies",
    ),
    "AWS::ApiGateway::RestApi": _api,
    "AWS::Backup::BackupVault": _named(
        "backup",
        "put-backup-vault-access-policy",
        "delete-backup-vault-access-policy",
        "--backup-vault-name",
        "{name}",
        _POLICY,
    ),
    "AWS::CloudTrail::EventDataStore": _named(
        "cloudtrail", _PUT, _DELETE, "--resource-arn", "{arn}", "--resource-policy"
    ),
    "AWS::CodeArtifact::Domain": _named(
        "codeartifact",
        "put-domain-permissions-policy",
        "delete-domain-permissions-policy",
        "--domain",
        "{name}",
        "--policy-document",
    ),
    "AWS::S3Tables::TableBucket": _table,
    "AWS::S3Tables::Table": _table,
    "AWS::S3::Glacier": _vault,
}


def put_identity(owner: str, name: str, policy_arn: str, text: str) -> Command:
    """A policy of a user, role or group (ARN): inline by its name, or a managed one by its ARN."""
    if policy_arn:
        words = ("iam", "create-policy-version", "--policy-arn", policy_arn, "--policy-document", _DOCUMENT)
        note = "A policy has at most five versions: delete an old one first if there are five."
        return Command(line(*words, "--set-as-default"), FILE, note)
    fields = arns.split(owner)
    kind = fields[5].partition("/")[0] if fields else "role"
    whose = (f"--{kind}-name", _name(owner), "--policy-name", name)
    if not text:
        return Command(line("iam", f"delete-{kind}-policy", *whose))
    return Command(line("iam", f"put-{kind}-policy", *whose, "--policy-document", _DOCUMENT), FILE)


# -- what is no document -------------------------------------------------------------------------------------------


def revoke_grant(key: str, grant: str) -> Command:
    return Command(line("kms", "revoke-grant", "--key-id", key, "--grant-id", grant, region=_region(key)))


def unshare(resource_type: str, arn: str, account: str) -> Command:
    """`account`: whom a snapshot is not shared with any more; `*`: the public."""
    region = _region(arn)
    if resource_type == "AWS::EC2::Snapshot":
        whom = ("--group-names", "all") if account == "*" else ("--user-ids", account)
        words = ("ec2", "modify-snapshot-attribute", "--snapshot-id", _name(arn))
        rest = ("--attribute", "createVolumePermission", "--operation-type", "remove", *whom)
        return Command(line(*words, *rest, region=region))
    cluster = resource_type == "AWS::RDS::DBClusterSnapshot"
    verb = "modify-db-cluster-snapshot-attribute" if cluster else "modify-db-snapshot-attribute"
    option = "--db-cluster-snapshot-identifier" if cluster else "--db-snapshot-identifier"
    name = (arns.split(arn) or (arn,) * 6)[5].partition(":")[2] or arn
    whom = ("--values-to-remove", "all" if account == "*" else account)
    return Command(line("rds", verb, option, name, "--attribute-name", "restore", *whom, region=region))


def block_public(bucket: str, flags: dict[str, bool]) -> Command:
    shown = ",".join(f"{name}={'true' if on else 'false'}" for name, on in flags.items())
    words = ("s3api", "put-public-access-block", "--bucket", bucket, "--public-access-block-configuration", shown)
    return Command(line(*words))


def disable_lists(bucket: str) -> Command:
    rule = "Rules=[{ObjectOwnership=BucketOwnerEnforced}]"
    return Command(line("s3api", "put-bucket-ownership-controls", "--bucket", bucket, "--ownership-controls", rule))


def put_list(bucket: str, owner: str, grants: list[dict[str, object]]) -> Command:
    """`grants` in the API's shape: [{Grantee, Permission}]."""
    given = json.dumps({"Owner": {"ID": owner}, "Grants": grants})
    return Command(line("s3api", "put-bucket-acl", "--bucket", bucket, "--access-control-policy", given))
