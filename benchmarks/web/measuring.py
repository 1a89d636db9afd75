"""The measurements of requests. What is asked for is there before the clock starts."""

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from django.contrib.auth.models import User

from benchmarks.cases import SERVER
from benchmarks.installation import Installation
from benchmarks.loading import add_all_to_sums, analyse, load_runs, repeat
from benchmarks.rows import OWNER
from benchmarks.web.figures import Cpu, ListRow, RequestRow, StatsRow
from benchmarks.web.samples import STEPS, sample_run, sample_workflow
from benchmarks.web.serving import Ask, Web, cpu_ms
from discovery.models import Agent
from workflows.models import Workflow
from workflowsite.rest.cursors import Ordering, cursor_of

WARM_UP = 10
API = "/api/v1/workflows"
AGENT = "bench-agent"
# What can't be looked up among the built-in tools.
ASKING = [
    {"id": "ask", "type": "agent", "agent_id": AGENT},
    {"id": "add", "type": "tool", "tool": f"{SERVER}:add"},
    STEPS[0],
]
PAGE = 50
NEWCOMER = "bench-newcomer"
FEW_OF_MANY = 5
FEW_OF_ALL = "by who sees five of all"


@dataclass(frozen=True)
class WebEffort:
    """How often each request is sent in each round, and how many rows there are."""

    requests: int
    rounds: int
    few: int
    many: int
    runs: int


WHOLE_EFFORT = WebEffort(requests=300, rounds=3, few=1_000, many=100_000, runs=10_000)
QUICK_EFFORT = WebEffort(requests=20, rounds=1, few=100, many=300, runs=50)


@dataclass
class Side:
    """One kind of request to one process: milliseconds until each answer, and of CPU per request in each round."""

    web: Web
    make: Callable[[], Ask]
    times: list[float] = field(default_factory=list)
    spent: list[Cpu] = field(default_factory=list)

    def measure(self, made: Installation, count: int) -> None:
        """One round of so many requests."""
        self.web.close()
        for _ in range(WARM_UP):
            self.web.ask(self.make())
        before = cpu_ms(self.web, made)
        self.times += [self.web.ask(self.make())[0] for _ in range(count)]
        after = cpu_ms(self.web, made)
        self.spent.append({name: (after[name] - before[name]) / count for name in before})

    def cpu(self) -> Cpu:
        """The median of the rounds."""
        return {name: median(one[name] for one in self.spent) for name in self.spent[0]}


@dataclass(frozen=True)
class Kind:
    """A kind of request, what the bare view is asked instead, and how much CPU ours may take (null: no aim)."""

    name: str
    limit_ms: float | None
    ours: Callable[[], Ask]
    bare: Callable[[], Ask]
    has_token: bool = True


def request_rows(
    made: Installation, web: Web, logged_in: Web, effort: WebEffort
) -> Iterator[RequestRow]:
    """Each kind of request; ours and the bare view by turns."""
    for kind in _kinds():
        sides = {"ours": Side(web, kind.ours), "bare": Side(web, kind.bare)}
        if kind.has_token:
            sides["token"] = Side(logged_in, kind.ours)
        for number in range(effort.rounds):
            order = list(sides.values())
            for side in order if number % 2 == 0 else order[::-1]:
                side.measure(made, effort.requests)
        cpu = {name: side.cpu() for name, side in sides.items()}
        times = {name: median(side.times) for name, side in sides.items()}
        yield RequestRow(
            name=kind.name,
            limit_ms=kind.limit_ms,
            ours=cpu["ours"],
            bare=cpu["bare"],
            ours_ms=times["ours"],
            bare_ms=times["bare"],
            with_token=cpu.get("token", {}),
        )


def _kinds() -> Sequence[Kind]:
    owner = User.objects.get(username=OWNER)
    one, changed = sample_workflow(owner, "read-me"), sample_workflow(owner, "change-me")
    Agent.objects.create(id=AGENT, name=AGENT, created_by=owner)
    repeat(one, PAGE + 10, {"id": "'read-' || n"})
    analyse()
    new, bare = lambda: _new(API, 201), lambda: _new("/bare/create", 200)
    return (
        Kind("read one", 1.2, lambda: Ask(f"{API}/{one.pk}"), lambda: Ask(f"/bare/read/{one.pk}")),
        Kind("list of 50", 2.2, lambda: Ask(API), lambda: Ask("/bare/list")),
        Kind("store one", 2.5, new, bare),
        Kind("store one (bare: two rows)", None, new, lambda: _new("/bare/create-two-rows", 200)),
        Kind("store one with an agent", None, lambda: _new(API, 201, ASKING), bare),
        Kind("replace one", None, lambda: _replaced(changed.pk), bare),
        Kind("an entry of the trail", None, lambda: Ask("/bare/entry"), lambda: Ask("/bare/nothing"), has_token=False),
    )  # fmt: skip


