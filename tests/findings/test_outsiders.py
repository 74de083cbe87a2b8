"""Names for who is outside: where they come from, where they are shown, and that they can be searched for."""

from __future__ import annotations

import csv
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from analyzers.actions import DeleteKnownAccount, ImportKnownAccounts, SaveKnownAccount
from analyzers.models import Account, KnownAccount
from findings import filters
from findings.exports import csv_lines, names_csv
from findings.models import Finding
from findings.outsiders import identifiers, names_of, shipped

pytestmark = pytest.mark.django_db
VENDOR = "999988887777"


def known(identifier: str = VENDOR, name: str = "Datadog", **more: object) -> KnownAccount:
    return KnownAccount.objects.create(identifier=identifier, name=name, **more)


def searched(word: str) -> list[str]:
    return [row.resource for row in Finding.objects.filter(filters.words_query([word]))]


# -- who a principal is --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("principal", "first"),
    [
        ({"AWS": VENDOR}, VENDOR),
        ({"AWS": f"arn:aws:iam::{VENDOR}:role/x"}, VENDOR),
        ({"AWS": f"arn:aws:sts::{VENDOR}:assumed-role/x/y"}, VENDOR),
        ({"CanonicalUser": "AB" * 32}, "ab" * 32),
        ({"Federated": "accounts.google.com"}, "accounts.google.com"),
    ],
)
def test_what_a_name_may_be_known_for(principal: dict[str, str], first: str) -> None:
    assert identifiers(principal)[0] == first


def test_nobody_is_everybody() -> None:
    assert identifiers({"AWS": "*"}) == identifiers({}) == []


def test_a_provider_is_known_by_its_arn_its_host_or_the_start_of_its_path() -> None:
    arn = f"arn:aws:iam::{VENDOR}:oidc-provider/oidc.circleci.com/org/1"
    assert identifiers({"Federated": arn}) == [
        arn,
        "oidc.circleci.com/org/1",
        "oidc.circleci.com/org",
        "oidc.circleci.com",
    ]


def test_the_inventory_comes_before_the_list_and_the_list_before_what_is_shipped(
    make_finding: Callable[..., Finding],
) -> None:
    row = make_finding(principal={"AWS": "127311923021"})

    def who() -> tuple[str, str]:
        found = names_of([row]).of(row)
        assert found is not None
        return found.name, found.by

    assert who() == ("AWS Elastic Load Balancing (us-east-1)", "shipped")
    known("127311923021", "Load balancers")
    assert who() == ("Load balancers", "list")
    Account.objects.create(pk="127311923021", name="really ours")
    assert who() == ("really ours", "inventory")


def test_what_is_shipped_is_sound() -> None:
    from analyzers.actions.known_accounts import check_identifier

    assert len(shipped()) > 20
    for identifier, found in shipped().items():
        assert check_identifier(identifier) == identifier
        assert found.name
        assert found.kind in KnownAccount.Kind.values


# -- where names are shown -----------------------------------------------------------------------------------------


def test_the_sentence_names_the_account(make_finding: Callable[..., Finding]) -> None:
    known()
    row = make_finding()
    assert names_of([row]).summary(row).startswith(f"Account {VENDOR} (Datadog) can s3:GetObject on bucket")
    role = make_finding(
        principal={"AWS": f"arn:aws:iam::{VENDOR}:role/x"},
        details={"summary": f"Role x of account {VENDOR} can s3:GetObject on bucket b-{VENDOR}."},
    )
    told = names_of([role]).summary(role)
    assert told == f"Role x of account {VENDOR} (Datadog) can s3:GetObject on bucket b-{VENDOR}."


def test_the_sentence_names_a_provider(make_finding: Callable[..., Finding]) -> None:
    host = "token.actions.githubusercontent.com"
    arn = f"arn:aws:iam::111122223333:oidc-provider/{host}"
    row = make_finding(
        principal={"Federated": arn}, details={"summary": f"Users whom {arn} vouches for can sts:X on role r."}
    )
    assert f"{host} (GitHub Actions) vouches for can" in names_of([row]).summary(row)


def test_exports_and_pages_show_the_name(make_finding: Callable[..., Finding], client: Client, auditor: User) -> None:
    known(name="=Datadog")
    row = make_finding()
    header, line = list(csv.reader(csv_lines([row])))
    assert line[header.index("principalName")] == "'=Datadog", "no spreadsheet evaluates it"
    client.force_login(auditor)
    for address in ("/findings/", f"/findings/{row.pk}/"):
        assert "=Datadog" in client.get(address).content.decode()


def test_a_search_for_the_name_finds_its_accounts(make_finding: Callable[..., Finding]) -> None:
    known()
    known("accounts.example.com", "Example login")
    plain = make_finding()
    role = make_finding(principal={"AWS": f"arn:aws:iam::{VENDOR}:role/x"})
    login = make_finding(principal={"Federated": "arn:aws:iam::111122223333:oidc-provider/accounts.example.com"})
    make_finding(principal={"AWS": "555566667777"})
    assert sorted(searched("datadog")) == sorted([plain.resource, role.resource])
    assert searched("login") == [login.resource]
    assert searched("nobody-has-this-name") == []


def test_a_search_knows_the_shipped_names_unless_they_were_overruled(make_finding: Callable[..., Finding]) -> None:
    row = make_finding(principal={"AWS": "127311923021"})
    assert searched("balancing") == [row.resource]
    known("127311923021", "Something else")
    assert searched("balancing") == []


