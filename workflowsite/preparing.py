"""What a folder needs before its processes start: tables, templates, tools, sample data, an admin and a token."""

import secrets
from datetime import timedelta
from io import StringIO

from django.contrib.auth.models import User
from django.core.management import call_command, get_commands
from django.core.management.base import CommandError, OutputWrapper
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from knox.auth import TokenAuthentication
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed

from audit.log_ins import account
from audit.recording import Action, record
from workflowsite.localstack.private_files import read_json, write_json
from workflowsite.prepared import (
    PACKAGES,
    TOKEN_PATH,
    content_files,
    package_stamp,
    set_stamp,
    stamp_of,
    stamps,
)

ADMIN = "admin"
TOKEN_LIFETIME = timedelta(days=30)


def prepare(*, with_demo_data: bool, output: OutputWrapper) -> dict[str, str]:
    """Bring the database and its contents up to date, cheaply when they are.

    Returns `username` and `token` of the administrator, and the `password` when they were made just now: it can't
    be told later.
    """
    is_changed = migrate(output)
    password = create_admin()
    fill(with_demo_data=with_demo_data, everything=is_changed, output=output)
    set_stamp(PACKAGES, package_stamp())
    log_in = api_log_in()
    return log_in | ({"password": password} if password else {})


def migrate(output: OutputWrapper) -> bool:
    """Apply the migrations that are missing; returns whether there were any."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        return False
    output.write(f"Migrating the database ({len(plan)} steps)")
    call_command("migrate", interactive=False, verbosity=0)
    return True


def fill(*, with_demo_data: bool, everything: bool, output: OutputWrapper) -> None:
    """Run the commands that exist and whose files changed since they last succeeded, or `everything`."""
    done = {} if everything else stamps()
    available = get_commands()
    for command, files in content_files(with_demo_data=with_demo_data).items():
        stamp = stamp_of(files)
        is_wanted = command in available and done.get(command) != stamp
        if is_wanted and _succeeds(command, output):
            set_stamp(command, stamp)


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


def create_admin() -> str | None:
    """Make the first administrator; returns the random password, or None when there is one already."""
    if User.objects.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser(ADMIN, password=password)
    return password


def api_log_in() -> dict[str, str]:
    """`username` and `token` of the last start while it is valid, else a new token of the first administrator.

    The database holds only its hash, so the token is kept in a file that only its owner may read.
    """
    known = read_json(TOKEN_PATH)
    if known and _is_valid(known["token"]):
        return known
    admin = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if admin is None:
        raise CommandError("No active administrator: run `manage.py createsuperuser` first.")
    with transaction.atomic():
        row, token = AuthToken.objects.create(admin, expiry=TOKEN_LIFETIME)
        record(Action.TOKEN_CREATED, account(admin), by=None, details={"token": row.token_key})
    log_in = {"username": admin.get_username(), "token": str(token)}
    write_json(TOKEN_PATH, log_in)
    return log_in


def _is_valid(token: str) -> bool:
    try:
        TokenAuthentication().authenticate_credentials(token.encode())
    except AuthenticationFailed:
        return False
    return True
