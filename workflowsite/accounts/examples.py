"""What callers send to log in, shown in the OpenAPI file and sent by a test."""

from typing import Any

REQUESTS: dict[str, dict[str, Any]] = {
    "log_in": {"Name and password": {"name": "ada", "password": "correct horse battery staple"}},
    "create_token": {"Nothing to choose": {}},
}
