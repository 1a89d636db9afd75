"""Whether a folder is prepared already, found out in milliseconds: no app is loaded for it.

Preparing loads every app only to find, at nearly every start, that nothing is to do.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import psycopg

from workflowsite.env import BASE_DIR, STATE_DIR, env
from workflowsite.localstack.private_files import read_json, write_json

TOKEN_PATH = STATE_DIR / "api-token.json"
STAMPS_PATH = STATE_DIR / "prepared.json"
# As much of a token as django-rest-knox stores unhashed (knox.settings.CONSTANTS).
TOKEN_KEY_LENGTH = 15
PACKAGES = "packages"


def content_files(*, with_demo_data: bool) -> dict[str, list[Path]]:
    """Commands that fill the database, in order, and the files whose change makes them necessary again."""
    mcp_config = Path(env.str("MCP_CONFIG", default="") or BASE_DIR / "mcp.json")
    files = {
        "import_templates": sorted((BASE_DIR / "templates_json").rglob("*.json")),
        "discover_mcp": [mcp_config],
    }
    if with_demo_data:
        files["seed_demo"] = sorted((BASE_DIR / "fixtures").rglob("*.*"))
    return files


def stamp_of(files: Iterable[Path]) -> str:
    """A digest of the files' names and contents; those that do not exist count as empty."""
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes() if file.is_file() else b""
        digest.update(file.name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()


def package_stamp() -> str:
    """Changes with the installed packages, which bring migrations of their own."""
    return stamp_of([BASE_DIR / "requirements.txt"])


def stamps() -> dict[str, str]:
    """What was prepared in this folder, by command, and with which packages."""
    return read_json(STAMPS_PATH)


def set_stamp(name: str, stamp: str) -> None:
    """Remember that `name` is done."""
    write_json(STAMPS_PATH, stamps() | {name: stamp})


def known_log_in(database_url: str, *, with_demo_data: bool) -> dict[str, str] | None:
    """`username` and `token` when nothing has to be prepared, else None."""
    log_in, done = read_json(TOKEN_PATH), stamps()
    wanted = {
        name: stamp_of(files)
        for name, files in content_files(with_demo_data=with_demo_data).items()
    }
    wanted[PACKAGES] = package_stamp()
    if not log_in or any(done.get(name) != stamp for name, stamp in wanted.items()):
        return None
    return log_in if _database_is_ready(database_url, log_in["token"]) else None


def _database_is_ready(database_url: str, token: str) -> bool:
    """Whether every migration of ours is applied and the token is still valid."""
    ours = {(file.parts[-3], file.stem) for file in BASE_DIR.glob("*/migrations/[0-9]*.py")}
    valid_token = "SELECT 1 FROM knox_authtoken WHERE token_key = %s AND expiry > now()"  # noqa: S105 - a query
    try:
        with psycopg.connect(database_url, connect_timeout=5) as connection:
            applied = connection.execute("SELECT app, name FROM django_migrations").fetchall()
            found = connection.execute(valid_token, [token[:TOKEN_KEY_LENGTH]]).fetchone()
    except psycopg.Error:
        return False
    return ours <= set(applied) and found is not None
