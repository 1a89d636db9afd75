"""Lists of workflows: filters, search, order, pages, and how many queries they take."""

import base64
import json
from datetime import timedelta
from itertools import chain
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from discovery.models import Agent
from executions.models import WorkflowExecution
from executions.sums.adding import mend_sums
from tests.conftest import ClientFor
from tests.workflows.conftest import MakeWorkflow, definition
from workflows.models import Workflow
from workflows.search import MANY_OF_THE_NEWEST, NEWEST, few_hits

URL = "/api/v1/workflows"
QUERY_COUNTS = json.loads((Path(__file__).parent.parent / "query_counts.json").read_text())


def ids(client: APIClient, query: str = "") -> list[str]:
    answer = client.get(f"{URL}?{query}")
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


@pytest.fixture
def five(alice: User, make_workflow: MakeWorkflow) -> None:
    Agent.objects.create(id="helper", name="Helper", created_by=alice)
    asking = definition({"id": "ask", "type": "agent", "agent_id": "helper"})
    make_workflow(alice, "one", category="text", tags=["a", "b"])
    make_workflow(alice, "two", category="text", tags=["a"], is_template=True)
    make_workflow(alice, "three", category="ops", tags=["b"], definition=asking)
    make_workflow(alice, "four", is_template=True, is_published=True)
    make_workflow(alice, "five")
    Workflow.objects.filter(id="five").update(
        is_active=False, updated_at=timezone.now() + timedelta(days=2)
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"one", "two", "three", "four"}),
        ("category=text", {"one", "two"}),
        ("tag=a", {"one", "two"}),
        ("tag=a&tag=b", {"one"}),
        ("is_template=true", {"two", "four"}),
        ("is_template=false", {"one", "three"}),
        ("is_published=true", {"four"}),
        ("is_active=false", {"five"}),
        ("archived=true", {"one", "two", "three", "four", "five"}),
        ("created_by=alice", {"one", "two", "three", "four"}),
        ("created_by=nobody", set()),
        ("uses_agent=helper", {"three"}),
        ("uses_tool=native:text_stats", {"one", "two", "four"}),
        ("updated_after=2100-01-01T00:00:00Z", set()),
        ("updated_after=2000-01-01T00:00:00Z&category=ops", {"three"}),
        ("search=thr", {"three"}),
        ("search=THREE%20op", {"three"}),
        ("search=three%20text", set()),
        ("search=%27%3A*%20%26%20!%28", set()),
    ],
)
@pytest.mark.usefixtures("five")
def test_a_filter_narrows_the_list(api: APIClient, query: str, expected: set[str]) -> None:
    assert set(ids(api, query)) == expected


@pytest.mark.parametrize(
    "query",
    [
        "is_template=maybe",
        "updated_after=yesterday",
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=%C2%B2",
        "ordering=password",
        "ordering=-created_by__password",
        "total=1",
        "categry=text",
        "search=%00",
        "tag=%00",
        "category=%00",
    ],
)
def test_nonsense_in_the_query_is_refused(api: APIClient, query: str) -> None:
    answer = api.get(f"{URL}?{query}")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_row_has_no_definition_but_its_last_run(
    api: APIClient, alice: User, bob: User, make_workflow: MakeWorkflow
) -> None:
    workflow = make_workflow(alice, "digest")
    common = {"workflow": workflow, "workflow_version": 1, "created_by": alice}
    now = timezone.now()
    for number, status in enumerate(["COMPLETED", "COMPLETED", "FAILED"]):
        WorkflowExecution.objects.create(
            id=f"execution-{number}", status=status, completed_at=now, **common
        )
    WorkflowExecution.objects.create(
        id="execution-simulated", status="COMPLETED", completed_at=now, simulated=True, **common
    )
    WorkflowExecution.objects.create(id="execution-last", **common)
    (row,) = api.get(URL).json()["results"]
    mend_sums()
    # Added to the sums or not, a run counts once.
    assert api.get(URL).json()["results"] == [row]
    assert "definition" not in row
    assert "layout" not in row
    assert (row["last_run"]["id"], row["last_run"]["status"]) == ("execution-last", "PENDING")
    assert row["last_30_days"] == {
        "finished": 3,
        "completed": 2,
        "success_rate": pytest.approx(2 / 3),
    }


