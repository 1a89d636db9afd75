"""Following a job: real stages as server-sent events and as JSON, and the answers for those who may read them."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.test import Client
from knox.models import AuthToken

from common.connections import with_connection
from generation.jobs import moving
from generation.jobs.events import note
from generation.models import Generation
from generation.tasks import design_workflow
from tests.executions.live.web_process import Viewer, WebProcess
from tests.fakes.model_server import ModelServer, structured
from tests.generation.test_jobs import made
from workflowsite.request_threads import KEPT

GOOD = {
    "name": "Post",
    "description": "",
    "steps": [{"agent": "summarizer", "task": "Summarise"}],
    "unplaced": [],
}
ADDRESS = "/api/v1/workflows/generate/generation-1"
VIEWERS = 150


@pytest.fixture(scope="module")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebProcess]:
    process = WebProcess(tmp_path_factory.mktemp("web") / "log", EVENTS_HEARTBEAT_SECONDS="1")
    yield process
    process.stop()


def events_of(user: User, query: str = "") -> dict[str, Any]:
    client = Client()
    client.force_login(user)
    answer = client.get(f"{ADDRESS}/events{query}")
    assert answer.status_code == 200
    return dict(answer.json())


def test_stages_and_calls_are_told_as_they_were(
    office: None, alice: User, model_server: ModelServer
) -> None:
    model_server.script([structured({"name": 1}), structured(GOOD)])
    generation = made(alice)
    design_workflow(generation.pk)
    told = events_of(alice)
    assert told["is_finished"] is True
    assert [event["number"] for event in told["results"]] == list(range(1, told["last"] + 1))
    stages = [e["data"]["stage"] for e in told["results"] if e["kind"] == "stage"]
    assert stages[:2] == ["shortlisting", "planning"]
    assert "repairing_1" in stages
    assert stages[-2:] == ["checking", "ready"]
    calls = [e["data"] for e in told["results"] if e["kind"] == "model_call"]
    assert [(call["number"], call["status"]) for call in calls] == [
        (1, "started"), (1, "completed"), (2, "started"), (2, "completed"),
    ]  # fmt: skip
    assert all(call["purpose"] for call in calls)
    assert told["results"][-1]["data"] == {"status": "COMPLETED", "generator": "openai"}
    assert "Summarise" not in str(told)
    later = events_of(alice, f"?after={told['last'] - 1}")
    assert [event["number"] for event in later["results"]] == [told["last"]]


@pytest.mark.django_db(transaction=True)
def test_many_viewers_share_few_threads_and_connections(web: WebProcess, alice: User) -> None:
    generation = made(alice, status="RUNNING")
    token = AuthToken.objects.create(alice)[1]
    headers = {"Authorization": f"Token {token}"}
    before, seen = web.threads, list[tuple[int, int]]()

    def meanwhile() -> None:
        for number in range(40):
            note(generation.pk, "stage", {"stage": f"s{number}"})
            if number % 10 == 0:
                seen.append((web.threads, web.connections))
        moving.cancel(generation.pk)

    async def watch() -> list[Viewer]:
        viewers = [Viewer(web.port, f"{ADDRESS}/events", headers) for _ in range(VIEWERS)]
        watching = [asyncio.create_task(viewer.watch()) for viewer in viewers]
        await asyncio.gather(*(viewer.opened.wait() for viewer in viewers))
        await sync_to_async(with_connection(meanwhile))()
        async with asyncio.timeout(60):
            return list(await asyncio.gather(*watching))

    viewers = asyncio.run(watch())
    assert all(viewer.numbers == list(range(1, 42)) for viewer in viewers)
    assert viewers[0].messages[-1] == ("", "end", {"status": "CANCELLED", "last": 41})
    assert max(threads for threads, _ in seen) <= before + KEPT + 8
    assert max(connections for _, connections in seen) <= 4


@pytest.mark.django_db(transaction=True)
def test_a_viewer_comes_back_where_it_was(web: WebProcess, alice: User, bob: User) -> None:
    generation = made(alice, status="RUNNING")
    for stage in ("planning", "checking"):
        assert moving.enter(generation.pk, stage)
    moving.cancel(generation.pk)
    headers = {"Authorization": f"Token {AuthToken.objects.create(alice)[1]}", "Last-Event-ID": "1"}
    seen = asyncio.run(Viewer(web.port, f"{ADDRESS}/events", headers).watch())
    assert seen.numbers == [2, 3]
    stranger = {"Authorization": f"Token {AuthToken.objects.create(bob)[1]}"}
    refused = Viewer(web.port, f"{ADDRESS}/events", stranger)
    with pytest.raises((ValueError, asyncio.IncompleteReadError, TimeoutError)):
        asyncio.run(asyncio.wait_for(refused.watch(), 5))
    assert refused.status == 404


def test_answers_are_for_the_owner_and_staff_alone(
    office: None, alice: User, carol: User, staff: User, model_server: ModelServer
) -> None:
    model_server.script([structured(GOOD)])
    design_workflow(made(alice).pk)
    found = {}
    for user in (alice, carol, staff):
        client = Client()
        client.force_login(user)
        found[user.username] = client.get(f"{ADDRESS}/answers")
    assert found[carol.username].status_code == 404
    for user in (alice, staff):
        answer = found[user.username]
        assert answer.status_code == 200
        [call] = answer.json()["results"]
        assert '"summarizer"' in call["answer"]
        assert call["usage"]["input_tokens"] == 10
        assert call["purpose"]
    assert Generation.objects.get().schema_version
