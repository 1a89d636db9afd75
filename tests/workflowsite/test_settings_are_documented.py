"""Every setting an operator may give is explained, and nothing else is."""

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
READ = re.compile(r"\b(?:env(?:\.\w+)?|service|secret)\(\s*\"([A-Z][A-Z0-9_]*)\"")
SOURCES = ("workflowsite/settings.py", "workflowsite/env.py")
# Read by docker-compose.yml, not by the product.
COMPOSE_ONLY = {
    "POSTGRES_PASSWORD",
    "REDIS_PASSWORD",
    "TEMPORAL_POSTGRES_PASSWORD",
    "WEB_PORT",
    "TEMPORAL_UI_PORT",
}


def _read_by_the_product() -> set[str]:
    return {name for source in SOURCES for name in READ.findall((PROJECT / source).read_text())}


def test_the_example_file_has_every_setting() -> None:
    example = (PROJECT / ".env.example").read_text()
    named = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", example, re.MULTILINE))
    assert named == _read_by_the_product() | COMPOSE_ONLY


def test_the_configuration_page_has_every_setting() -> None:
    page = (PROJECT / "docs" / "configuration.md").read_text()
    named = set(re.findall(r"^\| `([A-Z][A-Z0-9_]*)` \|", page, re.MULTILINE))
    assert named == _read_by_the_product() | COMPOSE_ONLY


def test_compose_passes_on_only_documented_settings() -> None:
    compose = (PROJECT / "docker-compose.yml").read_text()
    used = set(re.findall(r"\$\{([A-Z][A-Z0-9_]*)", compose))
    assert used <= _read_by_the_product() | COMPOSE_ONLY
