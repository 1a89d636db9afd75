"""No server starts with secrets that stand in the source."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

PROJECT = Path(__file__).resolve().parents[2]
OURS = {"workflowsite.E001", "workflowsite.E002"}


def _found() -> set[str | None]:
    return {message.id for message in run_checks()} & OURS


@pytest.fixture
def production(settings: Settings) -> Settings:
    """Settings of a server with secrets of its own."""
    settings.DEBUG = False
    settings.SECRET_KEY = "a-key-of-our-own"
    settings.SALT_KEY = ["a-salt-of-our-own"]
    return settings


def test_own_secrets_pass(production: Settings) -> None:
    assert _found() == set()


def test_the_default_key_is_refused(production: Settings) -> None:
    production.SECRET_KEY = production.INSECURE_SECRET_KEY
    assert _found() == {"workflowsite.E001"}


def test_the_default_key_is_refused_as_a_fallback(production: Settings) -> None:
    production.SECRET_KEY_FALLBACKS = [production.INSECURE_SECRET_KEY]
    assert _found() == {"workflowsite.E001"}


@pytest.mark.parametrize("salts", [["insecure-local-salt"], ["mine", "insecure-local-salt"], [""]])
def test_the_default_salt_is_refused(production: Settings, salts: list[str]) -> None:
    production.SALT_KEY = salts
    assert _found() == {"workflowsite.E002"}


def test_defaults_are_accepted_on_a_developers_machine(production: Settings) -> None:
    production.DEBUG = True
    production.SECRET_KEY = production.INSECURE_SECRET_KEY
    assert _found() == set()


def refused(folder: Path, *arguments: str) -> str:
    """What Python says about a program that does not start on a server without a key of its own."""
    outcome = subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env=os.environ | {"DEBUG": "false", "SECRET_KEY": "", "STATE_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 1
    return outcome.stderr


def test_the_web_process_does_not_start_with_the_default_key(tmp_path: Path) -> None:
    told = refused(tmp_path, "-c", "import workflowsite.asgi")
    assert "SECRET_KEY is the default that everyone knows." in told


def test_a_command_is_refused_with_the_default_key(tmp_path: Path) -> None:
    assert "workflowsite.E001" in refused(tmp_path, "manage.py", "executions", "list")