def test_runs_of_a_template_by_others_stay_theirs(
    alice: User, bob: User, client_for: ClientFor, make_workflow: MakeWorkflow
) -> None:
    template = make_workflow(alice, "shared", is_template=True, is_published=True)
    WorkflowExecution.objects.create(
        id="execution-1", workflow=template, workflow_version=1, created_by=alice
    )
    (row,) = client_for(bob).get(URL).json()["results"]
    assert (row["last_run"], row["last_30_days"]) == (None, None)


def test_a_workflow_shared_twice_stands_once(
    alice: User, team: Group, carol: User, client_for: ClientFor, make_workflow: MakeWorkflow
) -> None:
    other = Group.objects.create(name="other")
    alice.groups.add(other)
    carol.groups.add(other)
    make_workflow(alice, "digest", shared_with=["team", "other"])
    assert ids(client_for(carol)) == ["digest"]


@pytest.mark.parametrize("ordering", ["name", "-name", "updated_at", "-updated_at", "id"])
def test_pages_hold_every_row_once_both_ways(
    api: APIClient, alice: User, make_workflow: MakeWorkflow, ordering: str
) -> None:
    for number in range(7):
        make_workflow(alice, f"w{number}")
    # Ties, so that the key has to decide.
    Workflow.objects.filter(id__in=["w1", "w2", "w3"]).update(
        name="same", updated_at=timezone.now()
    )
    pages, query = [], f"limit=3&ordering={ordering}"
    answer = api.get(f"{URL}?{query}").json()
    assert answer["previous"] is None
    pages.append(answer)
    while answer["next"]:
        answer = api.get(f"{URL}?{query}&cursor={answer['next']}").json()
        pages.append(answer)
    seen = [[row["id"] for row in page["results"]] for page in pages]
    assert [len(page) for page in seen] == [3, 3, 1]
    assert sorted(chain.from_iterable(seen)) == [f"w{number}" for number in range(7)]
    back = []
    while answer["previous"]:
        answer = api.get(f"{URL}?{query}&cursor={answer['previous']}").json()
        back.append([row["id"] for row in answer["results"]])
    assert back == seen[-2::-1]


def test_rows_that_come_and_go_do_not_shift_a_page(
    api: APIClient, alice: User, make_workflow: MakeWorkflow
) -> None:
    for name in "bdfh":
        make_workflow(alice, name)
    first = api.get(f"{URL}?limit=2&ordering=name").json()
    make_workflow(alice, "a")
    Workflow.objects.filter(id="b").update(is_active=False)
    second = api.get(f"{URL}?limit=2&ordering=name&cursor={first['next']}").json()
    assert [row["id"] for row in second["results"]] == ["f", "h"]


def test_a_cursor_of_another_order_is_refused(
    api: APIClient, alice: User, make_workflow: MakeWorkflow
) -> None:
    for name in "abc":
        make_workflow(alice, name)
    cursor = api.get(f"{URL}?limit=1&ordering=name").json()["next"]
    refused = api.get(f"{URL}?limit=1&ordering=-name&cursor={cursor}")
    assert (refused.status_code, refused.json()["code"]) == (404, "invalid_cursor")


@pytest.mark.parametrize(
    "content",
    [
        ["-updated_at", "yesterday", "a", False],
        ["-updated_at", "2020-01-01T00:00:00", "a", False],
        ["-updated_at", None, "a", False],
        ["-updated_at", "2020-01-01T00:00:00Z", ["a"], False],
        ["-updated_at", "2020-01-01T00:00:00Z", None, False],
        ["-updated_at", 5, "a", False],
        ["-updated_at", "2020-01-01T00:00:00Z", "a"],
        ["-updated_at", "2020-01-01T00:00:00Z", "a\u0000", False],
        {"a": 1},
        5,
    ],
)
def test_a_forged_cursor_leads_nowhere(api: APIClient, content: object) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(content).encode()).decode()
    answer = api.get(f"{URL}?cursor={cursor}")
    assert (answer.status_code, answer.json()["code"]) == (404, "invalid_cursor")


@pytest.mark.parametrize("cursor", ["abc", "%00", "%F0%9F%98%80", "=", "x" * 9000])
def test_no_cursor_at_all_leads_nowhere(api: APIClient, cursor: str) -> None:
    assert api.get(f"{URL}?cursor={cursor}").status_code == 404


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59", "2020-02-30"]
)
def test_a_moment_at_the_edge_is_no_crash(api: APIClient, moment: str) -> None:
    assert api.get(f"{URL}?updated_after={moment}").status_code in (200, 400)


