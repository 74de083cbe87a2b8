"""`Configuration` of the Access Analyzer API, applied to a resource as it is now. Pure.

A field that is left out stays as it is, an empty text or list takes it away; of a new resource nothing is there.
https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_Configuration.html
Beyond the API, `resourcePolicy` is the policy of any type that has one: `{"resourcePolicy": {"policy": "…"}}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from analyzers.kinds.channels import TRAITS
from analyzers.kinds.subject import ChannelDocument, Subject
from analyzers.policy import PolicyError, parse
from analyzers.policy import arn as arns

OTHER = "resourcePolicy"
MOST_ACL_GRANTS = 100
MOST_ACCESS_POINTS = 10
MOST_ENTRIES = 1_000
LONGEST = 2_048
_POLICY, _ACCESS_POINT = "POLICY", "S3_ACCESS_POINT"

_PLAIN = {
    "AWS::ECR::Repository": ("ecrRepository", "repositoryPolicy"),
    "AWS::EFS::FileSystem": ("efsFileSystem", "fileSystemPolicy"),
    "AWS::IAM::Role": ("iamRole", "trustPolicy"),
    "AWS::SecretsManager::Secret": ("secretsManagerSecret", "secretPolicy"),
    "AWS::SNS::Topic": ("snsTopic", "topicPolicy"),
    "AWS::SQS::Queue": ("sqsQueue", "queuePolicy"),
    "AWS::DynamoDB::Stream": ("dynamodbStream", "streamPolicy"),
    "AWS::DynamoDB::Table": ("dynamodbTable", "tablePolicy"),
    "AWS::S3::Bucket": ("s3Bucket", "bucketPolicy"),
    "AWS::S3Express::DirectoryBucket": ("s3ExpressDirectoryBucket", "bucketPolicy"),
}
_KEY = "kmsKey"
_SNAPSHOTS = {
    "AWS::EC2::Snapshot": "ebsSnapshot",
    "AWS::RDS::DBSnapshot": "rdsDbSnapshot",
    "AWS::RDS::DBClusterSnapshot": "rdsDbClusterSnapshot",
}
MEMBERS: Mapping[str, str] = {
    **{type_: member for type_, (member, _) in _PLAIN.items()},
    "AWS::KMS::Key": _KEY,
    **_SNAPSHOTS,
}
"""The member of the union by resource type."""
_OPERATIONS = frozenset(
    [
        "CreateGrant",
        "Decrypt",
        "DescribeKey",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateMac",
        "GetPublicKey",
        "ReEncryptFrom",
        "ReEncryptTo",
        "RetireGrant",
        "Sign",
        "Verify",
        "VerifyMac",
        "DeriveSharedSecret",
    ]
)
_PERMISSIONS = frozenset({"READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"})
_NEVER_EMPTY = frozenset({"AWS::IAM::Role", "AWS::KMS::Key"})


class InvalidConfiguration(Exception):
    """`where`: path of the element, as `s3Bucket.bucketPolicy`; the message says what is expected. For a text that is
    no policy it has the line with a caret."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where
        self.message = message


def type_of(configuration: Any) -> str:
    """The resource type that a configuration is for; empty if any will do. Raises InvalidConfiguration."""
    member, _ = _member(configuration)
    return next((type_ for type_, name in MEMBERS.items() if name == member), "")


def with_policy(type_: str, text: str) -> dict[str, Any]:
    """The configuration that gives a resource of this type another policy and leaves the rest. Raises
    InvalidConfiguration for a type that has none."""
    if type_ in _PLAIN:
        member, name = _PLAIN[type_]
        return {member: {name: text}}
    if type_ == "AWS::KMS::Key":
        return {_KEY: {"keyPolicies": {"default": text}}}
    if type_ in _SNAPSHOTS or type_ not in TRAITS:
        raise InvalidConfiguration("", f"Resources of type {type_[:60]} have no policy; give their configuration.")
    return {OTHER: {"policy": text}}


def policy_of(subject: Subject) -> str:
    """The policy of a resource as it is; empty if it has none."""
    return next((one.text for one in subject.documents if _own(one)), "")


def rest_of(subject: Subject) -> dict[str, Any]:
    """What beside its policy a configuration of the API may say about a resource, as it is now."""
    found, member = subject.configuration, MEMBERS.get(subject.type, "")
    inner: dict[str, Any] = {}
    if subject.type == "AWS::S3::Bucket":
        inner = {"bucketAclGrants": list(found.get("acl") or ())}
        if found.get("public_access_block"):
            block = found["public_access_block"]
            inner["bucketPublicAccessBlock"] = {
                "ignorePublicAcls": bool(block.get("IgnorePublicAcls")),
                "restrictPublicBuckets": bool(block.get("RestrictPublicBuckets")),
            }
    elif subject.type == "AWS::KMS::Key":
        inner = {"grants": list(found.get("grants") or ())}
    elif subject.type in _SNAPSHOTS:
        share = found.get("share") or {}
        accounts, everybody = sorted(map(str, share.get("accounts") or ())), ["all"] if share.get("public") else []
        if subject.type == "AWS::EC2::Snapshot":
            inner = {"userIds": accounts, "groups": everybody}
        else:
            inner = {"attributes": {"restore": {"accountIds": [*accounts, *everybody]}}}
    return {member: inner} if inner else {}


