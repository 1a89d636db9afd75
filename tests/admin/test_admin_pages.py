"""Every page of every model in the admin: it opens, stays cheap, escapes, keeps secrets, and is for staff alone."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from discovery.models import Agent, McpServer, McpTool
from executions.models import (
    ExecutionEvent,
    ModelCall,
    StepRun,
    StoredValue,
    ToolCall,
    WorkflowExecution,
)
from executions.triggers.models import Schedule, Webhook, WebhookDelivery
from generation.models import Generation
from tests.admin.rows import LIVE_MARKUP, PASSWORD, SECRET, make_rows
from workflows.models import Workflow, WorkflowVersion

REGISTERED: dict[str, type[Model]] = {
    model._meta.label_lower: model for model in admin.site._registry
}
OURS = {
    *(Schedule, Webhook, WebhookDelivery),
    *(Agent, McpServer, McpTool, Workflow, WorkflowVersion, WorkflowExecution, StepRun),
    *(ModelCall, ToolCall, ExecutionEvent, StoredValue, Generation),
}
FEW, MANY = 3, 30
every_model = pytest.mark.parametrize("label", sorted(REGISTERED))


@pytest.fixture
def browser(_rows: None, client: Client, staff: User) -> Client:
    """A browser in which an administrator is logged in."""
    client.force_login(staff)
    return client


@pytest.fixture(scope="module")
def _rows(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Made once: each test takes back what it did within a transaction of its own."""
    with django_db_blocker.unblock(), transaction.atomic():
        make_rows(0, FEW)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def few(_rows: None, db: None) -> None:
    """Three rows of every model."""


def address(label: str, page: str, *args: Any) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=args)


def opened(browser: Client, where: str) -> str:
    answer = browser.get(where)
    assert answer.status_code == 200, (where, answer.status_code)
    return answer.content.decode()


def query_count(browser: Client, where: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        opened(browser, where)
    return len(queries)


def pages(browser: Client, label: str) -> list[str]:
    """The list, a search, each filter's first choice, the form for a new row, one row."""
    model = REGISTERED[label]
    listed = address(label, "changelist")
    found = browser.get(listed).context["cl"]
    filters = [
        choices[1]["query_string"]
        for choices in (list(one.choices(found)) for one in found.filter_specs)
        if len(choices) > 1 and "query_string" in choices[1]
    ]
    may_add = admin.site._registry[model].has_add_permission(browser.get(listed).wsgi_request)
    added = [address(label, "add")] if may_add else []
    row = model._default_manager.order_by("pk").first()
    assert row is not None, f"tests.admin.rows makes no {label}"
    return [
        listed,
        f"{listed}?q=0",
        *(f"{listed}{query}" for query in filters),
        *added,
        address(label, "change", row.pk),
    ]


def test_every_model_of_ours_is_there() -> None:
    assert set(REGISTERED.values()) >= OURS


@every_model
@pytest.mark.usefixtures("few")
def test_every_page_opens_and_shows_neither_markup_nor_secrets(browser: Client, label: str) -> None:
    # Tokens are stored as SHA-512 of random bytes, which log nobody in; passwords could be guessed from their hashes.
    passwords = User.objects.exclude(password__startswith="!").values_list("password", flat=True)
    secrets = {SECRET, PASSWORD, *passwords}
    for where in pages(browser, label):
        page = opened(browser, where)
        assert [mark for mark in LIVE_MARKUP if mark in page] == [], where
        assert [secret for secret in secrets if secret in page] == [], where


@pytest.mark.usefixtures("few")
def test_a_list_takes_as_many_queries_for_thirty_rows_as_for_three(browser: Client) -> None:
    lists = {label: address(label, "changelist") for label in sorted(REGISTERED)}
    for where in lists.values():
        opened(browser, where)  # what is asked once per process
    few = {label: query_count(browser, where) for label, where in lists.items()}
    make_rows(FEW, MANY - FEW)
    assert {label: query_count(browser, where) for label, where in lists.items()} == few


@every_model
@pytest.mark.usefixtures("few")
def test_only_staff_may_open_pages(browser: Client, client: Client, label: str) -> None:
    wanted = pages(browser, label)
    client.force_login(User.objects.get(username="user-0"))
    for where in wanted:
        answer = client.get(where)
        assert answer.status_code == 302, where
        assert answer.headers["Location"].startswith("/admin/login/")
    client.logout()
    assert {client.get(where).status_code for where in wanted} == {302}


@pytest.mark.usefixtures("few")
def test_the_front_page_lists_every_model(browser: Client) -> None:
    page = opened(browser, reverse("admin:index"))
    assert [label for label in REGISTERED if address(label, "changelist") not in page] == []


@pytest.mark.parametrize(
    ("model", "action"),
    [
        (Workflow, "run_chosen"),
        (Workflow, "validate"),
        (Workflow, "archive"),
        (McpServer, "refresh_tools"),
        (WorkflowExecution, "cancel"),
        (Schedule, "pause"),
        (Schedule, "resume"),
        (Schedule, "fire_now"),
        (Webhook, "switch_off"),
        (Webhook, "rotate_secret"),
        (Generation, "cancel"),
    ],
)
@pytest.mark.usefixtures("few")
def test_the_promised_actions_are_offered(browser: Client, model: type[Model], action: str) -> None:
    page = opened(browser, address(model._meta.label_lower, "changelist"))
    assert f'value="{action}"' in page


@pytest.mark.usefixtures("few")
def test_a_workflow_links_to_the_form_that_runs_it(browser: Client) -> None:
    page = opened(browser, address("workflows.workflow", "change", "workflow-0"))
    run = f"{address('executions.workflowexecution', 'add')}?workflow=workflow-0"
    assert run in page
    assert 'value="workflow-0"' in opened(browser, run)


@pytest.mark.usefixtures("few")
def test_a_workflow_tells_what_it_has_cost_lately(browser: Client) -> None:
    WorkflowExecution.objects.filter(workflow="workflow-0").update(
        input_tokens=1200, output_tokens=34, cost_usd="0.5", simulated=False
    )
    page = opened(browser, address("workflows.workflow", "change", "workflow-0"))
    assert "1 runs, 1200 tokens in, 34 out, 0.50 US dollars" in page


@pytest.mark.usefixtures("few")
def test_a_definition_and_a_run_are_drawn(browser: Client) -> None:
    for where in (
        address("workflows.workflow", "change", "workflow-0"),
        address("executions.workflowexecution", "change", "execution-0"),
    ):
        assert 'class="workflow-drawing"' in opened(browser, where)
