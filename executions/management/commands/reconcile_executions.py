"""`manage.py reconcile_executions`: compare unfinished runs with Temporal and mend what a crash left behind."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.command_line import CHECKED
from common.errors import Unavailable
from common.upkeep import mend
from executions.reconciling import reconcile_all
from executions.starts.starting import UNREACHABLE


class Command(BaseCommand):
    """Starts runs whose start was interrupted, ends runs that Temporal has ended or lost, and does the other chores."""

    requires_system_checks = CHECKED
    help = "Mend unfinished runs after a crash; safe at any time, and repeated by itself."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How old a run must be, and how to tell."""
        parser.add_argument(
            "--older-than", type=float, default=30.0, help="seconds since the row was written"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Exits with 1 when Temporal does not answer; nothing was changed then."""
        try:
            done = reconcile_all(older_than_seconds=options["older_than"])
            others = mend(leave_out=["executions"])
        except (*UNREACHABLE, Unavailable) as error:
            raise CommandError(f"Temporal does not answer: {error}") from error
        if options["json"]:
            self.stdout.write(json.dumps({**done, "others": others}))
            return
        for word, ids in done.items():
            self.stdout.write(f"{word}: {len(ids)}")
            for execution_id in ids if word != "left" else ():
                self.stdout.write(f"  {execution_id}")
        for name, told in others.items():
            self.stdout.write(
                f"{name}: " + ", ".join(f"{what} {said}" for what, said in told.items())
            )
