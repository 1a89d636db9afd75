"""`manage.py evaluate_generation PROMPTS.jsonl --out RESPONSES.jsonl`: answers a prompt set, ready to be scored."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from discovery.language_model.client import is_configured
from generation.drafting import OFFLINE_PLANNER, OPENAI
from generation.evaluation import GENERATORS, WrongGenerator, answer
from generation.planner import warm_up


class Command(BaseCommand):
    """Answers prompts, each with its own catalogue instead of the database's."""

    help = 'Write one {"id", "response", "seconds"} per line for a file of prompts with catalogues.'
    # Nothing is read from the database.
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to answer, where to write, who answers."""
        parser.add_argument("prompts", type=Path, help="JSON lines with id, prompt and catalog")
        parser.add_argument("--out", type=Path, required=True, help="where to write the answers")
        parser.add_argument("--generator", choices=GENERATORS, default=OFFLINE_PLANNER)

    def handle(self, *_args: Any, **options: Any) -> None:
        """One line per prompt; a failed one has `error` and counts as a failure."""
        generator = options["generator"]
        if generator == OPENAI and not is_configured():
            raise CommandError("No model is configured. Set OPENAI_API_KEY or OPENAI_BASE_URL.")
        items = self._items(options["prompts"])
        warm_up()
        failed = 0
        with options["out"].open("w", encoding="utf-8") as out:
            for item in items:
                try:
                    line = answer(item, generator=generator)
                except WrongGenerator as error:
                    failed += 1
                    line = {"id": item["id"], "response": None, "error": str(error)}
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
        self.stdout.write(f"{len(items) - failed} of {len(items)} answered by {generator}.")

    def _items(self, path: Path) -> list[dict[str, Any]]:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            return [json.loads(line) for line in lines if line.strip()]
        except OSError as error:
            raise CommandError(f"{path} can't be read: {error.strerror}.") from error
        except json.JSONDecodeError as error:
            raise CommandError(f"{path} is not JSON lines: {error.msg}.") from error
