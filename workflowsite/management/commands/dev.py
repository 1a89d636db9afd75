"""`manage.py dev`: everything on this machine, from servers to workers, in one terminal.

manage.py runs it without loading the apps, so nothing in here may need them.
"""

import json
import os
import signal
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError

from workflowsite.env import BASE_DIR, STATE_DIR, env
from workflowsite.localstack.lock import FolderBusy, hold_run_lock, hold_server_lock
from workflowsite.localstack.ports import LOOPBACK, free_port
from workflowsite.localstack.private_files import installation_secrets
from workflowsite.localstack.processes import Processes
from workflowsite.localstack.server import ServerFailed, tethered
from workflowsite.localstack.stack import LocalStack
from workflowsite.prepared import known_log_in
from workflowsite.readiness import Started, wait_and_tell

SERVICES = ("DATABASE_URL", "REDIS_URL", "TEMPORAL_ADDRESS")
KEYS = ("SECRET_KEY", "ENCRYPTION_SALTS")
DEFAULT_PORT = 8000
PORTS_TO_TRY = 100


class Command(BaseCommand):
    """Start what is missing, prepare the database, run web and workers until Ctrl+C."""

    help = "Start PostgreSQL, Redis, Temporal (where no address is given), web, Celery and worker."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options of the command."""
        parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="first web port to try")
        parser.add_argument("--no-demo-data", action="store_true", help="leave out the sample data")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Exits with 0 when asked to stop, with the code of a child that ended by itself otherwise."""
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            code = self._run(port=options["port"], with_demo_data=not options["no_demo_data"])
        except KeyboardInterrupt:
            code = 0
        except (FolderBusy, ServerFailed) as error:
            raise CommandError(str(error)) from error
        except PermissionError as error:
            raise CommandError(
                f"{error.filename} can't be written: {error.strerror}. "
                f"Make {STATE_DIR} yours, or give STATE_DIR another folder."
            ) from error
        self.stdout.write("Stopped." if code == 0 else f"Stopped with exit code {code}.")
        sys.exit(code)

    def _run(self, *, port: int, with_demo_data: bool) -> int:
        with self._stack() as stack:
            environment = self._environment(stack)
            told = known_log_in(
                stack.endpoints["DATABASE_URL"], with_demo_data=with_demo_data
            ) or self._prepare(environment, with_demo_data=with_demo_data)
            web_port = free_port(range(port, port + PORTS_TO_TRY))
            stack.write_endpoints(API_URL=f"http://{LOOPBACK}:{web_port}")
            started = Started(stack.endpoints, told)
            processes = _processes(environment, web_port, started)
            code = processes.run()
            if processes.first_ended:
                self.stderr.write(f"{processes.first_ended} ended by itself with exit code {code}.")
            return code

    @contextmanager
    def _stack(self) -> Iterator[LocalStack]:
        """The servers, stopped again whatever happens."""
        hold_run_lock(STATE_DIR)
        (STATE_DIR / "static").mkdir(exist_ok=True)
        stack = LocalStack(
            STATE_DIR,
            given={name: env.str(name, default="") for name in SERVICES},
            held_files=[hold_server_lock(STATE_DIR)],
            report=self.stdout.write,
        )
        try:
            stack.start()
            yield stack
        finally:
            # A second Ctrl+C must not leave half of the servers behind.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            stack.forget("API_URL")
            stack.stop()

    def _environment(self, stack: LocalStack) -> dict[str, str]:
        """What the children get; this process read its settings before the servers had addresses."""
        secrets = installation_secrets(STATE_DIR)
        keys = {name: env.str(name, default="") or secrets[name] for name in KEYS}
        # `python` in mcp.json means the one with our packages.
        programs = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
        # Compiling every module at each start takes longer than the start.
        own = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "", "PATH": programs}
        return os.environ | stack.endpoints | keys | own

    def _prepare(self, environment: dict[str, str], *, with_demo_data: bool) -> dict[str, str]:
        """Run `manage.py prepare`; returns what it tells about the log-in."""
        command = [sys.executable, str(BASE_DIR / "manage.py"), "prepare"]
        command += [] if with_demo_data else ["--no-demo-data"]
        self.stdout.write("Preparing the database")
        outcome = subprocess.run(  # noqa: S603 - our own command
            tethered(command),
            stdout=subprocess.PIPE,
            env=environment,
            check=False,
            # Ctrl+C is for us; we end it in turn.
            start_new_session=True,
        )
        if outcome.returncode != 0:
            raise CommandError("The database could not be prepared; the reason stands above.")
        told = dict(json.loads(outcome.stdout.splitlines()[-1]))
        if "password" in told:
            # Now, too, in case something fails before all is ready: it can't be told again.
            self.stdout.write(f"Log-in: {told['username']} / {told['password']}")
        return told


def _processes(environment: dict[str, str], web_port: int, started: Started) -> Processes:
    """Web, Celery and worker, ready to run."""
    python, manage = sys.executable, str(BASE_DIR / "manage.py")
    web = f"-m uvicorn workflowsite.asgi:application --host {LOOPBACK} --port {web_port}"
    # A lone worker has nobody to gossip or mingle with; both only delay it.
    # As root, Celery advises another user; on one's own machine that is noise.
    celery = "-W ignore:::celery.platforms -m celery --quiet -A workflowsite worker --concurrency 2 --loglevel INFO"
    commands = {
        "web": f"{web} --lifespan off --no-access-log".split(),
        "celery": f"{celery} --beat --without-gossip --without-mingle".split(),
        # The checks load every address of the web process, and they ran there.
        "worker": [manage, "temporal_worker", "--skip-checks"],
    }
    processes = Processes(lambda running: wait_and_tell(running, started))
    for name, arguments in commands.items():
        processes.add(name, [python, *arguments], environment=environment, folder=BASE_DIR)
    return processes


def _interrupt(*_signal: Any) -> NoReturn:
    """SIGTERM stops as Ctrl+C does, also before the children run."""
    raise KeyboardInterrupt
