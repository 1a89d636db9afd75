"""docker-compose.yml, checked without Docker."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
SCHEMA = Path(__file__).with_name("compose-spec.json")
SECRETS = (
    "SECRET_KEY",
    "ENCRYPTION_SALTS",
    "POSTGRES_PASSWORD",
    "REDIS_PASSWORD",
    "TEMPORAL_POSTGRES_PASSWORD",
)


@pytest.fixture
def text() -> str:
    """The file as written."""
    return (PROJECT / "docker-compose.yml").read_text()


@pytest.fixture
def compose(text: str) -> dict[str, Any]:
    """The file as YAML understands it, anchors resolved."""
    return dict(yaml.safe_load(text))


@pytest.fixture
def schema() -> jsonschema.Draft202012Validator:
    """The Compose specification's own schema."""
    return jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))


def test_it_follows_the_compose_specification(
    compose: dict[str, Any], schema: jsonschema.Draft202012Validator
) -> None:
    assert [error.message for error in schema.iter_errors(compose)] == []


def test_the_schema_would_notice_a_mistake(
    compose: dict[str, Any], schema: jsonschema.Draft202012Validator
) -> None:
    compose["services"]["web"]["health_check"] = {}
    assert not schema.is_valid(compose)


def test_every_lasting_service_but_the_console_has_a_health_check(compose: dict[str, Any]) -> None:
    without = {
        name for name, service in compose["services"].items() if "healthcheck" not in service
    }
    assert without == {"migrate", "temporal-ui"}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_must_be_given(text: str, name: str) -> None:
    uses = re.findall(r"\$\{" + name + r"\b([^}]*)\}", text)
    assert uses
    assert all(use.startswith(":?") for use in uses)


def test_published_ports_are_on_the_loopback_address(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_dependencies_exist(compose: dict[str, Any]) -> None:
    services = compose["services"]
    named = {other for service in services.values() for other in service.get("depends_on", {})}
    assert named <= services.keys()
