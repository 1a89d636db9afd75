"""`manage.py audit list`: who did what, on a terminal or for a script."""

import argparse
import json
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from audit.models import AuditEntry
from audit.selectors import entries_for
from common.command_line import CHECKED, acting_user

MAX_ROWS = 1_000
KINDS = list(AuditEntry.ObjectKind)


class Command(BaseCommand):
    """Reads the trail, as one of the users; nothing writes to it."""

    requires_system_checks = CHECKED
    help = "List who did what, the newest first."

    def add_arguments(self, parser: CommandParser) -> None:
        """A word for what to do, with its options."""
        words = parser.add_subparsers(dest="word", required=True, metavar="WORD")
        listing = words.add_parser("list", help="entries, the newest first")
        listing.add_argument("--actor", help="only what this user did")
        listing.add_argument("--action", action="append", choices=list(AuditEntry.Action))
        listing.add_argument(
            "--object",
            type=_object,
            metavar="KIND[:ID]",
            help=f"only what was done to it; a kind is one of {', '.join(KINDS)}",
        )
        listing.add_argument("--since", type=_moment, help="then or later: ISO 8601")
        listing.add_argument("--until", type=_moment, help="before then")
        listing.add_argument("--limit", type=_count, default=20, help=f"rows, up to {MAX_ROWS}")
        listing.add_argument("--user", help="as whom; the first administrator if absent")
        listing.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Tell the entries."""
        rows = _chosen(options)[: options["limit"]]
        if options["json"]:
            told = {"results": [_as_json(row) for row in rows]}
            self.stdout.write(json.dumps(told, default=str, ensure_ascii=False))
            return
        for row in rows:
            self.stdout.write(_as_line(row))


def _chosen(options: dict[str, Any]) -> QuerySet[AuditEntry]:
    rows = entries_for(acting_user(options["user"]))
    if options["actor"]:
        rows = rows.filter(actor_name=options["actor"])
    if options["action"]:
        rows = rows.filter(action__in=options["action"])
    if options["object"]:
        rows = rows.filter(**options["object"])
    if options["since"]:
        rows = rows.filter(created_at__gte=options["since"])
    if options["until"]:
        rows = rows.filter(created_at__lt=options["until"])
    return rows.order_by("-created_at", "id")


def _as_json(row: AuditEntry) -> dict[str, Any]:
    names = [field.attname for field in AuditEntry._meta.concrete_fields]
    return {name: getattr(row, name) for name in names}


def _as_line(row: AuditEntry) -> str:
    what = f"{row.object_kind}:{row.object_id}" if row.object_id else row.object_kind
    told = row.summary or ", ".join(row.changes) or (row.object_name if not row.object_id else "")
    came = " ".join(filter(None, (row.channel, row.via, row.client_address)))
    parts = (
        f"{row.created_at.astimezone(timezone.get_current_timezone()):%Y-%m-%d %H:%M:%S}",
        row.actor_name or f"({row.actor_kind})",
        row.action,
        what,
        f"[{came}]",
        told,
    )
    return "  ".join(filter(None, parts))


def _object(text: str) -> dict[str, str]:
    kind, _, key = text.partition(":")
    if kind not in KINDS:
        raise argparse.ArgumentTypeError(f"{kind!r} is none of {', '.join(KINDS)}")
    return {"object_kind": kind, **({"object_id": key} if key else {})}


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text) or datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no ISO 8601 time") from None
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _count(text: str) -> int:
    if text.isdigit() and 1 <= int(text) <= MAX_ROWS:
        return int(text)
    raise argparse.ArgumentTypeError(f"give a number from 1 to {MAX_ROWS}")
