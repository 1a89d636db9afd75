"""Server-sent events of a run from a real web server: many viewers, resuming, heartbeats, rights, and the end."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import redis
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from common.connections import with_connection
from executions.channels import channel_of
from executions.engine.messages.changes import Batch, RunChange
from executions.engine.messages.values import Value
from executions.models import WorkflowExecution
from executions.recording import note_event, record
from tests.executions.flows import workflow_of
from tests.executions.live.web_process import Viewer, WebProcess
from workflowsite.request_threads import KEPT

VIEWERS = 200
EVENTS = 300


def in_thread(function: Callable[[], object]) -> Callable[[], Awaitable[object]]:
    """To write to the database while the viewers' loop runs."""
    return sync_to_async(with_connection(function))


@pytest.fixture(scope="module")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebProcess]:
    """A web server whose streams show a sign of life each second."""
    process = WebProcess(tmp_path_factory.mktemp("web") / "log", EVENTS_HEARTBEAT_SECONDS="1")
    yield process
    process.stop()


@pytest.fixture
def run(transactional_db: None, alice: User) -> WorkflowExecution:
    """A run of alice that goes on."""
    workflow = workflow_of(alice)
    return WorkflowExecution.objects.create(
        id="execution-1", workflow=workflow, workflow_version=1, created_by=alice, status="RUNNING"
    )


def token_of(user: User) -> str:
    """A new API token."""
    return str(AuthToken.objects.create(user)[1])


def viewer(web: WebProcess, token: str, query: str = "", **headers: str) -> Viewer:
    """Somebody who follows the run."""
    path = f"/api/v1/workflows/executions/execution-1/events{query}"
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Viewer(web.port, path, {"Authorization": f"Token {token}", **given})


def tell(count: int) -> None:
    """Events happen."""
    for _ in range(count):
        assert note_event("execution-1", "tool_call", {"path": "greet", "status": "started"})


def end_run() -> None:
    """The run completes."""
    record(Batch("execution-1", 1, run=RunChange("COMPLETED", timezone.now(), Value("Hello"))))


