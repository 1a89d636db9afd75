"""What a folder needs before its processes start: tables, templates, tools, sample data, an admin and a token."""

import hashlib
import secrets
from collections.abc import Callable, Iterable
from datetime import timedelta
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command, get_commands
from django.core.management.base import CommandError, OutputWrapper
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from knox.auth import TokenAuthentication
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed

from workflowsite.localstack.private_files import read_json, write_json

ADMIN = "admin"
TOKEN_LIFETIME = timedelta(days=30)
TOKEN_FILE = "api-token.json"  # noqa: S105 - a file's name
DONE_FILE = "prepared.json"
Report = Callable[[str], None]


def prepare(*, with_demo_data: bool, output: OutputWrapper) -> dict[str, str]:
    """Bring the database and its contents up to date, cheaply when they are.

    Returns what only now can be told: `token`, and `password` when the admin was made just now.
    """
    is_changed = migrate(output)
    password = create_admin()
    steps = _content_steps(with_demo_data=with_demo_data)
    run_changed(steps, everything=is_changed, output=output)
    told = {"username": ADMIN, "token": api_token()}
    return told | ({"password": password} if password else {})


def migrate(output: OutputWrapper) -> bool:
    """Apply the migrations that are missing; returns whether there were any."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        return False
    output.write(f"Migrating the database ({len(plan)} steps)")
    call_command("migrate", interactive=False, verbosity=0)
    return True


def _content_steps(*, with_demo_data: bool) -> dict[str, Iterable[Path]]:
    """Commands, in order, and the files whose change makes them necessary again."""
    steps: dict[str, Iterable[Path]] = {
        "import_templates": sorted((settings.BASE_DIR / "templates_json").rglob("*.json")),
        "discover_mcp": [settings.MCP_CONFIG],
    }
    if with_demo_data:
        steps["seed_demo"] = sorted((settings.BASE_DIR / "fixtures").rglob("*.*"))
    return steps


def run_changed(
    steps: dict[str, Iterable[Path]], *, everything: bool, output: OutputWrapper
) -> None:
    """Run the commands that exist and whose files changed since they last succeeded, or `everything`."""
    done_file = settings.STATE_DIR / DONE_FILE
    done = {} if everything else read_json(done_file)
    available = get_commands()
    for command, files in steps.items():
        digest = _digest(files)
        if command not in available or done.get(command) == digest:
            continue
        if _succeeds(command, output):
            done[command] = digest
            write_json(done_file, done)


def _succeeds(command: str, output: OutputWrapper) -> bool:
    """Run the command; its own words are of interest only when it fails, and the rest works without it."""
    output.write(f"Running {command}")
    words = StringIO()
    try:
        call_command(command, stdout=words, stderr=words)
    except CommandError as error:
        problem = str(error)
    except SystemExit as ending:
        problem = words.getvalue() if ending.code else ""
    else:
        problem = ""
    if problem:
        output.write(f"{problem.rstrip()}\nTo try again: manage.py {command}")
    return not problem


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        if file.is_file():
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def create_admin() -> str | None:
    """Make the first administrator; returns the random password, or None when there is one already."""
    if User.objects.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser(ADMIN, password=password)
    return password


def api_token() -> str:
    """The administrator's token of the last start while it is valid, else a new one.

    The database holds only its hash, so the token is kept in a file that only its owner may read.
    """
    path = settings.STATE_DIR / TOKEN_FILE
    token = read_json(path).get("token", "")
    if token and _is_valid(token):
        return token
    admin = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if admin is None:
        return ""
    _, token = AuthToken.objects.create(admin, expiry=TOKEN_LIFETIME)
    write_json(path, {"token": token})
    return str(token)


def _is_valid(token: str) -> bool:
    try:
        TokenAuthentication().authenticate_credentials(token.encode())
    except AuthenticationFailed:
        return False
    return True
