"""`manage.py discover_mcp`: asks MCP servers for their tools, now."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.command_line import CHECKED
from discovery.mcp.config import BrokenConfig
from discovery.models import McpServer
from discovery.refreshing import Refreshed, refresh_servers, sync_stdio_servers

EXIT_UNREACHABLE = 1
EXIT_WRONG_USE = 2


class Command(BaseCommand):
    """Exit code 0: every server asked is connected; 1: one is not; 2: an unknown server or an unreadable file."""

    requires_system_checks = CHECKED
    help = (
        "Takes the stdio servers over from mcp.json, asks all servers (or those named) for their tools, "
        "and stores what they say."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which servers, and how to print."""
        parser.add_argument("servers", nargs="*", metavar="SERVER", help="Ids; none: all servers.")
        parser.add_argument("--json", action="store_true", help="Print one JSON document.")

    def handle(self, *args: Any, servers: list[str], json: bool, **options: Any) -> None:
        """Do it; what goes wrong with one server leaves the others alone."""
        try:
            problems = sync_stdio_servers()
        except BrokenConfig as error:
            raise CommandError(str(error), returncode=EXIT_WRONG_USE) from error
        found = refresh_servers(_chosen(servers))
        if json:
            self._print_json(found, list(problems.values()))
        else:
            self._print(found, list(problems.values()))
        if problems or any(one.status != McpServer.Status.CONNECTED for one in found):
            raise SystemExit(EXIT_UNREACHABLE)

    def _print(self, found: list[Refreshed], problems: list[str]) -> None:
        for problem in problems:
            self.stderr.write(problem)
        for one in found:
            self.stdout.write(f"{one.server_id:24} {one.status:12} {len(one.tools):3} tools")
            for tool in one.tools:
                self.stdout.write(f"    {one.server_id}:{tool}")
            if one.error:
                self.stdout.write(f"    {one.error}")
        if not found:
            self.stdout.write("There is no server to ask.")

    def _print_json(self, found: list[Refreshed], problems: list[str]) -> None:
        document = {"servers": [asdict(one) for one in found], "problems": problems}
        self.stdout.write(json.dumps(document, indent=2))


def _chosen(names: list[str]) -> list[str]:
    known = set(McpServer.objects.values_list("pk", flat=True))
    unknown = sorted(set(names) - known)
    if unknown:
        raise CommandError(
            f"There is no server {unknown[0]!r}; there are: {', '.join(sorted(known)) or 'none'}.",
            returncode=EXIT_WRONG_USE,
        )
    disabled = McpServer.objects.filter(pk__in=names, status=McpServer.Status.DISABLED).first()
    if disabled is not None:
        raise CommandError(
            f"The server {disabled.pk!r} is disabled. {disabled.error}", returncode=EXIT_WRONG_USE
        )
    return names or sorted(known)