def test_the_total_comes_only_when_asked_for(
    api: APIClient, alice: User, make_workflow: MakeWorkflow
) -> None:
    for name in "abc":
        make_workflow(alice, name)
    assert "total" not in api.get(f"{URL}?limit=1").json()
    counted = api.get(f"{URL}?limit=1&total=true").json()
    assert (counted["total"], counted["total_is_capped"]) == (3, False)


def test_others_see_published_templates_only(five: None, bob: User, client_for: ClientFor) -> None:
    client = client_for(bob)
    assert ids(client) == ["four"]
    assert client.get(f"{URL}/four").status_code == 200
    refused = client.patch(f"{URL}/four", {"category": "bob's"})
    assert refused.status_code == 403
    assert Workflow.objects.get(id="four").category == ""


@pytest.mark.parametrize("rows", [1, 12])
def test_a_list_takes_the_same_queries_however_long(
    api: APIClient, alice: User, make_workflow: MakeWorkflow, rows: int
) -> None:
    for number in range(rows):
        make_workflow(alice, f"w{number}", is_template=True)
    for name, address in (("workflows", URL), ("templates", f"{URL}/templates")):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(api.get(address).json()["results"]) == rows
        assert len(queries) == QUERY_COUNTS[name], [one["sql"] for one in queries]


def test_texts_of_steps_are_found_in_containers_too(
    api: APIClient, alice: User, make_workflow: MakeWorkflow
) -> None:
    inner = {
        "id": "write",
        "type": "agent",
        "name": "Draft the apology",
        "agent": {"instructions": 'Be brief.\nNever promise "refunds".'},
    }
    loop = {"id": "rounds", "type": "loop", "loop_mode": "count", "max_iterations": 2}
    make_workflow(alice, "sorry", definition=definition({**loop, "steps": [inner]}))
    make_workflow(alice, "plain")
    for words in ("apology", "promise refunds", "never", "brief apol"):
        assert ids(api, f"search={words}") == ["sorry"], words
    api.put(f"{URL}/sorry/steps/write", {"step": {"name": "Draft", "agent": inner["agent"]}})
    assert ids(api, "search=apology") == []


def test_a_workflow_of_very_many_words_can_be_stored_and_found(
    api: APIClient, alice: User, make_workflow: MakeWorkflow
) -> None:
    words = " ".join(f"word{number:x}" for number in range(60_000))
    step = {"id": "keep", "type": "set", "name": "Findable", "values": {"text": words}}
    make_workflow(alice, "wordy", definition=definition(step))
    assert ids(api, "search=findable") == ["wordy"]


@pytest.mark.parametrize("count", [MANY_OF_THE_NEWEST - 2, MANY_OF_THE_NEWEST + 1])
def test_a_word_that_few_or_many_have_finds_ones_own(
    api: APIClient, alice: User, bob: User, make_workflow: MakeWorkflow, count: int
) -> None:
    """The two ways to look for a word; with bob's row there are `count` and one."""
    first = make_workflow(alice, "plenty-0")
    make_workflow(bob, "plenty-of-bobs")
    make_workflow(alice, "other")
    Workflow.objects.bulk_create(
        Workflow(id=f"plenty-{n}", name="x", definition_json=first.definition_json, created_by=alice)
        for n in range(1, count)
    )  # fmt: skip
    assert (few_hits("'plenty':*") is None) == (count > MANY_OF_THE_NEWEST)
    found = ids(api, "search=plen&limit=200")
    assert sorted(found) == sorted(f"plenty-{n}" for n in range(count))
    assert ids(api, "search=plen%20bobs") == []


def test_a_word_that_only_many_old_rows_have_is_no_list_of_ids(
    alice: User, make_workflow: MakeWorkflow
) -> None:
    row = make_workflow(alice, "aged-0")
    Workflow.objects.bulk_create(
        Workflow(id=f"{word}-{n}", name="x", definition_json=row.definition_json, created_by=alice)
        for word in ("aged", "newer")
        for n in range(1, NEWEST + 2)
    )
    assert few_hits("'aged':*") is None
    assert few_hits("'nowhere':*") == []
