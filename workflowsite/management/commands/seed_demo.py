"""`manage.py seed_demo`: sample users, agents, workflows and runs."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workflowsite.seeding import seed


class Command(BaseCommand):
    """Running it again makes only what is missing."""

    help = "Make the sample data of fixtures/; what is there already stays as it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How to tell."""
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Exits with 1 when something could not be made; the rest is there then."""
        made = seed()
        if options["json"]:
            self.stdout.write(json.dumps(made))
        else:
            lists: dict[str, list[str]] = {**made}  # type: ignore[dict-item]
            for what, names in lists.items():
                self.stdout.write(f"{what}: {', '.join(names) or '-'}")
        if made["problems"]:
            raise CommandError("; ".join(made["problems"]))
