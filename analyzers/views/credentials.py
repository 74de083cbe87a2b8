"""Form fields that say with which credentials AWS is read: those of the server, never typed in."""

from __future__ import annotations

import boto3
from botocore.exceptions import BotoCoreError
from django import forms


def profiles() -> list[str]:
    """The profiles that the server's AWS configuration names."""
    try:
        return sorted(boto3.Session().available_profiles)
    except BotoCoreError:
        return []


def profile_field() -> forms.ChoiceField:
    """The configuration is looked at for each form anew."""

    def choices() -> list[tuple[str, str]]:
        chain = [("", "the default ones (environment, role of the machine)")]
        return chain + [(name, f"profile {name}") for name in profiles()]

    return forms.ChoiceField(
        label="Credentials",
        required=False,
        choices=choices,
        help_text="Those of the server's own AWS configuration. Keys are never typed in here, and never stored.",
    )


def external_id_field() -> forms.CharField:
    return forms.CharField(
        label="External id",
        required=False,
        max_length=1224,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="If the role's trust policy asks for one. It is not shown again.",
    )
