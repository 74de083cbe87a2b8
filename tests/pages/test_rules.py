"""Pages of archive rules: preview, two questions before public access is hidden, undo, and rules on their way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from analyzers.models import Analyzer
from findings.actions import CreateRule, DeleteRule
from findings.models import ArchiveRule, Finding

SAFE = {"isPublic": {"eq": ["false"]}}
BROAD = {"resource": {"contains": ["bucket"]}}
HOSTILE = "<script>alert(1)</script>\u202e"


def token(page: str) -> str:
    """What the box that confirms sends."""
    found = re.search(r'name="confirm_public"[^>]*value="([0-9a-f]{64})"', page)
    assert found, "the page does not ask"
    return found.group(1)


def text_of(client: Client, path: str, data: dict[str, Any] | None = None) -> str:
    """Of the page, or of the answer to a form."""
    answer = client.get(path) if data is None else client.post(path, data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_rule_from_preview_to_deletion(
    admin: Client, analyzer: Analyzer, make_finding: Callable[..., Finding]
) -> None:
    make_finding(is_public=True)
    make_finding(principal={"AWS": "111111111111"})
    query = {"analyzer": analyzer.pk, "q": "principal.AWS:999988887777"}
    preview = text_of(admin, "/rules/preview/", query)
    assert "<strong>1</strong>" in preview
    assert "1 public" in preview
    assert "can hide public access" in preview
    form = {**query, "name": "vendor", "reason": "contract", "applies": "existing"}
    refused = text_of(admin, "/rules/new/", form)
    assert "1 public finding matches now" in refused
    assert not ArchiveRule.objects.exists()
    assert "1 finding archived" in text_of(admin, "/rules/new/", {**form, "confirm_public": token(refused)})
    rule = ArchiveRule.objects.get()
    assert Finding.objects.filter(status="ARCHIVED").count() == 1
    listed = text_of(admin, "/rules/")
    assert "vendor" in listed
    assert "contract" in listed
    edited = {"q": "principal.AWS:111111111111 isPublic:false", "name": "vendor", "applies": "existing"}
    assert admin.post(f"/rules/{rule.pk}/edit/", edited).status_code == 302
    assert Finding.objects.filter(status="ARCHIVED").count() == 2
    assert "2</strong> findings are archived by this rule" in text_of(admin, f"/rules/{rule.pk}/")
    assert "Make them active again" in text_of(admin, f"/rules/{rule.pk}/delete/")
    assert "2 findings made active again" in text_of(admin, f"/rules/{rule.pk}/delete/", {"undo": "1"})
    assert not ArchiveRule.objects.exists()
    assert not Finding.objects.filter(status="ARCHIVED").exists()


def test_a_confirmation_counts_for_what_was_shown_only(admin: Client, analyzer: Analyzer) -> None:
    form = {"analyzer": analyzer.pk, "name": "r", "q": "resource~bucket"}
    shown = token(text_of(admin, "/rules/new/", form))
    for made_up in ("on", "1", "é", shown[:-1]):
        assert "can hide public access" in text_of(admin, "/rules/new/", {**form, "confirm_public": made_up})
    wider = {**form, "q": "resource~b", "confirm_public": shown}
    assert token(text_of(admin, "/rules/new/", wider)) != shown
    assert not ArchiveRule.objects.exists()
    text_of(admin, "/rules/new/", {**form, "confirm_public": shown})
    assert ArchiveRule.objects.get().filter == BROAD


@pytest.mark.parametrize(
    ("q", "message"), [("word", "free word"), ("nonsense:1", "no property"), ("status:ACTIVE", "cannot be used")]
)
def test_a_rule_that_is_unsound_is_explained(admin: Client, analyzer: Analyzer, q: str, message: str) -> None:
    form = {"analyzer": analyzer.pk, "name": "r", "q": q}
    assert message in text_of(admin, "/rules/new/", form)
    assert message in text_of(admin, "/rules/preview/", form)


def test_preview_bears_anything(admin: Client, analyzer: Analyzer) -> None:
    for given in ({}, {"analyzer": "9" * 40}, {"analyzer": "²", "q": "resource:a"}, {"q": HOSTILE}):
        assert "<script>" not in text_of(admin, "/rules/preview/", given)
    for nothing in ({"analyzer": analyzer.pk}, {"q": "resource:a"}):
        page = text_of(admin, "/rules/preview/", nothing)
        assert "Choose an analyzer and write a filter" in page
        assert "No active finding" not in page
    assert "No active finding matches" in text_of(
        admin, "/rules/preview/", {"analyzer": analyzer.pk, "q": "resource:a"}
    )
    assert "What this analyzer’s rules can name" in text_of(admin, f"/rules/preview/?analyzer={analyzer.pk}")


def test_a_rule_is_applied_undone_and_its_history_told(
    admin: Client, analyzer: Analyzer, make_finding: Callable[..., Finding]
) -> None:
    rule, _ = CreateRule(analyzer, "r", BROAD, None, confirm_public=True)()
    make_finding()
    assert "1 finding archived by r" in text_of(admin, f"/rules/{rule.pk}/apply/", {})
    make_finding(is_public=True)
    asked = text_of(admin, f"/rules/{rule.pk}/apply/", {})
    assert "1 public finding matches now" in asked
    done = text_of(admin, f"/rules/{rule.pk}/apply/", {"confirm_public": token(asked)})
    assert "Undo: make active again the 2 findings this rule archived" in done
    first = rule.history.filter(kind="APPLIED").earliest("id")
    undone = text_of(admin, f"/rules/{rule.pk}/undo/", {"application": first.pk})
    assert "1 finding made active again" in undone
    assert "1 finding made active again" in text_of(admin, f"/rules/{rule.pk}/undo/", {})
    page = text_of(admin, f"/rules/{rule.pk}/undo/", {})
    assert "Nothing to undo" in page
    for told in ("Created", "Applied to existing findings", "Undone", "What it archived on"):
        assert told in page
    assert admin.post(f"/rules/{rule.pk}/undo/", {"application": "x"}).status_code == 404
    finding = Finding.objects.filter(is_public=False).get()
    assert f'with rule <a href="/rules/{rule.pk}/">r</a>' in text_of(admin, f"/findings/{finding.pk}/")
    DeleteRule(rule, None)()
    assert "with rule r" in text_of(admin, f"/findings/{finding.pk}/")


def test_an_auditor_reads_rules(auditor: User, client_of: Callable[[User], Client], analyzer: Analyzer) -> None:
    rule, _ = CreateRule(analyzer, "r", SAFE, None)()
    client = client_of(auditor)
    page = text_of(client, f"/rules/{rule.pk}/")
    assert "isPublic:false" in page
    assert "Change" not in page
    assert "r" in text_of(client, "/rules/")
    for path in ("edit", "delete"):
        assert client.get(f"/rules/{rule.pk}/{path}/").status_code == 403
    for path in ("edit", "delete", "apply", "undo"):
        assert client.post(f"/rules/{rule.pk}/{path}/").status_code == 403
    assert client.post(f"/rules/restore/{analyzer.pk}/").status_code == 403
    assert ArchiveRule.objects.exists()


def test_hostile_rules_are_shown_as_text(admin: Client, analyzer: Analyzer) -> None:
    criteria = {"resource": {"eq": [HOSTILE]}, f"condition.{HOSTILE[:-1]}:x".replace(" ", ""): {"exists": True}, **SAFE}
    rule, _ = CreateRule(analyzer, "r", criteria, None, HOSTILE)()
    listed = json.dumps([{"ruleName": HOSTILE, "filter": criteria, "reason": HOSTILE}])
    pages = [text_of(admin, path) for path in ("/rules/", f"/rules/{rule.pk}/", f"/rules/{rule.pk}/delete/")]
    pages.append(text_of(admin, "/rules/import/", {"analyzer": analyzer.pk, "text": listed}))
    pages.append(text_of(admin, "/rules/copy/", {"analyzer": analyzer.pk, "source": f"rule:{rule.pk}"}))
    for page in pages:
        assert "<script>alert" not in page


def test_export_then_import(admin: Client, analyzer: Analyzer, make_finding: Callable[..., Finding]) -> None:
    CreateRule(analyzer, "safe", SAFE, None, "known")()
    CreateRule(analyzer, "broad", BROAD, None, confirm_public=True)()
    answer = admin.get(f"/rules/export.json?source=analyzer:{analyzer.pk}")
    assert answer["Content-Disposition"] == 'attachment; filename="archive-rules-one.json"'
    for source in ("", "rule:0", "analyzer:x", "kept:none", "other:1"):
        assert admin.get(f"/rules/export.json?source={source}").status_code == 404
    other = Analyzer.objects.create(name="two", type="ACCOUNT", scope=analyzer.scope)
    make_finding(analyzer=other, is_public=True)
    upload = SimpleUploadedFile("rules.json", answer.content)
    page = text_of(admin, "/rules/import/", {"analyzer": other.pk, "file": upload})
    assert "Import to two: 2 of 2 rules fit" in page
    assert "This rule can hide public access: broad" in page
    form = {"analyzer": other.pk, "text": answer.content.decode(), "do": "1", "applies": "existing"}
    asked = text_of(admin, "/rules/import/", form)
    assert other.archive_rules.count() == 0
    done = text_of(admin, "/rules/import/", {**form, "confirm_public": token(asked)})
    assert "2 rules added to two; 1 finding archived." in done
    again = text_of(admin, "/rules/import/", form)
    assert "0 of 2 rules fit" in again
    assert "two has a rule of this name already" in again


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "Choose a file"), ("{", "not JSON"), ("[]", "0 of 0"), ("[1]", "Expected an object"), ("a\x00", "Null")],
)
def test_an_import_that_is_none_is_explained(admin: Client, analyzer: Analyzer, text: str, message: str) -> None:
    assert message in text_of(admin, "/rules/import/", {"analyzer": analyzer.pk, "text": text})


def test_copy_to_an_analyzer_of_another_type(admin: Client, analyzer: Analyzer) -> None:
    rule, _ = CreateRule(analyzer, "safe", SAFE, None)()
    CreateRule(analyzer, "by-name", BROAD, None, confirm_public=True)()
    unused = Analyzer.objects.create(name="unused", type="ACCOUNT_UNUSED_ACCESS", scope=analyzer.scope)
    assert "Only safe of one" in text_of(admin, f"/rules/copy/?source=rule:{rule.pk}")
    form = {"analyzer": unused.pk, "source": f"analyzer:{analyzer.pk}"}
    page = text_of(admin, "/rules/copy/", form)
    assert "1 of 2 rules fits" in page
    assert "isPublic cannot be used in an archive rule of an analyzer of unused access" in page
    assert "1 rule added to unused; 0 findings archived. 1 did not fit." in text_of(
        admin, "/rules/copy/", {**form, "do": "1"}
    )
    assert "Select a valid choice" in text_of(admin, "/rules/copy/", {**form, "source": "rule:x"})


def test_kept_rules_are_offered_again(admin: Client, analyzer: Analyzer) -> None:
    CreateRule(analyzer, "broad", BROAD, None, confirm_public=True)()
    scope = analyzer.scope
    assert "Its archive rules are kept" in text_of(admin, f"/analyzers/{analyzer.pk}/delete/", {"name": "one"})
    rule = ArchiveRule.objects.get()
    assert "Kept from deleted analyzer one" in text_of(admin, "/rules/")
    assert "Kept from deleted analyzer one" in text_of(admin, f"/rules/{rule.pk}/")
    assert "analyzer is deleted" in text_of(admin, f"/rules/{rule.pk}/edit/", {})
    assert "is deleted" in text_of(admin, f"/rules/{rule.pk}/apply/", {})
    assert "1 archive rule was kept" in text_of(admin, "/rules/kept/?name=one")
    assert text_of(admin, "/rules/kept/?name=two").strip() == ""
    form = {"scope": f"ACCOUNT {scope}", "name": "one", "scan_every": ""}
    assert "Say whether to restore them" in text_of(admin, "/analyzers/new/", form)
    form["restore"] = "yes"
    asked = text_of(admin, "/analyzers/new/", form)
    assert "can hide public access: broad" in asked
    assert not Analyzer.objects.exists()
    done = text_of(admin, "/analyzers/new/", {**form, "confirm_public": token(asked)})
    assert "Analyzer one created, 1 kept rule restored" in done
    assert Analyzer.objects.get().archive_rules.get() == rule


def test_kept_rules_can_be_restored_later(admin: Client, analyzer: Analyzer) -> None:
    CreateRule(analyzer, "broad", BROAD, None, confirm_public=True)()
    CreateRule(analyzer, "taken", SAFE, None)()
    scope = analyzer.scope
    text_of(admin, f"/analyzers/{analyzer.pk}/delete/", {"name": "one"})
    form = {"scope": f"ACCOUNT {scope}", "name": "one", "scan_every": "", "restore": "no"}
    text_of(admin, "/analyzers/new/", form)
    again = Analyzer.objects.get()
    assert again.archive_rules.count() == 0
    CreateRule(again, "taken", SAFE, None)()
    assert "Restore to one" in text_of(admin, "/rules/")
    asked = text_of(admin, f"/rules/restore/{again.pk}/", {})
    assert "can hide public access: broad" in asked
    done = text_of(admin, f"/rules/restore/{again.pk}/", {"confirm_public": token(asked)})
    assert "one: 1 kept rule restored; taken: one has a rule of this name already" in done


# -- size ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(analyzer: Analyzer, make_finding: Callable[..., Finding]) -> Analyzer:
    """An analyzer with 100,000 active findings, every tenth of them public."""
    first = make_finding()
    columns = [field.column for field in Finding._meta.concrete_fields]
    made = {
        "id": "gen_random_uuid()",
        "key": "lpad(n::text, 64, 'k')",
        "resource": "'arn:aws:s3:::store-' || n",
        "is_public": "mod(n, 10) = 0",
    }
    values = ", ".join(made.get(column, f'"{column}"') for column in columns)
    named = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO findings_finding ({named}) SELECT {values} "
            "FROM findings_finding, generate_series(1, 99999) AS n WHERE id = %s",
            [first.pk],
        )
        cursor.execute("ANALYZE findings_finding")
    return analyzer


def test_a_hundred_thousand_findings(admin: Client, many: Analyzer, django_assert_max_num_queries: Any) -> None:
    preview = {"analyzer": many.pk, "q": "resource~store"}
    with django_assert_max_num_queries(10):
        page = text_of(admin, "/rules/preview/", preview)
    assert "More than 10,000</strong> active findings match" in page
    assert "9,999 public" in page
    assert page.count("<li>") == 8
    some = {"resource": {"contains": ["store-1", "bucket-0"]}, **SAFE}
    rule, archived = CreateRule(many, "r", some, None, existing=True)()
    assert archived == 10_001
    with django_assert_max_num_queries(12):
        assert "More than 10,000</strong> findings are archived by this rule" in text_of(admin, f"/rules/{rule.pk}/")
    with django_assert_max_num_queries(8):
        assert "10,001" in text_of(admin, "/rules/")
    other = Finding.objects.filter(archived_by=rule.pk + 1, status="ARCHIVED")
    assert "Seq Scan" not in other.order_by().values("pk").explain()
    public = Finding.objects.filter(analyzer=many, status="ARCHIVED", is_public=True)
    assert "Seq Scan" not in public.order_by().values("pk").explain()


def test_the_list_costs_the_same_whatever_the_number_of_rules(
    admin: Client, analyzer: Analyzer, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        CreateRule(analyzer, f"r{number}", SAFE, None)()
    with django_assert_max_num_queries(8):
        text_of(admin, "/rules/")
