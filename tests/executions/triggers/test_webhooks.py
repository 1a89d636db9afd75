"""Webhooks: only who knows the secret starts a run, each delivery once, and nothing is told to others."""

import hashlib
import hmac
import json
import re
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.db import connection, connections
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from executions.models import WorkflowExecution
from executions.services import wait_for_end
from executions.triggers.models import MAX_BODY_BYTES, Webhook, WebhookDelivery
from tests.executions.conftest import Runner
from tests.executions.flows import RENDER, workflow_of
from tests.executions.locks import locked, wait_for_lock
from workflows.models import Workflow
from workflows.services import archive_workflow, save_workflow

DOCS = Path(__file__).resolve().parents[3] / "docs" / "executions.md"
Made = dict[str, Any]
AT_ONCE = 5


@pytest.fixture
def workflow(alice: User) -> Workflow:
    """Alice's."""
    return workflow_of(alice)


@pytest.fixture
def make(api: APIClient, workflow: Workflow) -> Callable[..., Made]:
    """Makes a webhook over REST; the answer has its secret."""

    def made(**fields: Any) -> Made:
        answer = api.post(f"/api/v1/workflows/{workflow.pk}/webhooks", {"name": "Orders", **fields})
        assert answer.status_code == 201, answer.content
        body: Made = answer.json()
        return body

    return made


def signed(secret: str, body: bytes, at: float | None = None) -> dict[str, str]:
    """The headers that go with a body."""
    timestamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return {"X-Timestamp": timestamp, "X-Signature-256": f"sha256={digest.hexdigest()}"}


