"""`manage.py generations list|show|cancel|usage`: designs from a terminal or a script."""

import argparse
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.command_line import CHECKED, acting_user, refusals
from common.live.waiting import follow
from generation.cancelling import request_cancellation
from generation.jobs.events import source_of
from generation.jobs.telling import CALL_COLUMNS, COLUMNS, call_of, event_json, event_line, row_of
from generation.jobs.usage import USAGE_COLUMNS, usage_by_user
from generation.models import Generation
from generation.selectors import generations_for
from workflows.terminal import table

MAX_ROWS = 1_000


class Command(BaseCommand):
    """Looks at designs and cancels them, as one of the users."""

    requires_system_checks = CHECKED
    help = "List, show and cancel generations, and tell what they cost."

    def add_arguments(self, parser: CommandParser) -> None:
        """A word for what to do, each with its own options."""
        words = parser.add_subparsers(dest="word", required=True, metavar="WORD")
        listing = words.add_parser("list", help="generations, the newest first")
        listing.add_argument("--status", action="append", choices=list(Generation.Status))
        listing.add_argument("--limit", type=int, default=20, help=f"rows, up to {MAX_ROWS}")
        showing = words.add_parser("show", help="one generation with its calls")
        showing.add_argument("id")
        showing.add_argument("--follow", action="store_true", help="tell each stage until the end")
        cancelling = words.add_parser("cancel", help="stop generations")
        cancelling.add_argument("ids", nargs="+", metavar="id")
        usage = words.add_parser("usage", help="tokens and cost by user")
        usage.add_argument("--days", type=int, default=30, help="of the last days (UTC)")
        for word in (listing, showing, cancelling, usage):
            _add_common(word)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do what the word says."""
        getattr(self, f"_{options['word']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        rows = generations_for(acting_user(options["user"])).defer("result", "problems")
        if options["status"]:
            rows = rows.filter(status__in=options["status"])
        limit = min(max(options["limit"], 1), MAX_ROWS)
        self._tell([row_of(row) for row in rows[:limit]], COLUMNS, options)

    def _show(self, options: dict[str, Any]) -> None:
        row = _generation(options["id"], options)
        if options["follow"]:
            tell = event_json if options["json"] else event_line
            for events in follow(source_of(row.pk)):
                for event in events:
                    self.stdout.write(tell(event))
            row.refresh_from_db()
        calls = [call_of(call) for call in row.calls.order_by("number")]
        if options["json"]:
            told = {**row_of(row), "result": row.result, "calls": calls}
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        for line in table(COLUMNS, [row_of(row)]):
            self.stdout.write(line)
        for line in table(CALL_COLUMNS, calls) if calls else ():
            self.stdout.write(line)
        for warning in (row.result or {}).get("warnings", []):
            self.stdout.write(f"Note: {warning}")
        if row.error:
            self.stdout.write(row.error)

    def _cancel(self, options: dict[str, Any]) -> None:
        for generation_id in options["ids"]:
            row = _generation(generation_id, options)
            with refusals():
                row = request_cancellation(row)
            told = {"id": row.pk, "status": row.status}
            self.stdout.write(json.dumps(told) if options["json"] else f"{row.pk} is cancelled.")

    def _usage(self, options: dict[str, Any]) -> None:
        rows = usage_by_user(acting_user(options["user"]), days=max(options["days"], 1))
        self._tell(rows, USAGE_COLUMNS, options)

    def _tell(
        self, rows: list[dict[str, Any]], columns: tuple[str, ...], options: dict[str, Any]
    ) -> None:
        if options["json"]:
            self.stdout.write(json.dumps({"results": rows}, ensure_ascii=False))
            return
        for line in table(columns, rows):
            self.stdout.write(line)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--user", help="act as this user; default: the first administrator")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _generation(generation_id: str, options: dict[str, Any]) -> Generation:
    found = generations_for(acting_user(options["user"])).filter(pk=generation_id).first()
    if found is None:
        raise CommandError(f"There is no generation {generation_id!r}.")
    return found
