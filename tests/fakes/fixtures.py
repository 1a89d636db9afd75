"""Fixtures that put the fakes where the product looks for the real thing."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.fakes.model_server import ModelServer


@pytest.fixture
def model_server(settings: Settings) -> Iterator[ModelServer]:
    """A scripted model, configured as the installation's own."""
    with ModelServer() as server:
        settings.OPENAI_BASE_URL = server.base_url
        settings.OPENAI_API_KEY = "sk-test"
        yield server
