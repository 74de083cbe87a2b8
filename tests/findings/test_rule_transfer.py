"""Rules on their way: files, copies, and those of an analyzer that is made again; by action and by command."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from analyzers.actions import CreateAnalyzer, DeleteAnalyzer
from analyzers.models import Analyzer
from findings import rule_files
from findings.actions import CopyRules, CreateRule, ImportRules, RestoreRules
from findings.actions.transfer_rules import kept, review
from findings.models import ArchiveRule, Finding
from findings.rule_files import Draft

SAFE = {"isPublic": {"eq": ["false"]}}
BROAD = {"resource": {"contains": ["bucket"]}}


@pytest.fixture
def other(analyzer: Analyzer) -> Analyzer:
    return Analyzer.objects.create(name="two", type="ACCOUNT", scope=analyzer.scope)


@pytest.fixture
def unused(analyzer: Analyzer) -> Analyzer:
    return Analyzer.objects.create(name="unused", type="ACCOUNT_UNUSED_ACCESS", scope=analyzer.scope)


def run(*words: Any) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out, stderr=out)
    return out.getvalue()


def test_what_is_written_is_read_again(analyzer: Analyzer) -> None:
    for name, reason in (("b", ""), ("a", "known – „vendor“")):
        CreateRule(analyzer, name, SAFE, None, reason)()
    text = rule_files.write(analyzer.archive_rules.all())
    assert json.loads(text)["analyzer"] == {"name": "one", "type": "ACCOUNT"}
    assert json.loads(text)["archiveRules"][1] == {"ruleName": "b", "filter": SAFE}
    assert rule_files.read(text.encode()) == [Draft("a", SAFE, "known – „vendor“"), Draft("b", SAFE)]


def test_what_the_service_lists_is_read() -> None:
    listed = {"archiveRules": [{"ruleName": "r", "filter": SAFE, "createdAt": "2026-01-01T00:00:00Z", "updatedAt": ""}]}
    assert rule_files.read(json.dumps(listed).encode()) == [Draft("r", SAFE)]
    assert rule_files.read(json.dumps(listed["archiveRules"]).encode("utf-8-sig")) == [Draft("r", SAFE)]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON: .* in line 1"),
        (b"\xff", "not UTF-8"),
        (b"{}", "Expected a list of rules"),
        (b"7", "Expected a list of rules"),
        (b"[NaN]", "NaN is not JSON"),
        (b"[" * 100_000, "cannot be read"),
        (b'[{"ruleName": "r", "filter": {"isPublic": {}, "isPublic": {}}}]', "'isPublic' stands twice"),
        (b"[" + b"1" * 5_000 + b"]", "cannot be read"),
        (json.dumps([{}] * 1_001).encode(), "At most 1,000 rules"),
        (b" " * 2_000_001, "larger than 2,000,000 bytes"),
    ],
)
def test_a_file_that_is_none_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        rule_files.read(raw)


@given(st.binary(max_size=200) | st.text(max_size=80).map(lambda text: json.dumps([{text: text}]).encode()))
def test_a_file_of_anything_is_read_or_refused(raw: bytes) -> None:
    try:
        drafts = rule_files.read(raw)
    except ValidationError:
        return
    assert all(draft.name.isprintable() for draft in drafts)


HOSTILE: list[tuple[Any, str]] = [
    (7, "Expected an object"),
    ({}, "ruleName is missing"),
    ({"ruleName": "\ud800", "filter": SAFE}, "not a name"),
    ({"ruleName": "r"}, "filter is missing"),
    ({"ruleName": "r", "filter": SAFE, "reason": 7}, "reason is a text"),
    ({"ruleName": "r", "filter": SAFE, "note": ""}, "no member 'note'"),
    ({"ruleName": "1", "filter": SAFE}, "A letter"),
    ({"ruleName": "r" * 256, "filter": SAFE}, "at most 255"),
    ({"ruleName": "r", "filter": []}, "A filter is an object"),
    ({"ruleName": "r", "filter": {}}, "at least one criterion"),
    ({"ruleName": "r", "filter": {"isPublic": None}}, "expected an object"),
    ({"ruleName": "r", "filter": {"isPublic": {"eq": ["no"]}}}, "none of true, false"),
    ({"ruleName": "r", "filter": {"resource": {"eq": ["\ud800"]}}}, "half of one"),
    ({"ruleName": "r", "filter": {"status": {"eq": ["ACTIVE"]}}}, "Possible are: resource,"),
    ({"ruleName": "there", "filter": SAFE}, "has a rule of this name already"),
]


@pytest.mark.parametrize(("rule", "message"), HOSTILE)
def test_an_unsound_rule_of_a_file_is_told_by_the_rule(analyzer: Analyzer, rule: Any, message: str) -> None:
    CreateRule(analyzer, "there", SAFE, None)()
    drafts = rule_files.read(json.dumps([{"ruleName": "good", "filter": SAFE}, rule]).encode())
    good, bad = review(analyzer, drafts)
    assert good.fits
    assert message in " ".join(bad.problems)
    with pytest.raises(ValidationError) as caught:
        ImportRules(analyzer, drafts, None)()
    assert caught.value.message_dict["rules"][0].startswith(f"{bad.draft.name[:80]}: ")
    assert analyzer.archive_rules.count() == 1
    done = ImportRules(analyzer, drafts, None, skip_invalid=True)()
    assert ([row.name for row in done.rules], len(done.refused)) == (["good"], 1)


def test_a_name_that_stands_twice_is_refused(analyzer: Analyzer) -> None:
    one, two = review(analyzer, [Draft("r", SAFE), Draft("r", SAFE)])
    assert one.fits
    assert two.problems == ("A rule of this name stands before it.",)


def test_imported_rules_that_hide_public_access_have_to_be_confirmed(
    analyzer: Analyzer, reviewer: User, make_finding: Callable[..., Finding]
) -> None:
    make_finding(is_public=True)
    drafts = [Draft("broad", BROAD, "known"), Draft("safe", SAFE)]
    with pytest.raises(ValidationError) as caught:
        ImportRules(analyzer, drafts, reviewer, existing=True)()
    assert caught.value.message_dict == {
        "confirm_public": ["This rule can hide public access: broad. Add isPublic:false to its filter, or confirm."]
    }
    assert not ArchiveRule.objects.exists()
    done = ImportRules(analyzer, drafts, reviewer, existing=True, confirm_public=True)()
    assert done.archived == 1
    assert [event.kind for event in done.rules[0].history.order_by("id")] == ["IMPORTED", "APPLIED"]


def test_import_keeps_to_the_quota(analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ARCHIVE_RULES_PER_ANALYZER", 2)
    CreateRule(analyzer, "a", SAFE, None)()
    with pytest.raises(ValidationError, match="at most 2 archive rules"):
        ImportRules(analyzer, [Draft("b", SAFE), Draft("c", SAFE)], None)()
    assert analyzer.archive_rules.count() == 1


def test_copies_go_where_they_fit(analyzer: Analyzer, other: Analyzer, unused: Analyzer, reviewer: User) -> None:
    rules = [
        CreateRule(analyzer, "safe", SAFE, reviewer, "known")()[0],
        CreateRule(analyzer, "by-name", BROAD, reviewer, confirm_public=True)()[0],
    ]
    done = CopyRules(rules, other, reviewer, confirm_public=True)()
    assert {(rule.name, rule.reason) for rule in done.rules} == {("safe", "known"), ("by-name", "")}
    assert done.rules[0].history.get().note == "From analyzer one"
    assert analyzer.archive_rules.count() == 2
    with pytest.raises(ValidationError, match="isPublic cannot be used in an archive rule of an analyzer of unused"):
        CopyRules(rules, unused, reviewer)()
    # Unused access is never public, so nothing has to be confirmed.
    done = CopyRules(rules, unused, reviewer, skip_invalid=True)()
    assert [rule.name for rule in done.rules] == ["by-name"]
    assert [entry.draft.name for entry in done.refused] == ["safe"]


def test_kept_rules_are_restored_with_their_history(analyzer: Analyzer, administrator: User) -> None:
    rule, _ = CreateRule(analyzer, "r", SAFE, administrator, "known")()
    CreateRule(analyzer, "taken", SAFE, administrator)()
    scope = analyzer.scope
    DeleteAnalyzer(analyzer, "one", administrator)()
    assert kept("one").count() == 2
    again = CreateAnalyzer("one", "ACCOUNT", scope, administrator)()
    CreateRule(again, "taken", SAFE, administrator)()
    done = RestoreRules(again, administrator)()
    assert [row.pk for row in done.rules] == [rule.pk]
    assert [entry.draft.name for entry in done.refused] == ["taken"]
    rule.refresh_from_db()
    assert (rule.analyzer, rule.reason, rule.created_by) == (again, "known", administrator)
    assert [event.kind for event in rule.history.order_by("id")] == ["CREATED", "RESTORED"]
    assert kept("one").count() == 1


def test_of_kept_rules_of_one_name_the_latest_is_restored(analyzer: Analyzer, administrator: User) -> None:
    scope = analyzer.scope
    for reason in ("old", "new"):
        analyzer = Analyzer.objects.filter(name="one").first() or CreateAnalyzer("one", "ACCOUNT", scope, None)()
        CreateRule(analyzer, "r", SAFE, administrator, reason)()
        DeleteAnalyzer(analyzer, "one", administrator)()
    again = CreateAnalyzer("one", "ACCOUNT", scope, None)()
    RestoreRules(again, administrator)()
    assert again.archive_rules.get().reason == "new"
    assert kept("one").get().reason == "old"


def test_an_analyzer_of_another_type_gets_back_what_fits(unused: Analyzer, administrator: User) -> None:
    CreateRule(unused, "fits", BROAD, administrator)()
    CreateRule(unused, "not", {"findingType": {"eq": ["UnusedIAMRole"]}}, administrator)()
    scope = unused.scope
    DeleteAnalyzer(unused, "unused", administrator)()
    again = CreateAnalyzer("unused", "ACCOUNT", scope, administrator)()
    # What was harmless for unused access can hide public access here.
    with pytest.raises(ValidationError, match="can hide public access: fits"):
        RestoreRules(again, administrator)()
    assert [rule.name for rule in RestoreRules(again, administrator, confirm_public=True)().rules] == ["fits"]


# -- commands ------------------------------------------------------------------------------------------------------


def test_export_and_import_by_command(analyzer: Analyzer, other: Analyzer, tmp_path: Path) -> None:
    CreateRule(analyzer, "safe", SAFE, None, "known")()
    CreateRule(analyzer, "broad", BROAD, None, confirm_public=True)()
    file = tmp_path / "rules.json"
    run("export_rules", "one", "--output", file)
    assert run("export_rules", "one") == file.read_text()
    assert run("import_rules", "two", file, "--dry-run") == "broad: hides public access\nsafe: fits\n"
    with pytest.raises(CommandError, match=r"can hide public access: broad.*\nUse --confirm-public"):
        run("import_rules", "two", file)
    assert other.archive_rules.count() == 0
    assert "2 rules added, 0 left out" in run("import_rules", "two", file, "--confirm-public")
    with pytest.raises(CommandError, match=r"of this name already.*\n.*\nNothing was changed") as caught:
        run("import_rules", "two", file)
    assert caught.value.returncode == 2
    with pytest.raises(SystemExit) as left:
        run("import_rules", "two", file, "--skip-invalid")
    assert left.value.code == 1
    with pytest.raises(SystemExit):
        run("import_rules", "two", file, "--dry-run")


def test_import_reads_standard_input(analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = json.dumps([{"ruleName": "safe", "filter": SAFE}]).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(rules)))
    assert "added safe" in run("import_rules", "one", "-")
    monkeypatch.setattr(settings, "ARCHIVE_RULES_FILE_BYTES", 10)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(rules)))
    with pytest.raises(CommandError, match="larger than 10 bytes"):
        run("import_rules", "one", "-")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["export_rules", "none"], "There is no analyzer 'none'. Known: one"),
        (["import_rules", "none", "-"], "There is no analyzer 'none'"),
        (["import_rules", "one", "/nowhere"], "No such file"),
        (["copy_rules", "one", "none"], "There is no analyzer 'none'"),
        (["copy_rules", "one", "one", "--rule", "x"], "one has no rule x"),
        (["export_rules", "one", "--output", "/nowhere/file"], "No such file"),
    ],
)
@pytest.mark.usefixtures("analyzer")
def test_a_command_says_what_is_wrong(words: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message) as caught:
        run(*words)
    assert caught.value.returncode == 2


def test_copying_by_command(analyzer: Analyzer, other: Analyzer, make_finding: Callable[..., Finding]) -> None:
    make_finding(analyzer=other)
    CreateRule(analyzer, "a", SAFE, None)()
    CreateRule(analyzer, "b", SAFE, None)()
    assert "1 rules added, 0 left out, 1 findings archived" in run(
        "copy_rules", "one", "two", "--rule", "a", "--existing"
    )
    assert [rule.name for rule in other.archive_rules.all()] == ["a"]


def test_an_analyzer_made_again_by_command(analyzer: Analyzer, other: Analyzer) -> None:
    CreateRule(analyzer, "broad", BROAD, None, confirm_public=True)()
    scope = analyzer.scope
    assert "1 archive rules are kept" in run("delete_analyzer", "one", "--confirm", "one")
    assert json.loads(run("export_rules", "one"))["archiveRules"][0]["ruleName"] == "broad"
    assert "1 rules added" in run("copy_rules", "one", "two", "--confirm-public")
    make = ["create_analyzer", "one", "--type", "ACCOUNT", "--scope", scope]
    with pytest.raises(CommandError, match=r"can hide public access: broad.*Use --confirm-public"):
        run(*make, "--restore-rules")
    assert not Analyzer.objects.filter(name="one").exists()
    assert "1 archive rules restored" in run(*make, "--restore-rules", "--confirm-public")
    assert Analyzer.objects.get(name="one").archive_rules.get().name == "broad"


def test_one_is_told_of_kept_rules(analyzer: Analyzer) -> None:
    CreateRule(analyzer, "safe", SAFE, None)()
    scope = analyzer.scope
    run("delete_analyzer", "one", "--confirm", "one")
    said = run("create_analyzer", "one", "--type", "ACCOUNT", "--scope", scope)
    assert "copy_rules one one --kept" in said
    assert "1 rules added" in run("copy_rules", "one", "one", "--kept")