def deliver(hook: Made, body: Any, *, at: float | None = None, **headers: str) -> Any:
    """The answer to a signed delivery; `headers` add to it or replace."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    kind = names.pop("Content-Type", "application/json")
    path = "/hooks/" + hook["url"].rpartition("/")[2]
    sent = {**signed(hook["secret"], raw, at), **names}
    return Client().post(path, raw, content_type=kind, headers=sent)


def test_a_signed_delivery_starts_a_run_that_completes(runner: Runner, client_for: Any) -> None:
    workflow = workflow_of(runner.owner)
    hook = client_for(runner.owner).post(
        f"/api/v1/workflows/{workflow.pk}/webhooks",
        {"name": "Orders", "user_input_from": "/customer/name", "input_map": {"id": "order.id"}},
    )
    answer = deliver(hook.json(), {"customer": {"name": "Ada"}, "order": {"id": 7}})
    assert answer.status_code == 202, answer.content
    run = wait_for_end(WorkflowExecution.objects.get(), 30)
    assert answer.json() == {"execution_id": run.pk, "status": "PENDING"}
    assert (run.status, run.triggered_by, run.created_by) == ("COMPLETED", "webhook", runner.owner)
    assert (run.user_input, run.input_json) == ("Ada", {"id": 7})
    assert (run.webhook_id, "Hello, Ada!" in str(run.output_json)) == (hook.json()["id"], True)


def test_without_temporal_the_delivery_is_kept_and_accepted(
    runner: Runner, client_for: Any, settings: Settings
) -> None:
    workflow = workflow_of(runner.owner)
    address = f"/api/v1/workflows/{workflow.pk}/webhooks"
    hook = client_for(runner.owner).post(address, {"name": "Orders"}).json()
    settings.TEMPORAL_ADDRESS = "127.0.0.1:9"
    answer = deliver(hook, {"a": 1})
    assert (answer.status_code, answer.json()["status"]) == (202, "PENDING")
    assert WorkflowExecution.objects.get().pk == answer.json()["execution_id"]
    assert WebhookDelivery.objects.get().status == "accepted"


def test_all_who_may_not_enter_are_told_the_same(make: Callable[..., Made], api: APIClient) -> None:
    hook, off = make(), make(is_active=False)
    raw = b'{"a":1}'
    right = signed(hook["secret"], raw)
    path = "/hooks/" + hook["url"].rpartition("/")[2]
    wrong = [
        (path, {}),
        (path, {**right, "X-Signature-256": "sha256=" + "0" * 64}),
        (path, {**right, "X-Signature-256": right["X-Signature-256"][7:]}),
        (path, {**right, "X-Timestamp": str(int(right["X-Timestamp"]) - 1)}),
        (path, {**right, "X-Timestamp": "now"}),
        (path, signed(hook["secret"], raw, time.time() - 400)),
        (path, signed(hook["secret"], raw, time.time() + 400)),
        (path, signed(off["secret"], raw)),
        (path, {"X-Hub-Signature-256": right["X-Signature-256"]}),
        ("/hooks/" + off["url"].rpartition("/")[2], signed(off["secret"], raw)),
        ("/hooks/nobody", right),
    ]
    answers = [
        Client().post(where, raw, content_type="application/json", headers=headers)
        for where, headers in wrong
    ]
    texts = {
        (one.status_code, re.sub(r'"request_id":"[^"]*"', "", one.content.decode()))
        for one in answers
    }
    assert len(texts) == 1
    assert answers[0].status_code == 404
    assert not WorkflowExecution.objects.exists()
    assert not WebhookDelivery.objects.exists()


def test_a_changed_body_is_refused(make: Callable[..., Made]) -> None:
    hook = make()
    headers = signed(hook["secret"], b'{"amount":1}')
    path = "/hooks/" + hook["url"].rpartition("/")[2]
    answer = Client().post(
        path, b'{"amount":1000}', content_type="application/json", headers=headers
    )
    assert answer.status_code == 404
    assert not WorkflowExecution.objects.exists()


def test_a_repeated_delivery_is_one_run(make: Callable[..., Made]) -> None:
    hook = make()
    first = deliver(hook, {"a": 1}, X_Delivery_Id="d1")
    # The sender tries again later: another signature, the same id.
    again = deliver(hook, {"a": 1}, at=time.time() - 20, X_Delivery_Id="d1")
    other = deliver(hook, {"a": 1}, at=time.time() - 30, X_Delivery_Id="d2")
    assert [one.status_code for one in (first, again, other)] == [202, 202, 202]
    assert first.json() == again.json() != other.json()
    assert WorkflowExecution.objects.count() == 2
    statuses = sorted(WebhookDelivery.objects.values_list("status", flat=True))
    assert statuses == ["accepted", "accepted", "duplicate"]


@pytest.mark.parametrize("name", ["X_Delivery_Id", "Idempotency_Key", None])
def test_the_same_delivery_several_times_at_once_is_one_run(
    runner: Runner, client_for: Any, name: str | None
) -> None:
    address = f"/api/v1/workflows/{workflow_of(runner.owner).pk}/webhooks"
    hook = client_for(runner.owner).post(address, {"name": "Orders"}).json()
    now = time.time()

    def delivered(number: int) -> Any:
        try:
            # With an id of its own a delivery may be signed anew; without one it is the very same request.
            if name is None:
                return deliver(hook, {"a": 1}, at=now)
            return deliver(hook, {"a": 1}, at=now - number, **{name: "d1"})
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        # One has written its delivery and waits to note it with the webhook, the others wait for the same id.
        with locked(Webhook, hook["id"]):
            answers = [threads.submit(delivered, number) for number in range(AT_ONCE)]
            wait_for_lock(AT_ONCE, is_over=lambda: any(answer.done() for answer in answers))
        told = [answer.result() for answer in answers]
    run = WorkflowExecution.objects.get()
    assert {one.status_code for one in told} == {202}
    assert {one.json()["execution_id"] for one in told} == {run.pk}
    assert wait_for_end(run, 30).status == "COMPLETED"
    statuses = sorted(WebhookDelivery.objects.values_list("status", flat=True))
    assert statuses == ["accepted", *["duplicate"] * (AT_ONCE - 1)]


def test_a_replayed_request_is_one_run_even_under_another_id(make: Callable[..., Made]) -> None:
    hook = make()
    now = time.time()
    ids = {
        deliver(hook, {"a": 1}, at=now, X_Delivery_Id=name).json()["execution_id"]
        for name in ("d1", "d2")
    }
    ids.add(deliver(hook, {"a": 1}, at=now).json()["execution_id"])
    assert len(ids) == 1
    assert WorkflowExecution.objects.count() == 1


def test_github_signs_the_body_alone_and_its_delivery_counts_once(
    make: Callable[..., Made],
) -> None:
    hook = make(signature="github")
    raw = b'{"action":"opened"}'
    digest = hmac.new(hook["secret"].encode(), raw, hashlib.sha256).hexdigest()
    path = "/hooks/" + hook["url"].rpartition("/")[2]
    headers = {"X-Hub-Signature-256": f"sha256={digest}"}
    ids = [
        Client()
        .post(
            path,
            raw,
            content_type="application/json",
            headers={**headers, "X-GitHub-Delivery": name},
        )
        .json()["execution_id"]
        for name in ("g1", "g1", "g2")
    ]
    assert (ids[0] == ids[1], ids[0] == ids[2]) == (True, False)
    assert deliver(hook, {"a": 1}).status_code == 404


def test_too_many_deliveries_are_refused_with_a_time(make: Callable[..., Made]) -> None:
    cache.clear()
    hook = make(rate_limit_per_minute=2)
    answers = [deliver(hook, {"n": number}) for number in range(7)]
    statuses = [answer.status_code for answer in answers]
    # A minute may end in between: then two more are let in.
    assert statuses.count(202) in (2, 3, 4)
    refused = answers[statuses.index(429)]
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused["Retry-After"]) <= 60


def test_without_redis_deliveries_are_counted_in_postgresql(
    make: Callable[..., Made], settings: Settings
) -> None:
    hook = make(rate_limit_per_minute=2)
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:9/0",
        }
    }
    statuses = [deliver(hook, {"n": number}).status_code for number in range(3)]
    assert statuses == [202, 202, 429]


@pytest.mark.parametrize(
    ("fields", "body", "kind", "status", "code"),
    [
        ({"max_body_bytes": 10}, {"long": "x" * 10}, "application/json", 413, "too_large"),
        ({}, {"a": 1}, "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ({}, {"a": 1}, "text/plain", 415, "unsupported_media_type"),
        ({}, b"{", "application/json", 400, "invalid_json"),
        ({}, b'{"a":1,"a":2}', "application/json", 400, "duplicate_key"),
        ({}, b'{"a":"\\u0000"}', "application/json", 400, "nul"),
        ({}, b'{"a":"\\ud800"}', "application/json", 400, "surrogate"),
        ({}, b'{"a":NaN}', "application/json", 400, "not_finite"),
        ({}, b"[" * 100 + b"]" * 100, "application/json", 400, "too_deep"),
        ({"expected_fields": ["a", "b", "c"]}, {"b": 1}, "application/json", 400, "missing_fields"),
        ({"expected_fields": ["a"]}, [1], "application/json", 400, "missing_fields"),
        (
            {"expected_fields": {"properties": {"a": {"type": "integer"}}}},
            {"a": "1"},
            "application/json",
            400,
            "unexpected_body",
        ),
        ({"user_input_from": "a"}, {"a": {}}, "application/json", 400, "user_input_no_text"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_by_name_and_recorded(
    make: Callable[..., Made], fields: Made, body: Any, kind: str, status: int, code: str
) -> None:
    refused = deliver(make(**fields), body, Content_Type=kind)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert not WorkflowExecution.objects.exists()
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.reason.partition(":")[0]) == ("refused", code)


def test_what_no_webhook_takes_is_refused_before_anybody_is_asked_for_a_signature(
    make: Callable[..., Made],
) -> None:
    hook = make(max_body_bytes=MAX_BODY_BYTES)
    body = b"x" * (MAX_BODY_BYTES + 1)
    for path in ("/hooks/" + hook["url"].rpartition("/")[2], "/hooks/unknown"):
        refused = Client().post(path, body, content_type="application/json")
        assert (refused.status_code, refused.json()["code"]) == (413, "too_large"), path
    # Whoever has not signed leaves no trace, and learns nothing of which webhooks there are.
    assert not WebhookDelivery.objects.exists()
    assert not WorkflowExecution.objects.exists()


def test_missing_fields_are_named(make: Callable[..., Made]) -> None:
    refused = deliver(make(expected_fields=["order", "customer"]), {"other": 1})
    assert refused.json()["detail"] == "The body lacks 'order', 'customer'."


def test_an_archived_workflow_takes_no_deliveries(
    make: Callable[..., Made], workflow: Workflow, alice: User
) -> None:
    hook = make()
    archive_workflow(workflow, by=alice)
    assert deliver(hook, {"a": 1}).status_code == 409
    assert not WorkflowExecution.objects.exists()


def test_a_pinned_version_runs(make: Callable[..., Made], workflow: Workflow, alice: User) -> None:
    pinned, free = make(version=1), make()
    changed = {**RENDER, "arguments": {"template": "Bye!", "values": {}}}
    save_workflow(workflow, by=alice, definition={"steps": [changed], "name": workflow.name})
    for hook in (pinned, free):
        assert deliver(hook, {"a": 1}).status_code == 202
    versions = {run.webhook_id: run.workflow_version for run in WorkflowExecution.objects.all()}
    assert versions == {pinned["id"]: 1, free["id"]: 2}


def test_the_secret_is_shown_once_and_stored_encrypted(
    make: Callable[..., Made], api: APIClient, workflow: Workflow
) -> None:
    hook = make()
    one = f"/api/v1/workflows/{workflow.pk}/webhooks/{hook['id']}"
    assert "secret" not in api.get(one).json()
    assert hook["secret"] not in api.get(f"/api/v1/workflows/{workflow.pk}/webhooks").text
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret::text FROM executions_webhook")
        assert hook["secret"] not in str(cursor.fetchone())
    rotated = api.post(f"{one}/rotate-secret").json()
    assert deliver(hook, {"a": 1}).status_code == 404
    assert deliver(rotated, {"a": 1}).status_code == 202
    told = api.get(f"{one}/deliveries").json()["results"]
    assert [row["status"] for row in told] == ["accepted"]
    assert api.put(one, api.get(one).json()).status_code == 200
    assert api.patch(one, {"secret": "mine"}).status_code == 400
    assert api.delete(one).status_code == 204
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"expected_fields": {"type": "nonsense"}}, "/expected_fields"),
        ({"expected_fields": [1]}, "/expected_fields"),
        ({"input_map": {"a": "]["}}, "/input_map/a"),
        ({"input_map": {"a": "b", "x/y": "]["}}, "/input_map/x~1y"),
        ({"user_input_from": "a..b"}, "/user_input_from"),
        ({"version": 9}, "/version"),
        ({"max_body_bytes": 2**21}, "/max_body_bytes"),
        ({"rate_limit_per_minute": 0}, "/rate_limit_per_minute"),
        ({"token": "mine"}, "/token"),
        ({"signature": "none"}, "/signature"),
    ],
)
def test_what_is_wrong_with_a_webhook_is_named(
    api: APIClient, workflow: Workflow, wrong: Made, pointer: str
) -> None:
    answer = api.post(f"/api/v1/workflows/{workflow.pk}/webhooks", {"name": "Orders", **wrong})
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert not Webhook.objects.exists()


def test_a_member_sees_it_but_can_not_get_its_secret(
    make: Callable[..., Made], workflow: Workflow, team: Group, carol: User, client_for: Any
) -> None:
    workflow.shared_with.add(team)
    one = f"/api/v1/workflows/{workflow.pk}/webhooks/{make()['id']}"
    client = client_for(carol)
    assert client.get(one).status_code == 200
    assert client.post(f"{one}/rotate-secret").status_code == 403
    assert client.patch(one, {"name": "Mine"}).status_code == 403


def test_an_address_that_no_webhook_can_have_gets_problem_details_too(db: None) -> None:
    for token in ("%C2%84", "a/b", "a.b"):
        answer = Client().post(f"/hooks/{token}", b"{}", content_type="application/json")
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_documented_way_to_sign_is_right(tmp_path: Path) -> None:
    """The shell lines of the documentation make the signature that we expect."""
    example = re.search(r"```sh\n(BODY=.*?)curl ", DOCS.read_text(), re.DOTALL)
    assert example is not None
    script = f'SECRET=swordfish\n{example[1]}\nprintf \'%s\\n%s\\n%s\' "$BODY" "$NOW" "$SIGNATURE"'
    out = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    body, now, signature = out.stdout.split("\n")
    right = signed("swordfish", body.encode(), float(now))
    assert right["X-Signature-256"] == f"sha256={signature}"
