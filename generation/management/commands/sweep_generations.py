"""`manage.py sweep_generations`: puts waiting jobs on the queue again and fails those whose worker is gone."""

from typing import Any

from django.core.management.base import BaseCommand

from common.command_line import CHECKED
from generation.tasks import sweep


class Command(BaseCommand):
    """Finds generations that got stuck; a starting Celery worker does the same."""

    requires_system_checks = CHECKED
    help = "Queue waiting generations again, and fail those whose worker is gone."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Says how many."""
        queued, failed = sweep()
        self.stdout.write(f"{queued} queued again, {failed} failed.")
