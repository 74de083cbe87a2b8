"""Inventory files: what is read, what is refused, what comes out again."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from analyzers.inventory.check import schema
from analyzers.inventory.dump import dump
from analyzers.inventory.load import load
from analyzers.models import Account, Document, Import, Organization, Principal, Resource, ResourceDocument
from samples import build
from tests.conftest import SAMPLE
from tests.shared import SHARED

ACCOUNT = {"id": "111122223333", "complete": True}
BUCKET: dict[str, Any] = {"arn": "arn:aws:s3:::b", "type": "AWS::S3::Bucket", "account": "111122223333"}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*"}]}


def exported() -> str:
    return "".join(dump())


def problems(entry: Import) -> list[tuple[str, str]]:
    return [(problem["path"], problem["message"]) for problem in entry.problems]


def test_the_sample_is_what_its_script_writes() -> None:
    assert SAMPLE.read_text() == build.text()


def test_the_sample_is_as_the_schema_says() -> None:
    Draft202012Validator.check_schema(schema())
    Draft202012Validator(schema()).validate(json.loads(SAMPLE.read_text()))


def test_the_sample_has_every_kind_of_resource(organization: Organization) -> None:
    from analyzers.kinds.channels import TRAITS

    assert set(Resource.objects.values_list("type", flat=True)) == set(TRAITS)
    assert Account.objects.filter(organization=organization).count() == 12
    assert Principal.objects.count() > 140


def test_a_second_import_changes_nothing(organization: Organization) -> None:
    entry = load([SAMPLE])
    counts = {kind: {what for what, number in c.items() if number} for kind, c in entry.counts.items()}
    counts.pop("managed policies")
    assert all(whats <= {"unchanged"} for whats in counts.values()), entry.counts


def test_an_export_is_stable_and_comes_back(organization: Organization, tmp_path: Path) -> None:
    first = exported()
    Draft202012Validator(schema()).validate(json.loads(first))
    Resource.objects.all().delete()
    Principal.objects.all().delete()
    Account.objects.all().delete()
    path = tmp_path / "export.json"
    path.write_text(first)
    assert load([path]).status == "COMPLETED"
    assert exported() == first


def test_what_a_complete_account_does_not_list_is_removed(db: None, inventory_file: Callable[..., Path]) -> None:
    load([inventory_file(accounts=[ACCOUNT], resources=[BUCKET, {**BUCKET, "arn": "arn:aws:s3:::c"}])])
    entry = load([inventory_file(accounts=[ACCOUNT], resources=[BUCKET])])
    assert entry.counts["resources"]["removed"] == 1
    assert list(Resource.objects.values_list("arn", flat=True)) == ["arn:aws:s3:::b"]


def test_an_incomplete_account_keeps_what_is_not_listed(db: None, inventory_file: Callable[..., Path]) -> None:
    load([inventory_file(resources=[BUCKET, {**BUCKET, "arn": "arn:aws:s3:::c"}])])
    load([inventory_file(resources=[BUCKET])])
    assert Resource.objects.count() == 2


def test_a_changed_policy_replaces_the_old_one(db: None, inventory_file: Callable[..., Path]) -> None:
    load([inventory_file(resources=[{**BUCKET, "policy": POLICY}])])
    before = Resource.objects.get().input_hash
    load([inventory_file(resources=[{**BUCKET, "policy": {**POLICY, "Id": "x"}}])])
    assert Resource.objects.get().input_hash != before
    assert ResourceDocument.objects.count() == 1
    assert '"Id": "x"' in ResourceDocument.objects.get().document.text


def test_equal_policies_are_stored_once(db: None, inventory_file: Callable[..., Path]) -> None:
    same = [{**BUCKET, "arn": f"arn:aws:s3:::b{n}", "policy": POLICY} for n in range(5)]
    same.append({**BUCKET, "policy": json.dumps(POLICY)})
    load([inventory_file(resources=same)])
    assert (ResourceDocument.objects.count(), Document.objects.count()) == (6, 1)


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("", "", "empty"),
        ("[1]", "", "no JSON object"),
        ("not json", "", "not JSON"),
        ('{"inventory_version": 1, "resources": [{"arn": "arn:aws:s3:::b"', "resources[0]", "truncated"),
        ('{"inventory_version": 2}', "inventory_version", "Version 2"),
        ('{"resources": []}', "inventory_version", "version is missing"),
        ('{"what": 1}', "what", "no section"),
        ('{"inventory_version": 1, "inventory_version": 1}', "inventory_version", "occurs twice"),
        ('{"inventory_version": 1, "resources": {}}', "resources", "A list is expected"),
    ],
)
def test_a_file_that_cannot_be_read(db: None, tmp_path: Path, text: str, path: str, message: str) -> None:
    file = tmp_path / "bad.json"
    file.write_text(text)
    entry = load([file])
    assert entry.status == "FAILED"
    assert any(place == path and message in said for place, said in problems(entry)), problems(entry)
    assert entry.problems[0]["file"] == str(file)


@pytest.mark.parametrize(
    ("resource", "path", "message"),
    [
        ({"type": "AWS::S3::Bucket"}, "resources[0]", "'arn' is a required property"),
        ({**BUCKET, "arn": "b"}, "resources[0].arn", '"b" is not what is expected'),
        ({**BUCKET, "type": "AWS::X::Y"}, "resources[0].type", "one of AWS::S3::Bucket"),
        ({**BUCKET, "account": "1"}, "resources[0].account", "^[0-9]{12}$"),
        ({"arn": "arn:aws:s3:::b", "type": "AWS::S3::Bucket"}, "resources[0]", "has no owner"),
        ({**BUCKET, "surprise": 1}, "resources[0]", "surprise"),
        ({**BUCKET, "acl": [{"grantee": {"id": "x"}, "permission": "ALL"}]}, "resources[0].acl[0].permission", "READ"),
        (7, "resources[0]", "object"),
    ],
)
def test_a_part_that_is_wrong_is_named(
    db: None, inventory_file: Callable[..., Path], resource: Any, path: str, message: str
) -> None:
    entry = load([inventory_file(resources=[resource])])
    assert entry.status == "FAILED"
    assert [place for place, said in problems(entry) if message in said] == [path], problems(entry)
    assert not Resource.objects.exists()


def test_keys_that_occur_twice_and_depth(db: None, tmp_path: Path) -> None:
    file = tmp_path / "twice.json"
    file.write_text('{"inventory_version": 1, "resources": [{"arn": "a", "arn": "b", "type": "x"}]}')
    assert any("occurs twice" in said for _, said in problems(load([file])))
    file.write_text('{"inventory_version": 1, "resources": [' + '{"policy":' * 100 + "1" + "}" * 100 + "]}")
    assert any("nested deeper than 60" in said for _, said in problems(load([file])))


def test_valid_parts_are_kept_if_asked(db: None, inventory_file: Callable[..., Path]) -> None:
    path = inventory_file(resources=[{**BUCKET, "arn": "nonsense"}, BUCKET])
    entry = load([path], skip_invalid=True)
    assert (entry.status, entry.problem_count) == ("COMPLETED", 1)
    assert Resource.objects.get().arn == "arn:aws:s3:::b"


def test_a_policy_that_does_not_parse_is_kept_and_told(db: None, inventory_file: Callable[..., Path]) -> None:
    entry = load([inventory_file(resources=[{**BUCKET, "policy": '{"Statement": ['}])])
    assert entry.status == "COMPLETED"
    assert entry.problems[0]["severity"] == "warning"
    assert entry.problems[0]["path"] == "resources[0].policy"
    assert ResourceDocument.objects.get().document.text == '{"Statement": ['


def test_control_policies_need_known_targets(db: None, inventory_file: Callable[..., Path]) -> None:
    organization = {"id": "o-x", "management_account": "111122223333", "root": "r-x"}
    control = {"id": "p-1", "type": "RESOURCE_CONTROL_POLICY", "name": "n", "document": POLICY, "targets": ["ou-none"]}
    entry = load([inventory_file(organization=organization, control_policies=[control])])
    assert any("ou-none is no root" in said for _, said in problems(entry))


def test_a_raw_iam_answer(db: None, tmp_path: Path) -> None:
    answer = {
        "UserDetailList": [
            {"UserName": "u", "Path": "/", "Arn": "arn:aws:iam::111122223333:user/u", "GroupList": ["g"]}
        ],
        "RoleDetailList": [
            {
                "RoleName": "r",
                "Arn": "arn:aws:iam::111122223333:role/p/r",
                "AssumeRolePolicyDocument": "%7B%22Statement%22%3A%5B%5D%7D",
                "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/X", "PolicyName": "X"}],
            }
        ],
        "Policies": [
            {"Arn": "arn:aws:iam::aws:policy/X", "PolicyVersionList": [{"IsDefaultVersion": True, "Document": POLICY}]}
        ],
    }
    path = tmp_path / "iam.json"
    path.write_text(json.dumps(answer))
    assert load([path]).status == "COMPLETED"
    role = Principal.objects.get(kind="ROLE")
    assert (role.name, role.path, role.account_id) == ("r", "/p/", "111122223333")
    attached = role.policies.get()
    assert attached.document is not None
    assert ResourceDocument.objects.get(resource__arn=role.arn).document.text == '{\n  "Statement": []\n}'
    del answer["RoleDetailList"]
    path.write_text(json.dumps(answer))
    load([path])
    assert not Resource.objects.exists()


def test_a_zip_and_a_folder(db: None, tmp_path: Path, inventory_file: Callable[..., Path]) -> None:
    source = inventory_file(resources=[BUCKET])
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(source, "deep/inventory.json")
        file.writestr("../../escape.txt", "ignored")
    assert load([archive]).status == "COMPLETED"
    assert load([source.parent]).status == "COMPLETED"
    assert Resource.objects.count() == 1


def test_a_zip_bomb_is_refused(db: None, tmp_path: Path) -> None:
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb.json", " " * 20_000_000)
    entry = load([archive])
    assert entry.status == "FAILED"
    assert "times its size" in entry.problems[0]["message"]


def test_a_missing_file(db: None, tmp_path: Path) -> None:
    assert "no such file" in load([tmp_path / "none.json"]).problems[0]["message"]


def test_real_data(db: None) -> None:
    """An answer of a real account: 44 users, 78 roles, and the trusts that lead out of it."""
    path = SHARED / "data" / "account_authorization_details.json"
    if not path.is_file():
        pytest.skip("account_authorization_details.json is not beside the project")
    from analyzers.models import Analyzer
    from analyzers.scans import request_scan, work
    from findings.models import Finding

    assert load([path]).status == "COMPLETED"
    assert Principal.objects.filter(kind="USER").count() == 44
    assert Principal.objects.filter(kind="ROLE").count() == 78
    analyzer = Analyzer.objects.create(name="real", type="ACCOUNT", scope="200611803367")
    work(request_scan(analyzer).pk)
    found = {row.resource.rsplit("/", 1)[-1]: next(iter(row.principal.values())) for row in Finding.objects.all()}
    saml = "arn:aws:iam::200611803367:saml-provider/AWSSSO_b937d2dff24f2774_DO_NOT_DELETE"
    assert found == {
        "OrganizationAccountAccessRole": "072528804237",
        "AWSReservedSSO_AdministratorAccess_dc6414f7f2ab04fc": saml,
        "AWSReservedSSO_ViewOnlyAccess_0ace44bbc7092ea8": saml,
        "stacksets-exec-b5520cb2730c2f54b523d6375a319abb": (
            "arn:aws:iam::072528804237:role/aws-service-role/stacksets.cloudformation.amazonaws.com/"
            "AWSServiceRoleForCloudFormationStackSetsOrgAdmin"
        ),
    }
    assert set(Finding.objects.values_list("proof", flat=True)) == {"PROVED"}