def applied(configuration: Any, subject: Subject) -> Subject:
    """The resource as it would be. Raises InvalidConfiguration; never changes what it is not told to."""
    member, inner = _member(configuration)
    expected = MEMBERS.get(subject.type)
    if member == OTHER:
        _only(inner, ("policy",), member)
        if subject.type in _SNAPSHOTS:
            raise InvalidConfiguration(member, f"Resources of type {subject.type} have no policy.")
        return _policy(subject, inner, "policy", member)
    if member != expected:
        given = expected or f"{OTHER}, since the API has none for this type"
        raise InvalidConfiguration(member, f"For {subject.type} the configuration is {given}.")
    return _APPLY.get(subject.type, _plain)(subject, inner, member)


def _member(configuration: Any) -> tuple[str, Mapping[str, Any]]:
    names = (*MEMBERS.values(), OTHER)
    if not isinstance(configuration, Mapping) or len(configuration) != 1:
        raise InvalidConfiguration("", f"A configuration is an object with one element of {', '.join(names)}.")
    [(name, inner)] = configuration.items()
    if name not in names:
        raise InvalidConfiguration("", f"{str(name)[:60]!r} is none of {', '.join(names)}.")
    if not isinstance(inner, Mapping):
        raise InvalidConfiguration(name, "must be an object.")
    return name, inner


# -- one function for each shape ------------------------------------------------------------------------------------


def _plain(subject: Subject, inner: Mapping[str, Any], where: str) -> Subject:
    _, name = _PLAIN[subject.type]
    key = ("kmsKeyId",) if subject.type == "AWS::SecretsManager::Secret" else ()
    _only(inner, (name, *key), where)
    return _encrypted(_policy(subject, inner, name, where), inner, where)


def _kms(subject: Subject, inner: Mapping[str, Any], where: str) -> Subject:
    _only(inner, ("keyPolicies", "grants"), where)
    policies = inner.get("keyPolicies")
    if policies is not None:
        _only(policies, ("default",), f"{where}.keyPolicies")
        subject = _policy(subject, policies, "default", f"{where}.keyPolicies")
    elif not policy_of(subject):
        raise InvalidConfiguration(f"{where}.keyPolicies", "A key has a policy: give one under the name default.")
    if "grants" not in inner:
        return subject
    grants = _list(inner["grants"], f"{where}.grants", MOST_ENTRIES)
    for number, grant in enumerate(grants):
        _check_grant(grant, f"{where}.grants[{number}]")
    return _configured(subject, grants=grants)


def _check_grant(grant: Any, where: str) -> None:
    names = ("operations", "granteePrincipal", "retiringPrincipal", "constraints", "issuingAccount")
    _only(grant, names, where)
    for name in ("operations", "granteePrincipal"):
        if name not in grant:
            raise InvalidConfiguration(f"{where}.{name}", "is missing.")
    operations = _texts(grant["operations"], f"{where}.operations", 50)
    if unknown := sorted(set(operations) - _OPERATIONS):
        raise InvalidConfiguration(f"{where}.operations", f"{unknown[0][:60]!r} is no operation of a grant.")
    _text(grant["granteePrincipal"], f"{where}.granteePrincipal")
    constraints = grant.get("constraints")
    if constraints is None:
        return
    _only(constraints, ("encryptionContextEquals", "encryptionContextSubset"), f"{where}.constraints")
    for name, pairs in constraints.items():
        if not isinstance(pairs, Mapping) or len(pairs) > 50:
            raise InvalidConfiguration(f"{where}.constraints.{name}", "must be an object of texts.")
        for value in pairs.values():
            _text(value, f"{where}.constraints.{name}")


def _ebs(subject: Subject, inner: Mapping[str, Any], where: str) -> Subject:
    _only(inner, ("userIds", "groups", "kmsKeyId"), where)
    share = dict(subject.configuration.get("share") or {})
    if "userIds" in inner:
        share["accounts"] = _accounts(inner["userIds"], f"{where}.userIds")
    if "groups" in inner:
        groups = _texts(inner["groups"], f"{where}.groups", 10)
        if set(groups) - {"all"}:
            raise InvalidConfiguration(f"{where}.groups", "The only group is all.")
        share["public"] = bool(groups)
    return _encrypted(_configured(subject, share=share), inner, where)


