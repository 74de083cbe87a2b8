"""The options of unused access, for the commands that create and change analyzers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from analyzers.inventory.tracked import configuration_of


def add_tracking(parser: CommandParser) -> None:
    group = parser.add_argument_group("unused access")
    group.add_argument("--tracking-period", type=int, metavar="DAYS", help="days without use, 1 to 365; at first 90")
    group.add_argument("--exclude-account", action="append", default=[], metavar="ID")
    group.add_argument("--exclude-tag", action="append", default=[], metavar="KEY[=VALUE]")


def exclusions_of(options: Mapping[str, Any], days: int) -> dict[str, Any]:
    """The configuration with what the options leave out."""
    tags = [(key, value) for key, _, value in (tag.partition("=") for tag in options["exclude_tag"])]
    return configuration_of(days, options["exclude_account"], tags)