async def until(is_true: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something that will be true."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def watched(viewers: list[Viewer], meanwhile: Callable[[], None]) -> list[Viewer]:
    """All viewers' streams from beginning to end; `meanwhile` runs once all of them are open."""

    async def watch() -> list[Viewer]:
        watching = [asyncio.create_task(item.watch()) for item in viewers]
        await asyncio.gather(*(item.opened.wait() for item in viewers))
        await in_thread(meanwhile)()
        async with asyncio.timeout(60):
            return list(await asyncio.gather(*watching))

    return asyncio.run(watch())


def test_two_hundred_viewers_see_everything_in_order(
    web: WebProcess, run: WorkflowExecution, alice: User
) -> None:
    token = token_of(alice)
    tell(3)
    before = web.threads
    seen: list[tuple[int, int]] = []

    def meanwhile() -> None:
        for _ in range(EVENTS // 30):
            tell(30)
            seen.append((web.threads, web.connections))
        end_run()

    viewers = watched([viewer(web, token) for _ in range(VIEWERS)], meanwhile)
    expected = list(range(1, EVENTS + 5))
    assert all(item.numbers == expected for item in viewers)
    assert {item.messages[-1][1] for item in viewers} == {"end"}
    assert viewers[0].messages[-1] == ("", "end", {"status": "COMPLETED", "last": EVENTS + 4})
    assert max(threads for threads, _ in seen) <= before + KEPT + 8
    assert max(connections for _, connections in seen) <= 4


def test_an_event_tells_what_the_json_tells(
    web: WebProcess, run: WorkflowExecution, alice: User
) -> None:
    token = token_of(alice)
    tell(2)
    (seen,) = watched([viewer(web, token)], end_run)
    listed = web.get("/api/v1/workflows/executions/execution-1/events", token)["results"]
    assert [data for _, kind, data in seen.messages if kind != "end"] == listed
    assert [kind for _, kind, _ in seen.messages] == ["tool_call", "tool_call", "run", "end"]


def test_a_viewer_comes_back_where_it_was(
    web: WebProcess, run: WorkflowExecution, alice: User
) -> None:
    token = token_of(alice)
    tell(250)
    by_header = viewer(web, token, "?after=1", Last_Event_ID="240")
    by_query = viewer(web, token, "?after=249")
    from_the_start, too_far = viewer(web, token), viewer(web, token, "?after=99999")
    watched([too_far, by_header, by_query, from_the_start], end_run)
    assert by_header.numbers == list(range(241, 252))
    assert by_query.numbers == [250, 251]
    assert from_the_start.numbers == list(range(1, 252))
    assert too_far.numbers == [251]


def test_a_run_that_is_over_is_told_and_the_stream_ends(
    web: WebProcess, run: WorkflowExecution, alice: User
) -> None:
    tell(2)
    end_run()
    (seen,) = watched([viewer(web, token_of(alice))], lambda: None)
    assert [kind for _, kind, _ in seen.messages] == ["tool_call", "tool_call", "run", "end"]


def test_silence_is_broken_by_signs_of_life(
    web: WebProcess, run: WorkflowExecution, alice: User
) -> None:
    quiet = viewer(web, token_of(alice))

    async def watch() -> None:
        watching = asyncio.create_task(quiet.watch())
        await until(lambda: quiet.text.count(": still here") >= 2)
        await in_thread(end_run)()
        await watching

    asyncio.run(watch())
    assert quiet.numbers == [1]


def test_a_deleted_token_ends_its_stream_alone(
    web: WebProcess, run: WorkflowExecution, alice: User
) -> None:
    stays, goes = viewer(web, token_of(alice)), viewer(web, token_of(alice))
    last = AuthToken.objects.order_by("created").last()
    assert last is not None

    async def watch() -> None:
        watching = [asyncio.create_task(item.watch()) for item in (stays, goes)]
        await asyncio.gather(stays.opened.wait(), goes.opened.wait())
        await in_thread(last.delete)()
        async with asyncio.timeout(20):
            await watching[1]
        assert not watching[0].done()
        await in_thread(end_run)()
        await watching[0]

    asyncio.run(watch())
    assert [kind for _, kind, _ in goes.messages] == ["revoked"]
    assert [kind for _, kind, _ in stays.messages] == ["run", "end"]


def test_who_no_longer_shares_the_workflow_no_longer_follows_its_runs(
    web: WebProcess, run: WorkflowExecution, team: Group, carol: User
) -> None:
    run.workflow.shared_with.add(team)
    (seen,) = watched([viewer(web, token_of(carol))], run.workflow.shared_with.clear)
    assert [kind for _, kind, _ in seen.messages] == ["revoked"]


def test_a_session_opens_a_stream_and_logging_out_ends_it(
    web: WebProcess, run: WorkflowExecution, alice: User
) -> None:
    browser = Client()
    browser.force_login(alice)
    item = viewer(web, "")
    item.headers = {"Cookie": f"sessionid={browser.cookies['sessionid'].value}"}
    tell(1)
    (seen,) = watched([item], browser.logout)
    assert [kind for _, kind, _ in seen.messages] == ["tool_call", "revoked"]


def test_strangers_and_nobody_get_the_usual_refusal(
    web: WebProcess, run: WorkflowExecution, bob: User
) -> None:
    async def status(item: Viewer) -> int:
        task = asyncio.create_task(item.watch())
        await until(lambda: item.status != 0)
        task.cancel()
        return item.status

    assert asyncio.run(status(viewer(web, token_of(bob)))) == 404
    assert asyncio.run(status(viewer(web, "nonsense"))) == 401
    assert asyncio.run(status(viewer(web, token_of(run.created_by), Last_Event_ID="x"))) == 400


def test_without_redis_news_come_a_little_later(
    run: WorkflowExecution, alice: User, tmp_path: Path
) -> None:
    web = WebProcess(tmp_path / "web.log", REDIS_URL="redis://127.0.0.1:1/0")
    try:
        (seen,) = watched([viewer(web, token_of(alice))], end_run)
    finally:
        web.stop()
    assert [kind for _, kind, _ in seen.messages] == ["run", "end"]


def test_a_web_server_that_is_stopped_lets_its_viewers_go_at_once(
    run: WorkflowExecution, alice: User, tmp_path: Path
) -> None:
    web = WebProcess(tmp_path / "web.log")
    took: list[float] = []
    token = token_of(alice)
    viewers = watched([viewer(web, token) for _ in range(20)], lambda: took.append(web.stop()))
    assert took[0] < 3
    assert [item.messages for item in viewers] == [[]] * 20
    assert "ERROR" not in web.log.read_text()


def test_nothing_is_left_of_viewers_that_went_away(
    web: WebProcess, run: WorkflowExecution, alice: User
) -> None:
    token = token_of(alice)
    tell(1)
    redis_server = redis.Redis.from_url(settings.REDIS_URL)

    def listeners() -> int:
        return int(redis_server.pubsub_numsub(channel_of(run.pk))[0][1])

    async def watch_and_leave() -> None:
        viewers = [viewer(web, token) for _ in range(20)]
        watching = [asyncio.create_task(item.watch()) for item in viewers]
        await asyncio.gather(*(item.opened.wait() for item in viewers))
        await until(lambda: listeners() == 1)
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        await until(lambda: listeners() == 0)

    asyncio.run(watch_and_leave())
    sockets = web.open_sockets
    asyncio.run(watch_and_leave())
    # A few of the database's pool may have been opened meanwhile.
    assert 0 < web.open_sockets < sockets + 8
    assert web.connections <= 4
    assert "Traceback" not in web.log.read_text()
    redis_server.close()
