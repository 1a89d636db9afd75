"""Where settings come from: the environment, then `.env`, then the running local stack, then a default."""

from pathlib import Path

import environ

from workflowsite.localstack.private_files import ENDPOINTS_FILE, SECRETS_FILE, read_json

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

STATE_DIR = Path(env.str("STATE_DIR", default=str(BASE_DIR / "var"))).absolute()

# What `manage.py dev` started (DATABASE_URL, REDIS_URL, TEMPORAL_ADDRESS…) and generated (SECRET_KEY…); empty when it
# never ran. The endpoints stay when the stack stops: whoever connects then gets a refused connection, and
# `manage.py doctor` says what to do.
_ENDPOINTS = read_json(STATE_DIR / ENDPOINTS_FILE)
_SECRETS = read_json(STATE_DIR / SECRETS_FILE)


def service(name: str, default: str = "") -> str:
    """The address of a service: given, else the local stack's, else `default`."""
    return env.str(name, default="") or _ENDPOINTS.get(name, default)


def secret(name: str, default: str) -> str:
    """A secret: given, else the one that `manage.py dev` generated for this folder, else `default`."""
    return env.str(name, default="") or _SECRETS.get(name, default)
