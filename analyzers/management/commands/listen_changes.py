"""manage.py listen_changes [--queue-url URL] [--once]"""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analyzers.collect.access import NoCredentials
from analyzers.collect.listening import Listener
from analyzers.scans.targeted import scan_resources
from analyzers.tasks import wake_collection


class Command(BaseCommand):
    help = (
        "Take change events of CloudTrail from an SQS queue and read again, and analyse again, just what they name. "
        "Runs until it is told to stop. Exit status: 0 stopped, 2 wrong use or no credentials."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--queue-url", default=settings.CHANGE_QUEUE_URL, help="default: CHANGE_QUEUE_URL")
        parser.add_argument("--profile", default="", help="of the AWS CLI's configuration, for the queue")
        parser.add_argument("--once", action="store_true", help="take what is there, and end")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["queue_url"]:
            raise CommandError("No queue is named: set CHANGE_QUEUE_URL or give --queue-url.", returncode=2)
        try:
            listener = Listener(
                options["queue_url"], analyse=scan_resources, wake=wake_collection, profile=options["profile"]
            )
        except (ValueError, NoCredentials) as error:
            raise CommandError(str(error), returncode=2) from error
        if options["once"]:
            while listener.once(wait=1):
                pass
            return
        stop = threading.Event()

        def end(signum: int, frame: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        self.stdout.write(f"Listening to {options['queue_url']}")
        listener.run(stop)
