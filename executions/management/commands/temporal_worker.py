"""`manage.py temporal_worker`: runs workflows until it is told to stop."""

import asyncio
from typing import Any

from django.core.management.base import BaseCommand

from audit.origin import Origin, coming_from
from executions.worker import run_until_signalled


class Command(BaseCommand):
    """Starts the Temporal worker in the foreground."""

    help = "Run workflows and their activities until SIGTERM or Ctrl+C."

    def handle(self, *args: Any, **options: Any) -> None:
        # What happens in runs is nobody's command.
        with coming_from(Origin):
            asyncio.run(run_until_signalled())
