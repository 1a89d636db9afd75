"""`manage.py doctor`: is everything there, and if not, what to do?"""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from workflowsite.diagnosis import LOOKS, Finding, findings

MARKS = {"ok": "ok   ", "note": "note ", "error": "ERROR"}


class Command(BaseCommand):
    """Print a line for each thing the product needs; the exit code is 1 when one is broken."""

    help = "Check every dependency and service and say what to do about those that fail."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options of the command."""
        parser.add_argument("--json", action="store_true", help="print a list of JSON objects")
        parser.add_argument(
            "--only", nargs="+", choices=LOOKS, default=[], help="look only at these"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Show findings as they come, so that a slow one is not a silent one."""
        found = []
        for finding in findings(options["only"]):
            found.append(finding)
            if not options["json"]:
                self._show(finding)
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in found], indent=2))
        if any(finding.state == "error" for finding in found):
            sys.exit(1)

    def _show(self, finding: Finding) -> None:
        self.stdout.write(f"{MARKS[finding.state]}  {finding.name:<14} {finding.detail}")
        if finding.advice:
            self.stdout.write(f"       {'':<14} {finding.advice}")
