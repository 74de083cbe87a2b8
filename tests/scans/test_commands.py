"""The commands about analyzers say what was wrong, and by their exit status."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from analyzers.models import Analyzer


def test_deleting_asks_for_the_name_again(analyzer: Analyzer) -> None:
    with pytest.raises(CommandError, match="Repeat the name") as caught:
        call_command("delete_analyzer", analyzer.name)
    assert caught.value.returncode == 2
    assert Analyzer.objects.filter(pk=analyzer.pk).exists()
    out = StringIO()
    call_command("delete_analyzer", analyzer.name, confirm=analyzer.name, stdout=out)
    assert "deleted" in out.getvalue()
    assert not Analyzer.objects.filter(pk=analyzer.pk).exists()


@pytest.mark.parametrize("command", ["delete_analyzer", "scan"])
def test_an_unknown_analyzer_names_the_known(analyzer: Analyzer, command: str) -> None:
    with pytest.raises(CommandError, match=f"Known: {analyzer.name}") as caught:
        call_command(command, "nobody")
    assert caught.value.returncode == 2
