"""What `manage.py doctor` looks at: everything the product needs, with what to do where it is missing."""

import asyncio
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.checks import run_checks
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from temporalio.service import RPCError

from common import strict_json
from common.strict_json import RefusedJson
from discovery.language_model import client as model_client
from executions import temporal, visibility
from workflowsite import probes
from workflowsite.celery import app as celery_app

OLDEST_PYTHON = (3, 11)
ENOUGH_DISK_BYTES = 500 * 1024 * 1024
PIN = re.compile(r"^(?P<name>[\w.-]+)(\[[\w,.-]+\])?==(?P<version>\S+)$")
START = "Start everything with `make run`"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `advice` says what to do unless all is well."""

    name: str
    state: Literal["ok", "note", "error"]
    detail: str
    advice: str = ""


def findings(only: Iterable[str] = ()) -> Iterator[Finding]:
    """Look at everything, or at what `only` names, in the order in which one should repair it."""
    wanted = set(only)
    for name, look in LOOKS.items():
        if not wanted or name in wanted:
            yield look()


def python() -> Finding:
    """The interpreter is new enough."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= OLDEST_PYTHON:
        return Finding("python", "ok", found)
    return Finding("python", "error", found, "Install Python 3.11 or newer, then `make clean run`.")


def packages() -> Finding:
    """Every package is there in the version that requirements.txt pins."""
    lines = (settings.BASE_DIR / "requirements.txt").read_text().splitlines()
    pins = {pin["name"]: pin["version"] for pin in map(PIN.match, lines) if pin}
    wrong = [
        f"{name} is {_installed(name) or 'missing'}, not {wanted}"
        for name, wanted in pins.items()
        if _installed(name) != wanted
    ]
    if not wrong:
        return Finding("packages", "ok", f"{len(pins)} packages at their pinned versions")
    return Finding("packages", "error", "; ".join(wrong), "Run `make install`.")


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def configuration() -> Finding:
    """Django's own checks, ours included."""
    problems = [found for found in run_checks() if found.is_serious()]
    if not problems:
        return Finding("configuration", "ok", "no serious problem")
    detail = " ".join(found.msg for found in problems)
    return Finding(
        "configuration", "error", detail, str(problems[0].hint or "See `manage.py check`.")
    )


def disk() -> Finding:
    """The state folder takes files and has room."""
    folder = settings.STATE_DIR
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        advice = "Give the folder to this user, or set STATE_DIR to one of their own."
        return Finding("disk", "error", f"{folder}: {error.strerror}", advice)
    room = f"{free // 1024**2:,} MB free in {folder}"
    if free < ENOUGH_DISK_BYTES:
        return Finding("disk", "error", room, "Free at least 500 MB.")
    return Finding("disk", "ok", room)


def database() -> Finding:
    """PostgreSQL takes our log-in."""
    return _probed("database", f"{START}, or correct DATABASE_URL.")


def migrations() -> Finding:
    """No table is missing or outdated."""
    advice = f"{START}, or run `manage.py migrate`."
    # Asked first, since the connection pool would try for a long time.
    if _probed("database", advice).state != "ok":
        return Finding("migrations", "error", "unknown, the database does not answer", advice)
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        return Finding("migrations", "error", f"{len(plan)} are not applied", advice)
    return Finding("migrations", "ok", "all applied")


def broker() -> Finding:
    """Redis answers."""
    return _probed("redis", f"{START}, or correct REDIS_URL.")


def temporal_server() -> Finding:
    """Temporal answers and has our namespace."""
    return _probed("temporal", f"{START}, or correct TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.")


def search_attributes() -> Finding:
    """Temporal's own pages can be searched by workflow and user."""
    try:
        lacking = async_to_sync(_missing_attributes)()
    except (RPCError, ConnectionError, TimeoutError):
        return Finding("search attrs", "note", "unknown, Temporal does not answer")
    if not lacking:
        return Finding("search attrs", "ok", "Temporal knows them")
    names = " ".join(f"--name {name} --type Keyword" for name in lacking)
    advice = (
        "Runs start without them. A worker registers them when it may, else: temporal operator "
        f"search-attribute create --namespace {settings.TEMPORAL_NAMESPACE} {names}"
    )
    return Finding("search attrs", "note", f"Temporal lacks {', '.join(lacking)}", advice)


async def _missing_attributes() -> list[str]:
    async with asyncio.timeout(probes.PROBE_SECONDS):
        return await visibility.missing(await temporal.connect())


def worker() -> Finding:
    """A Temporal worker asks for work."""
    return _probed("worker", f"{START}, or run `manage.py temporal_worker`.")


def celery() -> Finding:
    """A Celery worker replies."""
    advice = f"{START}, or run `celery -A workflowsite worker`."
    try:
        replies = celery_app.control.ping(timeout=1.0)
    # The broker's client raises errors of several libraries; all mean that it can't be reached.
    except Exception as error:  # noqa: BLE001 - told to the person who asked
        return Finding(
            "celery",
            "error",
            f"Redis, through which Celery gets its work, can't be reached ({str(error) or type(error).__name__})",
            f"{START}, or correct REDIS_URL.",
        )
    if not replies:
        return Finding("celery", "error", "no worker replies", advice)
    return Finding("celery", "ok", f"{len(replies)} worker(s)")


def mcp_file() -> Finding:
    """The operator's list of MCP servers can be read."""
    path = settings.MCP_CONFIG
    try:
        content = strict_json.loads(path.read_bytes())
    except FileNotFoundError:
        advice = "Without it there are no stdio tools; MCP_CONFIG says where it is."
        return Finding("mcp.json", "note", f"{path} does not exist", advice)
    except (OSError, RefusedJson) as error:
        return Finding("mcp.json", "error", f"{path}: {error}", "Correct the file.")
    servers = content.get("mcpServers") if isinstance(content, dict) else None
    if not isinstance(servers, dict):
        advice = 'It needs the form {"mcpServers": {"name": {"command": …, "args": […]}}}.'
        return Finding("mcp.json", "error", f"{path} has no object mcpServers", advice)
    return Finding("mcp.json", "ok", f"{len(servers)} server(s): {', '.join(sorted(servers))}")


def model() -> Finding:
    """Whether agents can ask a model; the product works without, with fewer abilities."""
    if model_client.is_configured():
        return Finding("model", "ok", settings.OPENAI_MODEL)
    advice = (
        "Agent steps fail until OPENAI_API_KEY (and OPENAI_BASE_URL for another provider) is set."
    )
    return Finding("model", "note", "not configured", advice)


def _probed(name: str, advice: str) -> Finding:
    reason = async_to_sync(probes.failure_of)(name)
    if reason is None:
        return Finding(name, "ok", "answers")
    return Finding(name, "error", reason, advice)


LOOKS: Mapping[str, Callable[[], Finding]] = {
    "python": python,
    "packages": packages,
    "configuration": configuration,
    "disk": disk,
    "database": database,
    "migrations": migrations,
    "redis": broker,
    "temporal": temporal_server,
    "search attrs": search_attributes,
    "worker": worker,
    "celery": celery,
    "mcp.json": mcp_file,
    "model": model,
}
