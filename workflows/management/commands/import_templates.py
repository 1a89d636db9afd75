"""`manage.py import_templates`: mirror the template files into the database."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import Conflict
from workflows.selectors import catalogue_of_the_installation
from workflows.template_files import BadTemplateFile, read_templates
from workflows.template_import import Outcome, import_templates

FOLDER = Path(settings.BASE_DIR) / "templates_json"


class Command(BaseCommand):
    """Reads every file first: one bad file, and nothing is stored."""

    help = "Store the templates of templates_json/; running it again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """The options of the command line."""
        parser.add_argument("--dry-run", action="store_true", help="Say what would happen.")
        parser.add_argument(
            "--prune", action="store_true", help="Archive imported templates whose file is gone."
        )
        parser.add_argument("--json", action="store_true", help="Answer as one JSON object.")
        parser.add_argument("--folder", type=Path, default=FOLDER, help="Where the files are.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import; exit code 1 with the file and place of everything that is wrong."""
        catalogue = catalogue_of_the_installation()
        try:
            outcome = import_templates(
                read_templates(options["folder"], catalogue),
                catalogue,
                prune=options["prune"],
                dry_run=options["dry_run"],
            )
        except (BadTemplateFile, Conflict) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(orjson.dumps(asdict(outcome)).decode())
        else:
            self._tell(outcome, would="would be " if options["dry_run"] else "")

    def _tell(self, outcome: Outcome, *, would: str) -> None:
        for what, ids in asdict(outcome).items():
            if ids:
                self.stdout.write(f"{len(ids)} {would}{what}: {', '.join(ids)}")
