"""Events to actions: what the caller must have been allowed to do.

An event has the action of its name, in the service that its source belongs to, unless `special_events` says otherwise.
Which services those are follows from AWS's service models (`data/event_sources.json`, renewed by
`manage.py renew_event_sources`), the actions from the catalogue. Events that both do not know have no action: they are
counted and shown.
"""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from analyzers import catalogue

from .special_events import OTHER_SOURCES, SIGN_IN, SPECIAL, Actions

DATA = Path(__file__).with_name("data") / "event_sources.json"

_DOMAIN = ".amazonaws.com"
_VERSION = re.compile(r"(?:\d{4}_?\d{2}_?\d{2})(?:v\d+)?$")


@lru_cache(maxsize=1 << 16)
def actions_of(source: str, event: str) -> Actions | None:
    """The actions, as the catalogue spells them; empty if the event needs no permission, None if nobody knows.

    `source`: `s3.amazonaws.com`; `event`: `ListBuckets`, also with the version of the interface at its end.
    """
    if not source.endswith(_DOMAIN):
        return None
    short = source.removesuffix(_DOMAIN)
    name = _VERSION.sub("", event)
    special = _special().get(short, {}).get(name.lower())
    if special is not None:
        return special
    if found := _same_name(short, name) or _by_verb(short, name):
        return found
    return () if short in SIGN_IN else None


def prefixes_of(source: str) -> Actions:
    """The IAM prefixes that events of the source may have, by its name without `.amazonaws.com`."""
    told = OTHER_SOURCES.get(source) or _data()["sources"].get(source)
    if told:
        return tuple(told)
    return (source,) if catalogue.service(source) else ()


def operations_of(prefix: str) -> frozenset[str]:
    """The operations of a service's models, of those services that `recorded` knows."""
    return frozenset(_data()["operations"].get(prefix, ()))


def _same_name(source: str, name: str) -> Actions:
    """Where a source belongs to several services that have the action, it counts for each."""
    name = name.lower()
    return tuple(found for prefix in prefixes_of(source) if (found := _names(prefix).get(name)))


def _by_verb(source: str, name: str) -> Actions:
    """API Gateway's actions are the verbs of HTTP.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-examples.html
    """
    verbs = _data()["verbs"].get(source, {}).get(name, ())
    return tuple(f"{source}:{verb}" for verb in verbs)


@cache
def _names(prefix: str) -> dict[str, str]:
    return {action.name.lower(): action.full_name for action in catalogue.actions_of(prefix)}


@cache
def _special() -> dict[str, dict[str, Actions]]:
    return {source: {event.lower(): found for event, found in events.items()} for source, events in SPECIAL.items()}


@cache
def _data() -> Any:
    return json.loads(DATA.read_text())