def _rds(subject: Subject, inner: Mapping[str, Any], where: str) -> Subject:
    _only(inner, ("attributes", "kmsKeyId"), where)
    if "attributes" in inner:
        attributes = inner["attributes"]
        _only(attributes, ("restore",), f"{where}.attributes")
        if "restore" in attributes:
            value, at = attributes["restore"], f"{where}.attributes.restore"
            _only(value, ("accountIds",), at)
            ids = _texts(value.get("accountIds", []), f"{at}.accountIds", MOST_ENTRIES)
            accounts = _accounts([one for one in ids if one != "all"], f"{at}.accountIds")
            subject = _configured(subject, share={"accounts": accounts, "public": "all" in ids})
    return _encrypted(subject, inner, where)


def _bucket(subject: Subject, inner: Mapping[str, Any], where: str) -> Subject:
    names = ("bucketPolicy", "bucketAclGrants", "bucketPublicAccessBlock", "accessPoints")
    _only(inner, names, where)
    subject = _policy(subject, inner, "bucketPolicy", where)
    if "bucketAclGrants" in inner:
        grants = _list(inner["bucketAclGrants"], f"{where}.bucketAclGrants", MOST_ACL_GRANTS)
        for number, grant in enumerate(grants):
            _check_acl_grant(grant, f"{where}.bucketAclGrants[{number}]")
        subject = _configured(subject, acl=grants)
    if "bucketPublicAccessBlock" in inner:
        block = _block(inner["bucketPublicAccessBlock"], f"{where}.bucketPublicAccessBlock")
        before = subject.configuration.get("public_access_block") or {}
        subject = _configured(subject, public_access_block={**before, **block})
    return _access_points(subject, inner, where, "s3")


def _directory_bucket(subject: Subject, inner: Mapping[str, Any], where: str) -> Subject:
    _only(inner, ("bucketPolicy", "accessPoints"), where)
    return _access_points(_policy(subject, inner, "bucketPolicy", where), inner, where, "s3express")


def _check_acl_grant(grant: Any, where: str) -> None:
    _only(grant, ("permission", "grantee"), where)
    if grant.get("permission") not in _PERMISSIONS:
        raise InvalidConfiguration(f"{where}.permission", f"is one of {', '.join(sorted(_PERMISSIONS))}.")
    grantee = grant.get("grantee")
    _only(grantee, ("id", "uri"), f"{where}.grantee")
    if len(grantee) != 1:
        raise InvalidConfiguration(f"{where}.grantee", "must have one of id and uri.")
    _text(next(iter(grantee.values())), f"{where}.grantee")


def _block(value: Any, where: str) -> dict[str, bool]:
    names = {"ignorePublicAcls": "IgnorePublicAcls", "restrictPublicBuckets": "RestrictPublicBuckets"}
    _only(value, tuple(names), where)
    for name in names:
        if not isinstance(value.get(name), bool):
            raise InvalidConfiguration(f"{where}.{name}", "must be true or false.")
    return {spelled: value[name] for name, spelled in names.items()}


def _access_points(subject: Subject, inner: Mapping[str, Any], where: str, service: str) -> Subject:
    """Those that are named are changed or added; others stay as they are."""
    if "accessPoints" not in inner:
        return subject
    given, at = inner["accessPoints"], f"{where}.accessPoints"
    if not isinstance(given, Mapping) or len(given) > MOST_ACCESS_POINTS:
        raise InvalidConfiguration(at, f"must be an object of at most {MOST_ACCESS_POINTS} access points by ARN.")
    points = {str(point.get("arn")): dict(point) for point in subject.configuration.get("access_points") or ()}
    texts = {one.name: one.text for one in subject.documents if one.channel == _ACCESS_POINT}
    for arn, point in given.items():
        fields = arns.split(arn) if isinstance(arn, str) and len(arn) <= LONGEST else None
        if fields is None or fields[2] != service or not fields[5].startswith("accesspoint/"):
            raise InvalidConfiguration(at, f"{str(arn)[:100]!r} is no ARN of such an access point.")
        here = f"{at}[{arn}]"
        names = ("accessPointPolicy", "networkOrigin", *(("publicAccessBlock",) if service == "s3" else ()))
        _only(point, names, here)
        new = arn not in points
        known = points.setdefault(arn, {"arn": arn, "name": fields[5].split("/")[-1], "account": fields[4]})
        if "accessPointPolicy" in point:
            text = _readable(point["accessPointPolicy"], f"{here}.accessPointPolicy")
            texts[arn] = text
        if "publicAccessBlock" in point:
            block = _block(point["publicAccessBlock"], f"{here}.publicAccessBlock")
            known["public_access_block"] = {**(known.get("public_access_block") or {}), **block}
        elif new and service == "s3":
            # S3PublicAccessBlockConfiguration: true where a new access point says nothing.
            known["public_access_block"] = {"IgnorePublicAcls": True, "RestrictPublicBuckets": True}
        if "networkOrigin" in point:
            known |= _origin(point["networkOrigin"], f"{here}.networkOrigin")
        elif new:
            known |= {"network_origin": "Internet", "vpc_id": ""}
    documents = [one for one in subject.documents if one.channel != _ACCESS_POINT]
    documents += [ChannelDocument(_ACCESS_POINT, arn, text) for arn, text in sorted(texts.items()) if text]
    return replace(_configured(subject, access_points=list(points.values())), documents=tuple(documents))


