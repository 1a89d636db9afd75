"""Drift in the admin: the filter of the list, and the panel on a workflow's page."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.workflows.conftest import MakeWorkflow
from tests.workflows.drift.conftest import SEARCH, Change
from workflows.drift.telling import tell_of_all

LIST = reverse("admin:workflows_workflow_changelist")
PAGE = reverse("admin:workflows_workflow_change", args=["digest"])


@pytest.fixture
def browser(staff: User, client: Client) -> Client:
    client.force_login(staff)
    return client


def listed(browser: Client, answer: str) -> set[str]:
    shown = browser.get(LIST, {"drifted": answer}).context["cl"].queryset
    return {row.pk for row in shown}


def test_the_list_is_narrowed_to_what_drifted(
    browser: Client, alice: User, change: Change, make_workflow: MakeWorkflow
) -> None:
    make_workflow(alice, "steady", published_version=1)
    make_workflow(alice, "draft")
    assert (listed(browser, "yes"), listed(browser, "no")) == (set(), {"digest", "steady"})
    change("search")
    tell_of_all()
    assert (listed(browser, "yes"), listed(browser, "no")) == ({"digest"}, {"steady"})


def test_the_page_says_what_breaks(browser: Client, change: Change) -> None:
    assert "Nothing that version 1 uses has changed." in browser.get(PAGE).content.decode()
    change("search", input_schema={**SEARCH, "properties": {"query": {"type": "string"}}})
    page = browser.get(PAGE).content.decode()
    assert "Held until it is accepted: find" in page
    assert "has no argument &#x27;limit&#x27; any more" in page


def test_what_servers_say_is_text(browser: Client, change: Change) -> None:
    hostile = {"type": "object", "properties": {"<script>": {}}, "required": ["<script>"]}
    change("search", input_schema=hostile)
    page = browser.get(PAGE).content.decode()
    assert "&lt;script&gt;" in page
    assert "'<script>'" not in page
