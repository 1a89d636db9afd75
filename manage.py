#!/usr/bin/env python
"""Django's command line; `manage.py dev` starts everything."""

import os
import sys
from importlib import import_module

from django.core.management import execute_from_command_line
from django.db import OperationalError


def main() -> None:
    """Run the command that the arguments name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workflowsite.settings")
    if sys.argv[1:2] != ["dev"]:
        _run_command()
        return
    # `dev` only starts processes: loading every app for it would add seconds to each start. On a server its packages
    # are not even installed.
    dev = import_module("workflowsite.management.commands.dev")
    dev.Command().run_from_argv(sys.argv)


def _run_command() -> None:
    # Imported late: most of the time of `dev` would go into it.
    origin = import_module("audit.origin")
    command = origin.Origin(channel="command", via=sys.argv[1] if sys.argv[1:] else "")
    try:
        with origin.coming_from(lambda: command):
            execute_from_command_line(sys.argv)
    except OperationalError as error:
        if "--traceback" in sys.argv:
            raise
        reason = str(error).strip().split("\n")[0]
        sys.exit(
            f"The database failed: {reason}\nStart everything with `make run`, or correct DATABASE_URL."
        )


if __name__ == "__main__":
    main()
