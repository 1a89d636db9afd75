#!/usr/bin/env python
"""Django's command line; `manage.py dev` starts everything."""

import os
import sys
from importlib import import_module

from django.core.management import execute_from_command_line


def main() -> None:
    """Run the command that the arguments name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workflowsite.settings")
    if sys.argv[1:2] != ["dev"]:
        execute_from_command_line(sys.argv)
        return
    # `dev` only starts processes: loading every app for it would add seconds to each start. On a server its packages
    # are not even installed.
    dev = import_module("workflowsite.management.commands.dev")
    dev.Command().run_from_argv(sys.argv)


if __name__ == "__main__":
    main()