def list_rows(web: Web, effort: WebEffort) -> list[ListRow]:
    """Pages of a list of few rows, and the same when there are many."""
    owner = User.objects.get(username=OWNER)
    newcomer = User.objects.create(username=NEWCOMER)
    for number in range(FEW_OF_MANY):
        sample_workflow(newcomer, f"newcomers-{number}")
    rare = sample_workflow(owner, "rare", tags=["rare"], category="rare")
    common = sample_workflow(owner, "common", tags=["common"], category="common")
    changes = {
        "id": "'{0}-' || n",
        "name": "'{0} ' || n",
        "updated_at": "template.updated_at - interval '1 s' * n",
    }
    _repeat_named(rare, 20, changes)
    _repeat_named(common, effort.few, changes)
    few = _times(web, effort)
    _repeat_named(common, effort.many - effort.few, changes | {"id": "'more-' || n"})
    many = _times(web, effort)
    return [ListRow(name, few[name], many[name], name in CONSTANT) for name in few]


def stats_rows(web: Web, effort: WebEffort) -> list[StatsRow]:
    """Statistics of a workflow with so many runs of ten steps, and a list that shows it."""
    run = sample_run(User.objects.get(username=OWNER), "counted")
    load_runs(run, effort.runs)
    add_all_to_sums()
    analyse()
    address = f"{API}/{run.workflow_id}/stats"
    periods = {
        "30 days": f"{address}?days=30",
        "30 days, half an hour off": f"{address}?days=30&tz=Asia/Kolkata",
        "30 days, 8 hours off": f"{address}?days=30&tz=America/Los_Angeles",
        "365 days": f"{address}?days=365&tz=Asia/Kolkata",
        "a list with its last 30 days": API,
    }
    return [_stats_row(name, web, path, effort) for name, path in periods.items()]


# Which pages must not take longer when there are more rows.
CONSTANT = (
    *("first page", "a page far down", "by name", "few found by a tag"),
    *("few found by a word", "nearly all found by a word"),
)


def _asked() -> dict[str, Ask]:
    return {
        **{name: Ask(path) for name, path in _addresses().items()},
        FEW_OF_ALL: Ask(API, user=NEWCOMER),
    }


def _addresses() -> dict[str, str]:
    rows = Workflow.objects.order_by("-updated_at", "pk")
    far_down = rows[rows.count() * 9 // 10]
    cursor = cursor_of(far_down, Ordering("updated_at", descending=True), backwards=False).encode()
    return {
        "first page": API,
        "a page far down": f"{API}?cursor={cursor}",
        "by name": f"{API}?ordering=name",
        "few found by a word": f"{API}?search=rare",
        "few found by a tag": f"{API}?tag=rare",
        "few found by category": f"{API}?category=rare",
        "nearly all found by a word": f"{API}?search=common",
        "nearly all found by a tag": f"{API}?tag=common",
        "with the total": f"{API}?total=true",
    }


def _times(web: Web, effort: WebEffort) -> dict[str, float]:
    analyse()
    return {name: median(_sent(web, ask, effort)) for name, ask in _asked().items()}


def _stats_row(name: str, web: Web, path: str, effort: WebEffort) -> StatsRow:
    times = _sent(web, Ask(path), effort)
    return StatsRow(name, min(times), median(times))


def _sent(web: Web, ask: Ask, effort: WebEffort) -> list[float]:
    # The server has closed a connection on which nothing came for some seconds.
    web.close()
    count = max(5, effort.requests // 10)
    return [web.ask(ask)[0] for _ in range(count + 2)][2:]


def _new(path: str, status: int, steps: Sequence[Any] = STEPS) -> Ask:
    name = f"n{uuid.uuid4().hex}"
    body = {"id": name, "name": name, "definition": {"steps": steps}}
    return Ask(path, json.dumps(body).encode(), status)


def _replaced(workflow_id: str) -> Ask:
    """The same steps with another name: a new version."""
    body = {"name": f"n{uuid.uuid4().hex}", "definition": {"steps": STEPS}}
    return Ask(f"{API}/{workflow_id}", json.dumps(body).encode(), 200, "PUT")


def _repeat_named(row: Workflow, count: int, changes: dict[str, str]) -> None:
    repeat(row, count, {key: sql.format(row.pk) for key, sql in changes.items()})
