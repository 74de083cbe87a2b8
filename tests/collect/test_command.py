"""The commands: what they refuse, and their exit status."""

from __future__ import annotations

import io
import json
import os

import pytest
from django.core.management import CommandError, call_command

from analyzers.collect import permissions
from analyzers.models import Collection

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as error:
        call_command(*arguments, stdout=io.StringIO(), stderr=io.StringIO())
    assert error.value.returncode == 2
    return str(error.value)


def test_without_credentials_one_sentence_says_so(no_credentials: None) -> None:
    said = refused("collect", "--organization")
    assert "does not accept the credentials" in said
    assert "AWS_PROFILE" in said
    assert "\n" not in said
    assert Collection.objects.get().status == "FAILED"


def test_a_profile_that_is_not_there(no_credentials: None) -> None:
    assert "nobody" in refused("collect", "--profile", "nobody")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--account", "12"], "twelve digits"),
        (["--regions", "nowhere"], "Names of regions"),
        (["--external-id", "a b"], "external_id"),
        (["--role-name", "a b"], "The name of a role"),
        (["--config-aggregator", "a b"], "aggregator"),
        (["--again", "7"], "There is no collection 7"),
    ],
)
def test_wrong_use(no_credentials: None, arguments: list[str], said: str) -> None:
    assert said in refused("collect", *arguments)
    assert not Collection.objects.exists()


def test_the_policy_can_be_printed(no_credentials: None) -> None:
    out = io.StringIO()
    call_command("collect", "--print", "collector-policy.json", stdout=out)
    assert json.loads(out.getvalue()) == permissions.member_policy()


def test_a_listener_needs_a_queue(no_credentials: None) -> None:
    assert "CHANGE_QUEUE_URL" in refused("listen_changes")
    assert "URL" in refused("listen_changes", "--queue-url", "changes")
