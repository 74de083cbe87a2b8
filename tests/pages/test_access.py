"""Pages about access inside: a resource, a principal, the matrix of an analyzer; and the commands beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from kombu.exceptions import OperationalError

from analyzers.access import on_demand
from analyzers.inventory.load import load
from analyzers.models import Analyzer, Principal, Resource
from findings.models import Finding
from tests.conftest import NOW

HERE = "111122223333"
VAULT = "arn:aws:s3:::vault"
pytestmark = pytest.mark.django_db


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{HERE}:{kind}/{name}"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


READ = allow("s3:GetObject", f"{VAULT}/*")


def inline(*statements: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": "own", "document": document(*statements)}]


@pytest.fixture
def planted(inventory_file: Callable[..., Path]) -> None:
    """A bucket; a role that reads it, one who may take it on, one who may help himself, one who may do nothing."""
    cache.clear()
    trust = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": arn("user", "taker")}})
    principals = [
        {"arn": arn("role", "reader"), "kind": "ROLE", "inline_policies": inline(READ), "trust_policy": trust},
        {"arn": arn("user", "taker"), "kind": "USER"},
        {"arn": arn("user", "climber"), "kind": "USER", "inline_policies": inline(allow("iam:PutUserPolicy"))},
        {"arn": arn("user", "nobody"), "kind": "USER"},
    ]
    entry = load(
        [
            inventory_file(
                accounts=[{"id": HERE, "name": "shop"}],
                principals=principals,
                resources=[{"arn": VAULT, "type": "AWS::S3::Bucket", "account": HERE}],
            )
        ]
    )
    assert entry.status == "COMPLETED", entry.problems


@pytest.fixture
def admin(client: Client, administrator: User) -> Client:
    client.force_login(administrator)
    return client


@pytest.fixture
def internal(planted: None) -> Analyzer:
    """As the internal access analyzer leaves it: an answer about the bucket and a finding."""
    analyzer = Analyzer.objects.create(name="inner", type="ACCOUNT_INTERNAL_ACCESS", scope=HERE)
    analyzer.analyzed_resources.create(
        resource_arn=VAULT,
        resource_type="AWS::S3::Bucket",
        resource_owner_account=HERE,
        analyzed_at=NOW,
        input_hash="x",
    )
    Finding.objects.create(
        analyzer=analyzer,
        key="1",
        finding_type="InternalAccess",
        resource=VAULT,
        resource_type="AWS::S3::Bucket",
        resource_owner_account=HERE,
        principal={"AWS": arn("role", "reader")},
        action=["s3:GetObject", "s3:DeleteObject"],
        created_at=NOW,
        analyzed_at=NOW,
        updated_at=NOW,
    )
    return analyzer


def text(answer: Any) -> str:
    assert answer.status_code == 200
    found: str = answer.content.decode()
    return found


def test_strangers_are_sent_to_the_door(client: Client) -> None:
    for path in ("/access/", "/access/resource/", "/access/principal/", "/analyzers/1/matrix/"):
        assert client.get(path)["Location"].startswith("/login/")


def test_nothing_yet_says_what_to_do(admin: Client) -> None:
    assert "import an inventory" in text(admin.get("/access/"))
    assert admin.get("/access/resource/?arn=x").status_code == 404
    assert admin.get("/access/principal/").status_code == 404


def test_search(admin: Client, planted: None) -> None:
    found = text(admin.get("/access/?q=user/taker"))
    assert "user/taker" in found
    assert "None matches." in found


def test_what_the_key_holds_back_has_its_own_lines(admin: Client, internal: Analyzer) -> None:
    assert "Held back by the key" not in text(admin.get(f"/access/resource/?arn={VAULT}"))
    names = [arn("user", f"u{number:03}") for number in range(150)]
    line = {
        "principals": names,
        "actions": ["s3:GetObjectVersion"],
        "key": "alias/<i>",
        "blockers": ["kms:Decrypt: no request is allowed <b>."],
    }
    internal.analyzed_resources.update(withheld=[line])
    found = text(admin.get(f"/access/resource/?arn={VAULT}"))
    section = found.partition("Held back by the key")[2].partition("</section>")[0]
    assert "user/u099" in section
    assert "user/u100" not in section
    assert "150 in all" in section
    assert "s3:GetObjectVersion" in section
    assert "kms:Decrypt: no request is allowed &lt;b&gt;." in section
    assert "alias/&lt;i&gt;" in section
    assert "default encryption is taken to hold for all its objects" in section


def test_a_resource_with_paths(admin: Client, planted: None) -> None:
    found = text(admin.get(f"/access/resource/?arn={VAULT}"))
    assert "each of 4 principals was asked" in found
    assert "s3:GetObject" in found
    assert "user/taker can assume the role: role/reader." in found
    assert "user/climber can write a policy of its own for itself." in found
    assert "with a policy of its own choice" in found
    assert 'class="paths"' in found
    assert "user/nobody" not in found


def test_one_level_and_one_step(admin: Client, planted: None) -> None:
    found = text(admin.get(f"/access/resource/?arn={VAULT}&level=write&length=1"))
    assert "Nobody inside has write access" in found
    assert "user/climber" in found
    assert "user/taker" not in found


def test_the_second_time_nothing_is_asked(admin: Client, planted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    path, only = f"/access/resource/?arn={VAULT}", {"HX-Request": "true"}
    first = text(admin.get(path, headers=only))
    monkeypatch.setattr("analyzers.access.resource.direct_access", None)
    assert text(admin.get(path, headers=only)) == first


def test_a_change_of_the_inventory_asks_again(admin: Client, planted: None) -> None:
    text(admin.get(f"/access/resource/?arn={VAULT}"))
    Principal.objects.get(arn=arn("user", "climber")).delete()
    assert "climber" not in text(admin.get(f"/access/resource/?arn={VAULT}"))


def test_findings_of_an_internal_analyzer_come_first(admin: Client, internal: Analyzer) -> None:
    found = text(admin.get(f"/access/resource/?arn={VAULT}"))
    assert "Findings of the analyzer inner." in found
    assert "s3:DeleteObject" in found
    assert "user/taker can assume the role" in found


def test_what_takes_long_is_handed_to_a_worker(admin: Client, planted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[Any, ...]] = []
    monkeypatch.setattr("analyzers.views.access.ask_about_resource.delay", lambda *args: called.append(args))
    monkeypatch.setattr("analyzers.access.on_demand.MANY", 1)
    path = f"/access/resource/?arn={VAULT}"
    assert "Still computing" in text(admin.get(path))
    assert "Still computing" in text(admin.get(path))
    assert len(called) == 1
    fragment = text(admin.get(path, headers={"HX-Request": "true"}))
    assert fragment.startswith('<div id="access" hx-get=')
    from analyzers.tasks import ask_about_resource

    ask_about_resource(*called[0])
    done = text(admin.get(path, headers={"HX-Request": "true"}))
    assert "user/taker can assume the role" in done
    assert "hx-get" not in done


def test_no_worker_is_said(admin: Client, planted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*args: Any) -> None:
        raise OperationalError

    monkeypatch.setattr("analyzers.views.access.ask_about_resource.delay", gone)
    monkeypatch.setattr("analyzers.access.on_demand.AT_ONCE", -1.0)
    found = text(admin.get(f"/access/resource/?arn={VAULT}"))
    assert "No worker can be reached" in found
    assert "Not everything was answered" in found
    assert "Nobody inside" not in found


def test_a_principal(admin: Client, internal: Analyzer) -> None:
    found = text(admin.get(f"/access/principal/?arn={arn('user', 'taker')}"))
    assert "taking on reader" in found
    assert "read, delete" in found
    assert "can assume the role: role/reader." in found
    climber = text(admin.get(f"/access/principal/?arn={arn('user', 'climber')}"))
    assert "write a policy of its own for itself" in climber
    nobody = text(admin.get(f"/access/principal/?arn={arn('user', 'nobody')}"))
    assert "No resource of the internal access analyzers" in nobody


def test_a_principal_without_an_internal_analyzer(admin: Client, planted: None) -> None:
    assert "Create one" in text(admin.get(f"/access/principal/?arn={arn('user', 'taker')}"))


def test_why_and_why_not(admin: Client, planted: None) -> None:
    path = f"/access/resource/?arn={VAULT}"
    assert "Yes, it can" in text(admin.get(f"{path}&who=reader"))
    no = text(admin.get(f"{path}&who={arn('user', 'nobody')}&action=s3:GetObject"))
    assert "No, it cannot" in no
    assert "No policy of the caller allows it." in no
    assert "Proved: no request for this action is allowed" in no
    assert "Several match" in text(admin.get(f"{path}&who=user/"))
    assert "Nothing in the inventory matches" in text(admin.get(f"{path}&who=zzz"))
    assert "written with its service" in text(admin.get(f"{path}&who=nobody&action=GetObject"))
    other = text(admin.get(f"/access/principal/?arn={arn('user', 'nobody')}&what=vault"))
    assert "No, it cannot" in other


def test_hostile_text(admin: Client, planted: None) -> None:
    bad = "<script>alert(1)</script>\u202e"
    for path in (
        "/access/?q=",
        f"/access/resource/?arn={VAULT}&who=",
        f"/access/resource/?arn={VAULT}&action={bad}&who=",
    ):
        answer = admin.get(path + bad)
        assert "<script>alert" not in text(answer)
        assert "\u202e" not in text(answer)
    assert admin.get("/access/resource/?arn=%00").status_code == 404
    assert admin.get(f"/access/resource/?arn={VAULT}&length=99999&level=zzz&page=x").status_code == 200


def test_the_matrix(admin: Client, internal: Analyzer, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(16):
        found = text(admin.get(f"/analyzers/{internal.pk}/matrix/"))
    assert "shop (111122223333) · roles" in found
    assert '<span class="visually-hidden">read, delete</span>' in found
    assert "No findings yet" not in found
    assert "Nothing matches" in text(admin.get(f"/analyzers/{internal.pk}/matrix/?level=administer"))
    assert "read, delete" in text(admin.get(f"/analyzers/{internal.pk}/matrix/?level=delete&q=vault&account={HERE}"))
    external = Analyzer.objects.create(name="outer", type="ACCOUNT", scope=HERE)
    assert admin.get(f"/analyzers/{external.pk}/matrix/").status_code == 404


def test_other_pages_lead_here(admin: Client, internal: Analyzer) -> None:
    assert f"/access/resource/?arn={VAULT.replace(':', '%3A')}" in text(admin.get("/inventory/resources/"))
    assert "/access/principal/?arn=" in text(admin.get("/inventory/principals/?q=taker&kind=USER"))
    finding = text(admin.get(f"/findings/{Finding.objects.get().pk}/"))
    assert "/access/resource/?arn=" in finding
    assert "/access/principal/?arn=" in finding
    assert f"/analyzers/{internal.pk}/matrix/" in text(admin.get(f"/analyzers/{internal.pk}/"))


def test_the_cache_may_be_away(admin: Client, planted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from redis.exceptions import ConnectionError as Gone

    def gone(*args: Any, **more: Any) -> None:
        raise Gone

    for name in ("get", "set", "delete"):
        monkeypatch.setattr(f"analyzers.access.on_demand.cache.{name}", gone)
    assert "user/taker can assume the role" in text(admin.get(f"/access/resource/?arn={VAULT}"))
    on_demand.keep("x", 1)


# -- commands ------------------------------------------------------------------------------------------------------


def run(name: str, *arguments: str, status: int = 0) -> str:
    out = StringIO()
    if status:
        with pytest.raises(SystemExit) as ended:
            call_command(name, *arguments, stdout=out, stderr=out)
        assert ended.value.code == status
    else:
        call_command(name, *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_access_paths(planted: None) -> None:
    found = run("access_paths", "--resource", VAULT)
    assert "user/taker can assume the role: role/reader." in found
    told = json.loads(run("access_paths", "--resource", VAULT, "--json", "--length", "1"))
    assert told["complete"] is True
    assert {path["principal"] for path in told["paths"]} == {arn("user", "taker"), arn("user", "climber")}
    assert told["direct"] == [{"principal": arn("role", "reader"), "levels": {"read": ["s3:GetObject"]}, "unknown": []}]
    step = told["paths"][0]["steps"][0]
    assert step["proofs"][0]["request"]["action"] in {"sts:AssumeRole", "iam:PutUserPolicy"}


def test_why_not(planted: None) -> None:
    who = arn("user", "nobody")
    no = run("why_not", "--principal", who, "--resource", VAULT, "--action", "s3:GetObject", status=1)
    assert "No policy of the caller allows it." in no
    yes = run("why_not", "--principal", arn("role", "reader"), "--resource", VAULT)
    assert "can s3:GetObject" in yes
    assert json.loads(run("why_not", "--principal", who, "--resource", VAULT, "--json", status=1))["allowed"] is False


def test_commands_name_what_is_missing(planted: None) -> None:
    from django.core.management.base import CommandError

    with pytest.raises(CommandError, match="not in the inventory"):
        call_command("access_paths", "--resource", "arn:aws:s3:::gone")
    with pytest.raises(CommandError, match="not in the inventory"):
        call_command("why_not", "--principal", "arn:x", "--resource", VAULT)


def test_resources_of_the_sample(admin: Client, organization: Any) -> None:
    cache.clear()
    for row in Resource.objects.exclude(type="AWS::IAM::Role").order_by("type", "arn").distinct("type"):
        assert admin.get(f"/access/resource/?arn={row.arn}").status_code == 200
    user = Principal.objects.filter(kind="USER").first()
    assert user is not None
    assert admin.get(f"/access/principal/?arn={user.arn}").status_code == 200


def test_a_resource_page_tells_what_keeps_outsiders_out(
    inventory_file: Callable[..., Path], auditor: User, client: Client
) -> None:
    cache.clear()
    opened = {
        "Effect": "Allow",
        "Principal": {"AWS": "222222222222"},
        "Action": "s3:GetObject",
        "Resource": f"{VAULT}/*",
    }
    fence = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    fence["Condition"] = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-exampleorg"}}  # type: ignore[assignment]
    load(
        [
            inventory_file(
                organization={"id": "o-exampleorg", "management_account": "999999999999", "root": "r-root"},
                accounts=[{"id": HERE, "name": "shop", "parent": "r-root"}],
                control_policies=[
                    {
                        "id": "p-fence123",
                        "type": "RESOURCE_CONTROL_POLICY",
                        "name": "fence",
                        "document": document(fence),
                        "targets": ["r-root"],
                    }
                ],
                resources=[{"arn": VAULT, "type": "AWS::S3::Bucket", "account": HERE, "policy": document(opened)}],
            )
        ]
    )
    client.force_login(auditor)
    page = client.get("/access/resource/", {"arn": VAULT}).content.decode()
    assert "From outside the organization" in page
    assert "No active finding" in page
    assert "Account 222222222222 can s3:GetObject on bucket vault." in page
    assert "the resource control policy fence" in page