# -- keeping the list ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        (f" {VENDOR} ", VENDOR),
        ("9999-8888-7777", VENDOR),
        (f"arn:aws:iam::{VENDOR}:root", VENDOR),
        ("https://Token.Example.com/", "token.example.com"),
        ("AB" * 32, "ab" * 32),
        (
            f"arn:aws:iam::{VENDOR}:oidc-provider/gitlab.com",
            f"arn:aws:iam::{VENDOR}:oidc-provider/gitlab.com",
        ),
    ],
)
def test_identifiers_as_people_write_them(administrator: User, written: str, stored: str) -> None:
    SaveKnownAccount(KnownAccount(identifier=written, name="x"), administrator)()
    assert KnownAccount.objects.get().identifier == stored


@pytest.mark.parametrize("identifier", ["", "1234567890", "nonsense", "arn:aws:s3:::b", "*", "a" * 63, "-x.com"])
def test_what_is_no_identifier(administrator: User, identifier: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SaveKnownAccount(KnownAccount(identifier=identifier, name="x"), administrator)()
    assert "identifier" in caught.value.message_dict


def test_only_administrators_keep_it(reviewer: User, client: Client) -> None:
    with pytest.raises(PermissionDenied):
        SaveKnownAccount(KnownAccount(identifier=VENDOR, name="x"), reviewer)()
    with pytest.raises(PermissionDenied):
        ImportKnownAccounts(b"identifier,name\n", reviewer)()
    row = known()
    with pytest.raises(PermissionDenied):
        DeleteKnownAccount(row, reviewer)()
    client.force_login(reviewer)
    page = client.get("/inventory/known-accounts/").content.decode()
    assert "Datadog" in page
    assert "Import" not in page
    assert client.post("/inventory/known-accounts/", {"identifier": "1" * 12, "name": "x"}).status_code == 403


def test_import_and_export(administrator: User) -> None:
    known(name="old")
    data = (
        "identifier,name,kind,note,trusted\r\n"
        f'{VENDOR},Datadog,vendor,"monitoring, since 2024",yes\r\n'
        "\r\n"
        "accounts.example.com,=cmd,PARTNER,,\r\n"
    )
    assert ImportKnownAccounts(data.encode("utf-8-sig"), administrator)() == (1, 1)
    assert ImportKnownAccounts(names_csv().encode(), administrator)() == (0, 0), "an export comes back unchanged"
    row = KnownAccount.objects.get(identifier=VENDOR)
    assert (row.name, row.kind, row.note, row.trusted) == ("Datadog", "VENDOR", "monitoring, since 2024", True)
    assert "'=cmd" in names_csv()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("account,name\n1,x\n", "Line 1"),
        ("identifier,name\n", "no line"),
        (f"identifier,name\n{VENDOR},a\n12345,b\n", "Line 3"),
        (f"identifier,name\n{VENDOR},a\n{VENDOR},b\n", "Line 3: 999988887777 stands on line 2"),
        (f'identifier,name,note\n{VENDOR},a,"two\nlines"\n7,b,\n', "Line 4"),
        (f"identifier,name\n{VENDOR},\n", "Line 2"),
        (f"identifier,name\n{VENDOR},a,b\n", "more values than column names"),
        (f"identifier,name,kind\n{VENDOR},a,FRIEND\n", "kind is one of"),
        (f"identifier,name,trusted\n{VENDOR},a,maybe\n", "trusted is true or false"),
        ("identifier,name\n\x00,a\n", "null character"),
        ("identifier,name\n" + VENDOR + ",\xff", "not UTF-8"),
    ],
)
def test_a_wrong_file_changes_nothing_and_says_where(administrator: User, text: str, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ImportKnownAccounts(text.encode("latin-1"), administrator)()
    assert said in " ".join(caught.value.messages)
    assert not KnownAccount.objects.exists()


def test_the_page_adds_changes_imports_and_deletes(client: Client, administrator: User) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    client.force_login(administrator)
    address = "/inventory/known-accounts/"
    entry = {"identifier": VENDOR, "name": "Datadog", "kind": "VENDOR", "note": "<b>monitoring</b>"}
    assert client.post(address, entry).status_code == 302
    assert client.post(address, entry | {"name": "Datadog Inc"}).status_code == 302
    page = client.get(address, {"q": "datadog"}).content.decode()
    assert "Datadog Inc" in page
    assert "&lt;b&gt;monitoring" in page
    assert 'value="Datadog Inc"' in client.get(address, {"identifier": VENDOR}).content.decode()
    wrong = client.post(address, entry | {"identifier": "12"})
    assert "twelve digits" in wrong.content.decode()
    refused = client.post(f"{address}import/", {"file": SimpleUploadedFile("x.csv", b"identifier,name\n1,<i>\n")})
    assert refused.status_code == 400
    assert "Line 2" in refused.content.decode()
    fine = SimpleUploadedFile("x.csv", b"identifier,name\n123456789012,Partner\n")
    assert client.post(f"{address}import/", {"file": fine}).status_code == 302
    assert b"Partner" in client.get(f"{address}export.csv").content
    row = KnownAccount.objects.get(identifier=VENDOR)
    assert client.post(f"{address}{row.pk}/delete/").status_code == 302
    assert not KnownAccount.objects.filter(pk=row.pk).exists()