def _origin(value: Any, where: str) -> dict[str, str]:
    _only(value, ("vpcConfiguration", "internetConfiguration"), where)
    if len(value) != 1:
        raise InvalidConfiguration(where, "must have one of vpcConfiguration and internetConfiguration.")
    if "internetConfiguration" in value:
        return {"network_origin": "Internet", "vpc_id": ""}
    _only(value["vpcConfiguration"], ("vpcId",), f"{where}.vpcConfiguration")
    vpc = _text(value["vpcConfiguration"].get("vpcId"), f"{where}.vpcConfiguration.vpcId")
    return {"network_origin": "VPC", "vpc_id": vpc}


_APPLY: Mapping[str, Callable[[Subject, Mapping[str, Any], str], Subject]] = {
    "AWS::KMS::Key": _kms,
    "AWS::EC2::Snapshot": _ebs,
    "AWS::RDS::DBSnapshot": _rds,
    "AWS::RDS::DBClusterSnapshot": _rds,
    "AWS::S3::Bucket": _bucket,
    "AWS::S3Express::DirectoryBucket": _directory_bucket,
}


# -- pieces ---------------------------------------------------------------------------------------------------------


def _policy(subject: Subject, inner: Mapping[str, Any], name: str, where: str) -> Subject:
    here = f"{where}.{name}"
    if name not in inner:
        if subject.type in _NEVER_EMPTY and not policy_of(subject):
            raise InvalidConfiguration(here, "is needed: there is no such resource without a policy.")
        return subject
    text = _readable(inner[name], here)
    if not text and subject.type in _NEVER_EMPTY:
        what = "role without a trust policy" if subject.type == "AWS::IAM::Role" else "key without a policy"
        raise InvalidConfiguration(here, f"must not be empty: there is no {what}.")
    others = [one for one in subject.documents if not _own(one)]
    own = [ChannelDocument(_POLICY, "", text)] if text else []
    return replace(subject, documents=(*own, *others))


def _own(document: ChannelDocument) -> bool:
    return document.channel == _POLICY and not document.name


def _readable(value: Any, where: str) -> str:
    """A policy text, or an empty one. An object is taken for the policy itself."""
    if isinstance(value, Mapping):
        value = json.dumps(value, indent=2, ensure_ascii=False)
    if not isinstance(value, str):
        raise InvalidConfiguration(where, "must be the text of a policy.")
    if not value.strip():
        return ""
    if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise InvalidConfiguration(where, "has characters that no policy can hold.")
    try:
        parse(value)
    except PolicyError as error:
        raise InvalidConfiguration(where, str(error)) from error
    return value


def _encrypted(subject: Subject, inner: Mapping[str, Any], where: str) -> Subject:
    if "kmsKeyId" not in inner:
        return subject
    key = inner["kmsKeyId"]
    if not isinstance(key, str) or len(key) > LONGEST:
        raise InvalidConfiguration(f"{where}.kmsKeyId", "must be a text.")
    return _configured(subject, encryption_key=key, encrypted=bool(key))


def _configured(subject: Subject, **changes: Any) -> Subject:
    return replace(subject, configuration={**subject.configuration, **changes})


def _only(value: Any, names: tuple[str, ...], where: str) -> None:
    if not isinstance(value, Mapping):
        raise InvalidConfiguration(where, "must be an object.")
    for name in value:
        if name not in names:
            raise InvalidConfiguration(where, f"{str(name)[:60]!r} is none of {', '.join(names)}.")


def _list(value: Any, where: str, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise InvalidConfiguration(where, f"must be a list of at most {most:,} entries.")
    return value


def _texts(value: Any, where: str, most: int) -> list[str]:
    return [_text(one, where) for one in _list(value, where, most)]


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
        raise InvalidConfiguration(where, "must be a text.")
    return value


def _accounts(value: Any, where: str) -> list[str]:
    found = _texts(value, where, MOST_ENTRIES)
    for one in found:
        if not arns.is_account(one):
            raise InvalidConfiguration(where, f"{one[:40]!r} is no account id.")
    return found


def texts_of(subject: Subject) -> Iterator[tuple[str, str]]:
    """What is called what: name ("" for its own policy) and text of each document."""
    return ((one.name, one.text) for one in subject.documents)
