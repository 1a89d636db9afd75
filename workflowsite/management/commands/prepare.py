"""`manage.py prepare`: the part of `dev` that needs the database; also useful after an upgrade."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from workflowsite.preparing import prepare


class Command(BaseCommand):
    """Migrate, import, discover, seed, and see that an administrator with a token exists."""

    requires_system_checks = []
    help = "Bring database, templates, tools and sample data up to date; print log-in data as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options of the command."""
        parser.add_argument("--no-demo-data", action="store_true", help="leave out the sample data")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Progress goes to stderr, the result to stdout."""
        told = prepare(with_demo_data=not options["no_demo_data"], output=self.stderr)
        self.stdout.write(json.dumps(told))
