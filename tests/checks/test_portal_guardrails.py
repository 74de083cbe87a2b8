"""Guardrails that are kept in the portal: versions, files, where they hold, who may change them."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied, ValidationError
from hypothesis import given
from hypothesis import strategies as st

from analyzers.actions import (
    AssignGuardrail,
    CopyFromLibrary,
    DeleteGuardrail,
    ImportGuardrails,
    SaveGuardrail,
    WithdrawGuardrail,
)
from analyzers.check_runs.assigned import holdings, matches, plan
from analyzers.check_runs.guardrail_texts import NotAGuardrail, of_library, read
from analyzers.checks import guardrails as library
from analyzers.models import GuardrailAssignment, GuardrailEvent, StoredGuardrail
from analyzers.views.guardrails import _zipped

TEXT = """name: ours
version: "1"
about: What is ours.
rules:
  - id: not-public
    check: no-public-access
"""
NEEDY = """name: needy
parameters:
  organization: the id
rules:
  - check: access-not-granted
    actions: ["iam:*"]
    resources: ["arn:aws:iam::{{organization}}:role/*"]
"""


# -- texts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", library.names())
def test_every_guardrail_of_the_library_can_be_kept(name: str) -> None:
    assert read(of_library(name)).name == name


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (TEXT.replace("no-public-access", "no-such-check"), 6, "check is one of"),
        (TEXT.replace("rules:", "rulez:"), 1, "'rulez' is not known"),
        ("name: [\n", 2, "did not find"),
        (TEXT.replace("ours\n", "../ours\n"), 1, "a name has letters"),
        (NEEDY.replace("{{organization}}", "{{nobody}}"), 7, "nobody is not among the parameters"),
        ("name: a\nrules:\n  - check: no-new-access\n    reference: other.json\n", 4, "stands in the guardrail itself"),
        ("a: &a [1]\nb: [*a, *c]\n", 2, "not defined"),
        ("", 1, "It is empty"),
        ("[" * 5_000, 1, "levels deep"),
        ("x" * 200_001, 0, "at most 200,000"),
        ("name: a\x00", 0, "null character"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(NotAGuardrail, match=message.replace("'", ".")) as caught:
        read(text)
    assert caught.value.line == line
    assert str(caught.value).startswith(f"Line {line}," if line else "It")


def test_yaml_that_would_grow_without_end_is_refused() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    with pytest.raises(NotAGuardrail, match="elements"):
        read(bomb)


# -- versions ------------------------------------------------------------------------------------------------------


def test_each_save_is_a_version_and_the_same_text_is_none(administrator: User) -> None:
    first = SaveGuardrail(TEXT, administrator)()
    guardrail = first.guardrail
    assert SaveGuardrail(TEXT.replace("\n", "\r\n"), administrator, guardrail)() == first
    second = SaveGuardrail(TEXT.replace("What is ours", "Ours"), administrator, guardrail)()
    assert (second.number, second.about, guardrail.newest) == (2, "Ours.", second)
    assert first.text == TEXT
    assert [event.kind for event in guardrail.events.all()] == ["CHANGED", "CREATED"]


def test_a_name_stays_and_is_taken_once(administrator: User) -> None:
    guardrail = SaveGuardrail(TEXT, administrator)().guardrail
    with pytest.raises(ValidationError, match="The name stays ours"):
        SaveGuardrail(TEXT.replace("ours", "theirs", 1), administrator, guardrail)()
    with pytest.raises(ValidationError, match="already"):
        SaveGuardrail(TEXT, administrator)()


def test_escapes_that_the_database_does_not_take_are_replaced(administrator: User) -> None:
    text = TEXT.replace("about: What is ours.", 'about: "a\\0b"')
    about = SaveGuardrail(text, administrator)().about
    assert "\x00" not in about
    assert about.startswith("a")


@pytest.mark.parametrize("name", ["auditor", "reviewer"])
def test_only_administrators_change_guardrails(name: str, administrator: User, request: pytest.FixtureRequest) -> None:
    user = request.getfixturevalue(name)
    guardrail = SaveGuardrail(TEXT, administrator)().guardrail
    held = AssignGuardrail(guardrail, "PIPELINE", "*", administrator)()
    for action in (
        SaveGuardrail(TEXT, user, guardrail),
        SaveGuardrail(TEXT, AnonymousUser(), guardrail),
        CopyFromLibrary("baseline", user),
        ImportGuardrails([("a.yaml", TEXT.encode())], user),
        AssignGuardrail(guardrail, "PIPELINE", "*", user),
        WithdrawGuardrail(held, user),
        DeleteGuardrail(guardrail, user),
    ):
        with pytest.raises(PermissionDenied):
            action()
    assert guardrail.versions.count() == 1


# -- files ---------------------------------------------------------------------------------------------------------


def test_files_go_out_as_they_came_in(administrator: User) -> None:
    commented = "# why we have this\n" + TEXT
    files = [("ours.yaml", b"\xef\xbb\xbf" + commented.encode()), ("needy.yml", NEEDY.encode())]
    saved = ImportGuardrails(files, administrator)()
    with zipfile.ZipFile(io.BytesIO(_zipped(saved))) as archive:
        assert archive.read("ours.yaml").decode() == commented
        assert archive.namelist() == ["ours.yaml", "needy.yaml"]
    assert _zipped(saved) == _zipped(saved)
    ImportGuardrails([("x", TEXT.encode())], administrator)()
    assert StoredGuardrail.objects.get(name="ours").versions.count() == 2


def test_an_import_is_all_or_nothing_and_names_the_file(administrator: User) -> None:
    files = [("good.yaml", TEXT.encode()), ("bad.yaml", b"name: x\n"), ("worse.yaml", b"\xff")]
    with pytest.raises(ValidationError) as caught:
        ImportGuardrails(files, administrator)()
    assert [text.split(":")[0] for text in caught.value.messages] == ["bad.yaml", "worse.yaml"]
    assert not StoredGuardrail.objects.exists()
    assert not GuardrailEvent.objects.exists()
    with pytest.raises(ValidationError):
        ImportGuardrails([], administrator)()


# -- where they hold -----------------------------------------------------------------------------------------------


def test_values_are_kept_with_the_assignment_and_must_be_there(administrator: User) -> None:
    guardrail = SaveGuardrail(NEEDY, administrator)().guardrail
    with pytest.raises(ValidationError, match="Give a value for organization"):
        AssignGuardrail(guardrail, "PIPELINE", "shop-*", administrator, {"organization": " "})()
    AssignGuardrail(guardrail, "PIPELINE", "shop-*", administrator, {"organization": "1", "other": "x"})()
    AssignGuardrail(guardrail, "PIPELINE", "shop-*", administrator, {"organization": "2"})()
    assert GuardrailAssignment.objects.get().values == {"organization": "2"}
    assert plan("shop-web", "")[0]["values"] == {"organization": "2"}
    assert plan("web", "") == []


@pytest.mark.parametrize(
    ("target", "pattern"),
    [("PIPELINE", ""), ("PIPELINE", "x" * 201), ("NOWHERE", "x"), ("ACCOUNT", "shop"), ("ACCOUNT", "1" * 13)],
)
def test_an_assignment_names_something(target: str, pattern: str, administrator: User) -> None:
    guardrail = SaveGuardrail(TEXT, administrator)().guardrail
    with pytest.raises(ValidationError):
        AssignGuardrail(guardrail, target, pattern, administrator)()


def test_a_version_can_be_held_fast(administrator: User) -> None:
    first = SaveGuardrail(TEXT, administrator)()
    AssignGuardrail(first.guardrail, "PIPELINE", "old", administrator, version=first)()
    AssignGuardrail(first.guardrail, "ACCOUNT", "111122223333", administrator)()
    AssignGuardrail(first.guardrail, "RESOURCE_TYPE", "AWS::S3::*", administrator)()
    SaveGuardrail(TEXT + "  - check: validate\n", administrator, first.guardrail)()
    assert [(one["label"], one["types"]) for one in plan("old", "")] == [("ours@1", ""), ("ours@2", "AWS::S3::*")]
    assert [one["label"] for one in plan("new", "111122223333")] == ["ours@2", "ours@2"]
    other = SaveGuardrail(NEEDY, administrator)()
    with pytest.raises(ValidationError, match="does not exist"):
        AssignGuardrail(first.guardrail, "PIPELINE", "x", administrator, version=other)()


def test_a_guardrail_that_cannot_be_used_any_more_is_told_not_left_out(administrator: User) -> None:
    guardrail = SaveGuardrail(TEXT, administrator)().guardrail
    AssignGuardrail(guardrail, "PIPELINE", "*", administrator)()
    SaveGuardrail(NEEDY.replace("needy", "ours"), administrator, guardrail)()
    (held,) = holdings(plan("x", ""))
    assert held.guardrail is None
    assert "needs organization" in held.error


def test_events_outlive_a_guardrail(administrator: User) -> None:
    guardrail = CopyFromLibrary("baseline", administrator)().guardrail
    AssignGuardrail(guardrail, "PIPELINE", "*", administrator)()
    DeleteGuardrail(guardrail, administrator)()
    assert list(GuardrailEvent.objects.values_list("kind", "name", "actor__username")) == [
        ("DELETED", "baseline", "adm"),
        ("ASSIGNED", "baseline", "adm"),
        ("COPIED", "baseline", "adm"),
    ]
    assert plan("x", "") == []


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_patterns_match_as_the_regular_expression_says(pattern: str, text: str) -> None:
    import re

    expression = "".join({"*": ".*", "?": "."}.get(char, char) for char in pattern)
    assert matches(pattern, text) is bool(re.fullmatch(expression, text))


def test_a_pattern_of_stars_takes_no_time() -> None:
    assert not matches("*a" * 99 + "*b", "a" * 200)
