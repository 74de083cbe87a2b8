"""manage.py renew_event_sources: which services the sources of CloudTrail's events belong to, from AWS's models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import botocore.session
from django.core.management.base import BaseCommand, CommandParser

from analyzers import catalogue
from analyzers.usage.actions import DATA
from analyzers.usage.recorded import SERVICES

VERBS = "apigateway"


class Command(BaseCommand):
    help = "Renews the event sources from the installed service models. Exit status 1: with --check, if they are old."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only say whether they are up to date")

    def handle(self, *args: Any, **options: Any) -> None:
        text = text_of_models()
        if DATA.exists() and DATA.read_text() == text:
            self.stdout.write("The event sources are up to date.")
            return
        if options["check"]:
            self.stderr.write("The event sources are old: manage.py renew_event_sources renews them.")
            raise SystemExit(1)
        DATA.write_text(text)
        self.stdout.write(f"Renewed {DATA.name}.")


def text_of_models() -> str:
    """JSON: `sources` {source: [prefixes]}, `operations` {prefix: [names]} `verbs` {source: {operation: [verb]}}."""
    session = botocore.session.get_session()
    sources: dict[str, set[str]] = {}
    operations: dict[str, set[str]] = {prefix: set() for prefix in SERVICES}
    verbs: dict[str, set[str]] = {}
    for name in session.get_available_services():
        model = session.get_service_model(name)
        names = list(dict.fromkeys(_names(name, model.metadata)))
        prefixes = [one for one in names if catalogue.service(one)]
        for source in names:
            sources.setdefault(source, set()).update(prefixes)
        for prefix in set(prefixes) & set(operations):
            operations[prefix].update(model.operation_names)
        if VERBS in prefixes:
            for operation in model.operation_names:
                verbs.setdefault(operation, set()).add(model.operation_model(operation).http["method"])
    told = {
        "sources": {
            source: sorted(found) for source, found in sorted(sources.items()) if found not in (set(), {source})
        },
        "operations": {prefix: sorted(found) for prefix, found in sorted(operations.items())},
        "verbs": {VERBS: {operation: sorted(found) for operation, found in sorted(verbs.items())}},
    }
    return json.dumps(told, indent=0, separators=(",", ":")) + "\n"


def _names(name: str, metadata: dict[str, Any]) -> Iterator[str]:
    """What the source and the prefix may be called: neither stands in the models."""
    identity = metadata.get("serviceId", "").lower()
    for told in (metadata.get("signingName"), metadata["endpointPrefix"], name, identity.replace(" ", "-")):
        if told:
            yield told
            yield told.rpartition(".")[2]
            yield told.partition(".")[0]
    yield identity.replace(" ", "")
