"""Taking messages about changes from a queue: read again what they name, ask again, and only then delete them."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable, Collection
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.db.models import F
from django.utils import timezone

from analyzers.models import ChangeCount, SetAsideMessage

from .access import NoCredentials
from .changes import NotUsable, Target, targets
from .one import NotCollected, Readers, read_parts, where_organization_is_read
from .place import clean
from .services import ORGANIZATION

logger = logging.getLogger(__name__)

AT_ONCE = 10
WAIT_SECONDS = 20
HIDDEN_SECONDS = 300
"""How long a message that is worked on is not given to anybody else."""
MOST_TRIES = 5
"""A message that could not be used this often is set aside."""
KEEP = 1000
BODY = 10_000
PAUSE = 15.0
_QUEUE = re.compile(r"https?://[^/?#\s]+/[^?#\s]+\Z")
_HOST_REGION = re.compile(r"\bsqs\.([a-z0-9-]+)\.amazonaws\.com")

Message = dict[str, Any]
Analyse = Callable[[Collection[str], Collection[str]], Any]
Wake = Callable[[int], Any]


class Listener:
    """`analyse` asks again about ARNs of accounts, `wake` calls a worker for a collection."""

    def __init__(self, queue: str, *, analyse: Analyse, wake: Wake, profile: str = "") -> None:
        """Raises ValueError for an address that is none, NoCredentials."""
        if _QUEUE.match(queue) is None:
            raise ValueError("The queue is named by its URL: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME")
        self.queue = queue
        self._analyse, self._wake = analyse, wake
        self._readers = Readers()
        named = _HOST_REGION.search(queue)
        try:
            session = boto3.Session(profile_name=profile or None)
            region = named.group(1) if named else session.region_name or "us-east-1"
            # A call waits for messages longer than others wait for answers.
            config = Config(retries={"mode": "standard"}, read_timeout=WAIT_SECONDS + 20, connect_timeout=10)
            self._sqs = session.client("sqs", region_name=region, config=config)
        except BotoCoreError as error:
            raise NoCredentials(str(error)) from error

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set. What fails is tried again later."""
        while not stop.is_set():
            try:
                close_old_connections()
                self.once()
            except (BotoCoreError, ClientError, NoCredentials, DatabaseError) as error:
                logger.warning("listening to %s failed, trying again: %s", self.queue, error)
                stop.wait(PAUSE)
            except Exception:  # an answer that is not as documented must not end the listener
                logger.exception("listening to %s failed, trying again", self.queue)
                stop.wait(PAUSE)

    def once(self, wait: int = WAIT_SECONDS) -> int:
        """Take the messages that are there; how many."""
        answer = self._sqs.receive_message(
            QueueUrl=self.queue,
            MaxNumberOfMessages=AT_ONCE,
            WaitTimeSeconds=wait,
            VisibilityTimeout=HIDDEN_SECONDS,
            AttributeNames=["ApproximateReceiveCount"],
        )
        messages = answer.get("Messages") or []
        if messages:
            self._work(messages)
        return len(messages)

    def _work(self, messages: list[Message]) -> None:
        wanted: dict[str, list[Target]] = {}
        done: list[Message] = []
        counted = {"taken": 0, "ignored": 0, "set_aside": 0}
        for message in messages:
            try:
                found = [_place(target) for target in targets(message.get("Body") or "")]
            except NotUsable as reason:
                self._set_aside(message, str(reason))
                counted["set_aside"] += 1
                done.append(message)
                continue
            if found:
                wanted[message["MessageId"]] = found
            else:
                counted["ignored"] += 1
                done.append(message)
        failed = self._read({target for found in wanted.values() for target in found})
        for message in messages:
            found = wanted.get(message["MessageId"], [])
            reasons = [failed[target] for target in found if target in failed]
            if found and not reasons:
                counted["taken"] += 1
                done.append(message)
            elif reasons and (isinstance(reasons[0], NotCollected) or _tries(message) >= MOST_TRIES):
                self._set_aside(message, str(reasons[0]))
                counted["set_aside"] += 1
                done.append(message)
        self._count(counted)
        for message in done:
            self._sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])

    def _read(self, wanted: set[Target]) -> dict[Target, Exception]:
        """Each once, however many messages name it; what failed and why."""
        failed: dict[Target, Exception] = {}
        for target in sorted(wanted):
            try:
                if self._readers.read(target):
                    self._analyse([target.arn], [target.account])
                else:
                    for collection in read_parts([target.whole()]):
                        self._wake(collection.pk)
            except DatabaseError:
                raise
            except Exception as error:
                if not isinstance(error, NotCollected | NoCredentials):
                    logger.exception("reading %s again failed", target)
                failed[target] = error
        return failed

    def _set_aside(self, message: Message, reason: str) -> None:
        SetAsideMessage.objects.create(
            message_id=clean(str(message.get("MessageId", "")))[:128],
            reason=clean(reason)[:2000],
            body=clean(str(message.get("Body", "")))[:BODY],
        )
        older = SetAsideMessage.objects.values_list("pk", flat=True)[KEEP:]
        SetAsideMessage.objects.filter(pk__in=list(older)).delete()

    def _count(self, counted: dict[str, int]) -> None:
        row, _ = ChangeCount.objects.get_or_create(queue=self.queue[:500])
        more: dict[str, Any] = {name: F(name) + number for name, number in counted.items()}
        ChangeCount.objects.filter(pk=row.pk).update(last_at=timezone.now(), **more)


def _place(target: Target) -> Target:
    if target.service == ORGANIZATION.name:
        return Target(target.service, where_organization_is_read(target.account))
    return target


def _tries(message: Message) -> int:
    try:
        return int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1))
    except (TypeError, ValueError, json.JSONDecodeError):
        return 1
