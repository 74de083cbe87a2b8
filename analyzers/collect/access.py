"""Credentials for each account: the caller's own, or those of the collecting role.

They come from the environment, a profile or by taking on a role; nothing is stored.
"""

from __future__ import annotations

import os
import re
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import boto3
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session as CoreSession

ROLE_NAME = re.compile(r"[\w+=,.@/-]{1,512}\Z", re.ASCII)
EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}\Z", re.ASCII)
REGION = re.compile(r"[a-z]{2,4}(-[a-z]{2,12}){1,3}-[0-9]{1,2}\Z")
PROFILE = re.compile(r"[\w .@+-]{1,128}\Z", re.ASCII)

DEFAULT_ROLE = "AnalyzerPortalCollector"
SESSION_NAME = "analyzer-portal"


class NoCredentials(Exception):
    """AWS does not say who we are; the message says what to do."""


@dataclass(frozen=True)
class Caller:
    account: str
    arn: str
    partition: str


class Access:
    """Clients for accounts and regions. Safe for threads.

    `role`: taken on in every account but the caller's own. `attempts`: how often a call is tried; botocore's adaptive
    mode slows down by itself where a service asks for it.
    """

    def __init__(
        self, *, profile: str = "", role: str = DEFAULT_ROLE, external_id: str = "", attempts: int = 8
    ) -> None:
        self._profile = profile
        self._role = role
        self._external_id = external_id
        self._config = Config(
            retries={"mode": "adaptive", "total_max_attempts": attempts},
            connect_timeout=10,
            read_timeout=60,
        )
        self._lock = threading.Lock()
        self._base = self._own_session()
        self._sessions: dict[str, boto3.Session] = {}
        self._caller: Caller | None = None

    def _own_session(self) -> boto3.Session:
        try:
            return boto3.Session(profile_name=self._profile or None)
        except BotoCoreError as error:
            raise NoCredentials(f"{error}. Profiles stand in the configuration file of the AWS CLI.") from error

    @property
    def region(self) -> str:
        """Where services are asked that have no region."""
        return str(self._base.region_name or "us-east-1")

    def caller(self) -> Caller:
        """Who we are. Raises NoCredentials."""
        if self._caller is None:
            try:
                found = self._base.client("sts", region_name=self.region, config=self._config).get_caller_identity()
            except (BotoCoreError, ClientError) as error:
                reason = str(error).rstrip(".")
                raise NoCredentials(
                    f"AWS does not accept the credentials: {reason}. Set AWS_PROFILE or the variables of the AWS CLI, "
                    "or run where a role is given."
                ) from error
            arn = str(found["Arn"])
            self._caller = Caller(str(found["Account"]), arn, arn.split(":")[1])
        return self._caller

    def known_regions(self) -> list[str]:
        """The regions of the caller's partition, as far as the SDK knows them."""
        return sorted(self._base.get_available_regions("ec2", self.caller().partition))

    def client(self, account: str, service: str, region: str) -> Any:
        """A new client. A role that cannot be taken on raises ClientError with its first call."""
        with self._lock:
            session = self._session(account)
            client = session.client(service, region_name=region or self.region, config=self._config)
        if service == "s3control" and _has_own_endpoint():
            client.meta.events.register("before-call.s3-control.*", _without_account)
        return client

    def offers(self, service: str, region: str) -> bool | None:
        """Whether the SDK knows the service in the region; None if it knows no region of the service."""
        known = self._base.get_available_regions(service, self.caller().partition)
        return region in known if known else None

    def _session(self, account: str) -> boto3.Session:
        caller = self.caller()
        if account == caller.account:
            return self._base
        if account not in self._sessions:
            self._sessions[account] = self._assumed(account, caller)
        return self._sessions[account]

    def _assumed(self, account: str, caller: Caller) -> boto3.Session:
        more = {"RoleSessionName": SESSION_NAME}
        if self._external_id:
            more["ExternalId"] = self._external_id
        base = self._base._session
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=self._sts,
            source_credentials=base.get_credentials(),
            role_arn=f"arn:{caller.partition}:iam::{account}:role/{self._role}",
            extra_args=more,
        )
        core = CoreSession()
        # Descriptions of services are read from the disk once, not once an account.
        core.register_component("data_loader", base.get_component("data_loader"))
        core._credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
        return boto3.Session(botocore_session=core, region_name=self.region)

    def _sts(self, service: str, **credentials: Any) -> Any:
        return self._base.client(service, region_name=self.region, config=self._config, **credentials)


def _without_account(params: dict[str, Any], **kwargs: Any) -> None:
    """The SDK puts the account in front of the host's name. An endpoint of one's own has no such names."""
    url = urlsplit(params["url"])
    account, _, host = url.netloc.partition(".")
    if account.isdigit() and len(account) == 12:
        params["url"] = urlunsplit(url._replace(netloc=host))


def _has_own_endpoint() -> bool:
    return any(name == "AWS_ENDPOINT_URL" or name.startswith("AWS_ENDPOINT_URL_") for name in os.environ)
