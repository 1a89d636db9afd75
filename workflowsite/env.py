"""Where settings come from: the environment, then `.env`, then the running local stack, then a default."""

import json
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

STATE_DIR = Path(env.str("STATE_DIR", default=str(BASE_DIR / "var")))
ENDPOINTS_FILE = STATE_DIR / "endpoints.json"


def local_endpoints() -> dict[str, str]:
    """What `manage.py dev` started: DATABASE_URL, REDIS_URL, TEMPORAL_ADDRESS…; empty when it never ran.

    The file stays when the stack stops; whoever connects then gets a refused connection, and `manage.py doctor`
    says what to do.
    """
    try:
        return dict(json.loads(ENDPOINTS_FILE.read_text()))
    except (FileNotFoundError, PermissionError, ValueError):
        return {}


_LOCAL = local_endpoints()


def service(name: str, default: str = "") -> str:
    """The address of a service: given, else the local stack's, else `default`."""
    return env.str(name, default="") or _LOCAL.get(name, default)
