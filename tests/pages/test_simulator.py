"""The simulator: what is typed in, what is decided, what is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.test import Client

from analyzers.actions import SaveSimulation
from analyzers.inventory import policies_of
from analyzers.models import Account, ControlPolicy, Principal, Resource, Simulation
from analyzers.simulator.examples import EXAMPLES
from analyzers.simulator.fields import MOST, Typed
from findings.models import Finding

HOME = "111122223333"
BOB = f"arn:aws:iam::{HOME}:user/bob"
ALLOW = """{
  "Version": "2012-10-17",
  "Statement": [{"Sid": "Reads", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]
}"""
DENY = '{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}'
REQUEST = {"principal": BOB, "action": "s3:GetObject", "resource_arn": "arn:aws:s3:::b/k", "resource_account": HOME}


@pytest.fixture
def reader(client: Client, auditor: User) -> Client:
    client.force_login(auditor)
    return client


def simulate(client: Client, **fields: Any) -> str:
    answer = client.post("/simulator/", REQUEST | fields)
    assert answer.status_code == 302, answer.content.decode()
    page = client.get(answer["Location"])
    assert page.status_code == 200
    return page.content.decode()


@pytest.mark.django_db
def test_strangers_are_sent_to_the_door(client: Client) -> None:
    for path in ("/simulator/", "/simulator/x/", "/simulator/x/line.jsonl"):
        assert client.get(path)["Location"].startswith("/login/")
    with pytest.raises(PermissionDenied):
        SaveSimulation({}, AnonymousUser())()


def test_an_auditor_may_simulate(reader: Client) -> None:
    page = simulate(reader, identity=ALLOW, context='{"aws:SourceVpc": "vpc-1"}')
    assert "<h1>Allowed</h1>" in page
    assert "Both engines say so" in page
    assert "statement 0 (Reads)" in page
    assert "What would block this?" in page
    assert 'class="hit"' in page
    assert "Policies of the caller: allows it." in page


def test_a_denial_names_the_statement_and_the_remedy(reader: Client) -> None:
    page = simulate(reader, identity=[ALLOW, DENY])
    assert "Denied by a statement" in page
    assert "What would allow this?" in page
    assert "Remove or narrow statement 0 of the caller&#x27;s policies [1], which denies it." in page
    page = simulate(reader, identity=ALLOW, boundary=ALLOW.replace("s3:Get*", "ec2:*"))
    assert "Denied: nothing allows it" in page
    assert "Permissions boundary: says nothing to it." in page


def test_what_is_not_known_is_not_called_safe(reader: Client) -> None:
    odd = ALLOW.replace('"Resource": "*"', '"Resource": "*", "Condition": {"Resembles": {"a:b": "c"}}')
    page = simulate(reader, identity=odd)
    assert "Not known" in page
    assert "not to be taken for safe" in page


def test_all_layers(reader: Client) -> None:
    levels = json.dumps({"root": [json.loads(ALLOW)], "unit": [json.loads(ALLOW)]})
    page = simulate(
        reader,
        identity=f"[{ALLOW}, {ALLOW}]",
        resource=ALLOW.replace('"Effect"', '"Principal": "*", "Effect"'),
        session=ALLOW,
        scp_levels=levels,
        rcp_levels=json.dumps(
            {
                "root": [
                    json.loads(DENY)
                    | {"Statement": json.loads(DENY)["Statement"] | {"Principal": "*", "Action": "s3:Put*"}}
                ]
            }
        ),
        acl='[{"grantee": "AllUsers", "permission": "READ"}]',
        bpa=["IgnorePublicAcls"],
        ownership="ObjectWriter",
    )
    assert "<h1>Allowed</h1>" in page
    for title in ("Service control policies · unit", "Resource control policies · root", "Access control list"):
        assert title in page
    assert "denies nothing" in page


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"identity": "{"}, "line 1"),
        ({"identity": "[1"}, "no JSON list"),
        ({"boundary": '{"Statement": [{"Effect": "Permit"}]}'}, "Effect"),
        ({"context": '{"a": {}}'}, "must be a text, a number, true, false or a list"),
        ({"context": "[]"}, "A JSON object is needed here."),
        ({"acl": "{}"}, "A JSON list is needed here."),
        ({"acl": '[{"grantee": "AllUsers", "permission": "OWN"}]', "resource_arn": "arn:aws:s3:::b"}, ""),
        ({"scp_levels": '{"root": [{"Statement": 1}]}'}, "Statement"),
        ({"principal": "bob"}, "must be an ARN"),
        ({"action": "s3:*"}, "one action"),
        ({"resource_account": "1"}, "12 digits"),
        ({"identity": "x" * (MOST + 1)}, "at most 500,000 characters"),
        ({"context": '{"a":' * 5_000}, ""),
    ],
)
def test_what_is_not_understood_is_said_at_its_field(reader: Client, fields: dict[str, str], message: str) -> None:
    answer = reader.post("/simulator/", REQUEST | {"identity": ALLOW} | fields)
    page = answer.content.decode()
    if message:
        assert answer.status_code == 422
        assert message in page
        assert Simulation.objects.count() == 0
    if fields.get("boundary"):
        assert "Permit" in page, "what was typed in is kept"


def test_a_grant_that_is_not_understood_is_said(reader: Client) -> None:
    answer = reader.post("/simulator/", REQUEST | {"acl": '[{"grantee": "AllUsers", "permission": "OWN"}]'})
    assert answer.status_code == 422
    assert "unknown permission" in answer.content.decode()


def test_hostile_text_is_shown_as_text(reader: Client) -> None:
    page = simulate(reader, identity=ALLOW.replace("Reads", "<script>alert(1)</script>\\u202e"))
    assert "<script>alert" not in page
    assert "⟨U+202E⟩" in page


@pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: one.key)
def test_an_example_can_be_simulated_as_it_is(reader: Client, one: Any) -> None:
    assert reader.get(f"/simulator/?example={one.key}").status_code == 200
    typed = Typed.from_data(one.data)
    line = typed.read()
    assert typed.errors == {}
    answer = reader.get(f"/simulator/{SaveSimulation(line, User.objects.get())().pk}/").content.decode()
    assert {"other-account": "Allowed", "boundary": "nothing allows it"}.get(one.key, "Denied by a statement") in answer


def test_a_simulation_has_a_link_and_a_line(reader: Client) -> None:
    simulate(reader, identity=ALLOW)
    saved = Simulation.objects.get()
    answer = reader.get(f"/simulator/{saved.pk}/line.jsonl")
    line = json.loads(answer.content)
    assert line["request"]["principal"] == BOB
    assert answer["Content-Disposition"].endswith(f'simulation-{saved.pk}.jsonl"')
    assert reader.get("/simulator/nothing/").status_code == 404
    assert str(saved) in reader.get("/simulator/").content.decode()


def test_the_oldest_make_room(auditor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Simulation, "KEPT", 2)
    keys = [SaveSimulation({"request": {}, "policies": {}}, auditor)().pk for _ in range(3)]
    assert set(Simulation.objects.values_list("pk", flat=True)) == set(keys[1:])


# -- from the inventory --------------------------------------------------------------------------------------------


def test_what_the_inventory_knows_is_filled_in(reader: Client, organization: Any) -> None:
    user = Principal.objects.filter(kind="USER", policies__kind="BOUNDARY").first()
    bucket = Resource.objects.filter(type="AWS::S3::Bucket", documents__channel="POLICY").first()
    assert user is not None
    assert bucket is not None
    fields = {"pick": "1", "pick_principal": user.arn, "pick_resource": bucket.arn, "action": "s3:ListBucket"}
    page = reader.post("/simulator/", fields).content.decode()
    assert f'value="{user.arn}"' in page
    assert bucket.documents.get(channel="POLICY").document.text.splitlines()[-1] in page
    assert Simulation.objects.count() == 0
    unknown = reader.get("/simulator/?pick_principal=arn:aws:iam::1:user/x&pick_resource=y").content.decode()
    assert "does not know this principal" in unknown
    assert "does not know this resource" in unknown


def test_policies_of_a_caller(organization: Any) -> None:
    user = Principal.objects.exclude(groups=[]).filter(kind="USER").first()
    assert user is not None
    given = policies_of.of_caller(user)
    own = user.policies.exclude(kind="BOUNDARY").exclude(document=None).count()
    of_groups = Principal.objects.filter(arn__in=user.groups, policies__document__isnull=False).count()
    assert of_groups
    assert len(given["identity"]) == own + of_groups
    assert next(iter(given["scp_levels"])) == "root"
    assert given["principal_account_is_management"] == (organization.management_account == user.account_id)


def test_levels_end_at_the_account(organization: Any) -> None:
    member = Account.objects.filter(organization=organization).exclude(pk=organization.management_account).first()
    assert member is not None
    levels = policies_of.control_levels(member, ControlPolicy.Kind.SCP)
    assert list(levels)[-1] in {member.name, member.pk}
    assert all(isinstance(text, str) for documents in levels.values() for text in documents)
    member.organization = None
    assert policies_of.control_levels(member, ControlPolicy.Kind.SCP) == {}


def test_policies_of_resources(organization: Any) -> None:
    role = Resource.objects.filter(type="AWS::IAM::Role", documents__channel="POLICY").first()
    key = Resource.objects.filter(type="AWS::KMS::Key", documents__channel="POLICY").first()
    broken = Resource.objects.exclude(error="").first()
    assert role is not None
    assert key is not None
    assert "trust" in policies_of.of_resource(role)
    assert "key_policy" in policies_of.of_resource(key)
    if broken is not None:
        assert policies_of.of_resource(broken)["missing"]


def test_the_request_of_a_finding_can_be_simulated(reader: Client, account: Account, make_finding: Any) -> None:
    bucket = Resource.objects.create(arn="arn:aws:s3:::b", account=account, type="AWS::S3::Bucket")
    witness = {"principal": "anonymous", "action": "s3:GetObject", "resource": bucket.arn + "/k", "context": {}}
    finding = make_finding(resource=bucket.arn, details={"witness": witness})
    page = reader.get(f"/simulator/?finding={finding.pk}").content.decode()
    assert 'value="anonymous"' in page
    assert f'value="{bucket.arn}/k"' in page
    assert f"?finding={finding.pk}" in reader.get(f"/findings/{finding.pk}/").content.decode()
    assert "WhatTheCallersAccountMayAllow" not in page
    finding.details["witness"]["principal"] = "arn:aws:iam::999999999999:role/stranger"
    finding.save()
    assert "WhatTheCallersAccountMayAllow" in reader.get(f"/simulator/?finding={finding.pk}").content.decode()
    Finding.objects.all().delete()
    for gone in (finding.pk, "nothing"):
        assert reader.get(f"/simulator/?finding={gone}").status_code == 200
