"""Files that only their owner may read: generated secrets and the endpoints, written all or nothing."""

import json
import os
import secrets
import tempfile
from pathlib import Path

# Hexadecimal: needs no quoting in URLs, configuration files or lists with commas.
SECRET_NAMES = ("SECRET_KEY", "ENCRYPTION_SALTS", "POSTGRES_PASSWORD", "REDIS_PASSWORD")
SECRETS_FILE = "secrets.json"
ENDPOINTS_FILE = "endpoints.json"


def private_folder(folder: Path) -> Path:
    """Make `folder` (and what leads to it) when missing, for its owner only; returns it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def write_json(path: Path, values: dict[str, str]) -> None:
    """Replace `path` by `values`, mode 600; a reader sees the old file or the new one, never half of it."""
    private_folder(path.parent)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "w") as file:
        json.dump(values, file, indent=2)
    Path(temporary).replace(path)


def read_json(path: Path) -> dict[str, str]:
    """What `write_json` wrote; empty when the file is missing, damaged or somebody else's."""
    try:
        return dict(json.loads(path.read_text()))
    except (FileNotFoundError, PermissionError, ValueError):
        return {}


def installation_secrets(state_dir: Path) -> dict[str, str]:
    """The secrets of this folder, made at the first call and the same ever after."""
    path = state_dir / SECRETS_FILE
    known = read_json(path)
    missing = {name: secrets.token_hex(32) for name in SECRET_NAMES if name not in known}
    if missing:
        write_json(path, known | missing)
    return known | missing
