"""The templates that come with the product, their import, and workflows made from them."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from discovery.models import Agent, McpServer
from tests.conftest import ClientFor
from tests.workflows.conftest import definition, stats_step
from workflows.definition.steps import walk
from workflows.definition.validate import report
from workflows.models import Workflow, WorkflowVersion
from workflows.selectors import catalogue_for, catalogue_of_the_installation, catalogue_read_for
from workflows.template_files import OF_THE_INSTALLATION, read_templates
from workflows.uses import used_agents

PROJECT = Path(__file__).parents[2]
URL = "/api/v1/workflows/templates"


def imported(*options: str, **named: Any) -> dict[str, list[str]]:
    out = StringIO()
    call_command("import_templates", "--json", *options, stdout=out, **named)
    return dict(json.loads(out.getvalue()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "digest", definition())
    write(tmp_path, "ask", definition({"id": "ask", "type": "agent", "agent_id": "writer"}))
    return tmp_path


def write(folder: Path, name: str, content: Any) -> None:
    file = {"id": name, "name": name.title(), "category": "text", "definition": content}
    (folder / f"{name}.json").write_text(json.dumps(file))


def test_every_template_of_ours_is_free_of_findings(db: None) -> None:
    templates = read_templates(PROJECT / "templates_json", catalogue_of_the_installation())
    assert len(templates) >= 8
    findings = [
        (template.path.name, problem.path, problem.message)
        for template in templates
        for problem in template.found.problems
        if problem.code not in OF_THE_INSTALLATION
    ]
    assert findings == []


def test_five_templates_run_without_a_model(db: None) -> None:
    templates = read_templates(PROJECT / "templates_json", catalogue_of_the_installation())
    without = [t.definition.id for t in templates if not used_agents(t.definition)]
    assert len(without) >= 5
    assert "repository-report" in without


def test_the_repository_report_has_a_parallel_a_loop_and_a_conditional(db: None) -> None:
    templates = read_templates(PROJECT / "templates_json", catalogue_of_the_installation())
    (one,) = [t for t in templates if t.definition.id == "repository-report"]
    kinds = {step.type for _, step in walk(one.definition.steps)}
    assert {"parallel", "loop", "conditional", "tool"} <= kinds


def test_the_agents_of_the_templates_are_the_sample_agents(db: None) -> None:
    templates = read_templates(PROJECT / "templates_json", catalogue_of_the_installation())
    wanted = set().union(*(used_agents(template.definition) for template in templates))
    sample = json.loads((PROJECT / "fixtures" / "agents.json").read_text())
    assert wanted == {agent["id"] for agent in sample}
    for agent in sample:
        Agent(**agent).full_clean()


def test_importing_twice_changes_nothing(folder: Path, db: None) -> None:
    assert imported(folder=folder)["created"] == ["ask", "digest"]
    before = list(Workflow.objects.order_by("id").values())
    assert imported(folder=folder)["unchanged"] == ["ask", "digest"]
    assert list(Workflow.objects.order_by("id").values()) == before
    assert WorkflowVersion.objects.count() == 2


def test_a_dry_run_stores_nothing(folder: Path, db: None) -> None:
    assert imported("--dry-run", folder=folder)["created"] == ["ask", "digest"]
    assert Workflow.objects.count() == 0


def test_a_changed_file_makes_a_version(folder: Path, db: None) -> None:
    imported(folder=folder)
    write(folder, "digest", definition(stats_step("other")))
    assert imported(folder=folder)["updated"] == ["digest"]
    row = Workflow.objects.get(id="digest")
    assert (row.version, row.definition_json["entry_step"]) == (2, "other")


def test_pruning_archives_what_has_no_file_any_more(folder: Path, db: None) -> None:
    imported(folder=folder)
    (folder / "ask.json").unlink()
    assert imported(folder=folder)["archived"] == []
    assert imported("--prune", folder=folder)["archived"] == ["ask"]
    assert Workflow.objects.get(id="ask").is_active is False
    write(folder, "ask", definition())
    assert imported(folder=folder)["updated"] == ["ask"]
    assert Workflow.objects.get(id="ask").is_active is True


def file_with(step: str) -> str:
    return f'{{"id": "bad", "name": "B", "definition": {{"steps": [{step}]}}}}'


BAD = [
    ("{", "bad.json: Not JSON"),
    ('{"id": "bad", "id": "bad"}', "bad.json: The key 'id' stands twice"),
    ('{"id": "bad", "name": "B", "definition": {}, "x": 1}', "bad.json: /x: "),
    ('{"id": "bad", "name": "B"}', "bad.json: /definition: "),
    ('{"id": "new", "name": "B", "definition": {}}', "bad.json: /id: 'new' is reserved"),
    ('{"id": "digest", "name": "B", "definition": {}}', "/id: 'digest' is also the id of"),
    (file_with('{"id": "a", "type": "tol"}'), "bad.json: /definition/steps/0/type: "),
    (
        file_with('{"id": "a", "type": "tool", "tool": "native:nothing"}'),
        "bad.json: /definition/steps/0/tool: ",
    ),
]


@pytest.mark.parametrize(("text", "complaint"), BAD)
def test_a_bad_file_is_refused_with_its_name_and_the_place(
    folder: Path, db: None, text: str, complaint: str
) -> None:
    (folder / "bad.json").write_text(text)
    with pytest.raises(CommandError) as refused:
        imported(folder=folder)
    assert complaint in str(refused.value)
    assert Workflow.objects.count() == 0


def test_a_users_workflow_is_never_overwritten(folder: Path, alice: User, api: APIClient) -> None:
    api.post("/api/v1/workflows", {"id": "digest", "name": "Alice's"})
    with pytest.raises(CommandError, match="belongs to a user"):
        imported(folder=folder)
    assert [row.name for row in Workflow.objects.all()] == ["Alice's"]


def test_templates_say_what_they_need_and_what_is_missing(folder: Path, api: APIClient) -> None:
    step = {"id": "log", "type": "tool", "tool": "git:git_log", "arguments": {}}
    write(folder, "log", definition(step))
    imported(folder=folder)
    rows = {row["id"]: row["needs"] for row in api.get(URL).json()["results"]}
    assert rows == {
        "ask": {"agents": [{"id": "writer", "is_missing": True}], "mcps": []},
        "digest": {"agents": [], "mcps": []},
        "log": {"agents": [], "mcps": [{"id": "git", "is_missing": True}]},
    }
    Agent.objects.create(id="writer", name="Writer")
    McpServer.objects.create(id="git", name="git", transport="stdio")
    needs = [api.get(f"{URL}/{name}").json()["needs"] for name in ("ask", "log")]
    assert needs[0]["agents"] == [{"id": "writer", "is_missing": False}]
    assert needs[1]["mcps"] == [{"id": "git", "is_missing": False}]


def test_templates_are_found_by_category_and_search(folder: Path, api: APIClient) -> None:
    imported(folder=folder)
    for query, expected in (
        ("category=text", ["ask", "digest"]),
        ("category=ops", []),
        ("search=dig", ["digest"]),
    ):
        assert [row["id"] for row in api.get(f"{URL}?{query}").json()["results"]] == expected


def test_nobody_changes_an_imported_template_over_rest(
    folder: Path, staff: User, api: APIClient, client_for: ClientFor
) -> None:
    imported(folder=folder)
    before = list(Workflow.objects.order_by("id").values())
    for client in (api, client_for(staff)):
        assert client.patch("/api/v1/workflows/digest", {"category": "x"}).status_code == 403
        assert client.delete("/api/v1/workflows/digest").status_code == 403
    assert list(Workflow.objects.order_by("id").values()) == before


def test_a_workflow_is_made_from_a_template_with_own_agents(
    folder: Path, alice: User, api: APIClient
) -> None:
    imported(folder=folder)
    Agent.objects.create(id="my-writer", name="Mine", created_by=alice)
    made = api.post(
        f"{URL}/ask/instantiate",
        {"id": "mine", "name": "My own", "agents": {"writer": "my-writer"}},
    )
    assert made.status_code == 201
    body = made.json()
    assert (body["id"], body["name"], body["source_template_id"]) == ("mine", "My own", "ask")
    assert (body["is_template"], body["is_published"], body["can_execute"]) == (False, False, True)
    assert body["definition"]["steps"][0]["agent_id"] == "my-writer"
    assert (body["definition"]["id"], body["created_by"]) == ("mine", "alice")


def test_servers_are_exchanged_in_every_tool(folder: Path, api: APIClient) -> None:
    inner = {"id": "log", "type": "tool", "tool": "git:git_log", "arguments": {}}
    branch = {"id": "b", "steps": [inner]}
    other = {"id": "c", "agent_id": "writer", "input": "x"}
    fan = {"id": "fan", "type": "parallel", "branches": [branch, other]}
    asking = {
        "id": "a",
        "type": "agent",
        "agent_id": "writer",
        "tools": ["git:x", "native:text_stats"],
    }
    write(folder, "nested", definition(fan, asking))
    imported(folder=folder)
    made = api.post(f"{URL}/nested/instantiate", {"mcps": {"git": "my-git"}}).json()
    text = json.dumps(made["definition"])
    assert '"my-git:git_log"' in text
    assert '["my-git:x", "native:text_stats"]' in text
    assert '"git:' not in text


@pytest.mark.parametrize(
    "body", [{"agents": {"nobody": "x"}}, {"mcps": {"git": "x"}}, {"id": "end"}]
)
def test_a_mapping_of_what_is_not_used_is_refused(
    folder: Path, api: APIClient, body: dict[str, Any]
) -> None:
    imported(folder=folder)
    assert api.post(f"{URL}/ask/instantiate", body).status_code == 400
    assert Workflow.objects.exclude(created_by=None).count() == 0


def test_instantiating_twice_with_one_key_makes_one(folder: Path, api: APIClient) -> None:
    imported(folder=folder)
    for _ in range(2):
        headers = {"Idempotency-Key": "k"}
        made = api.post(f"{URL}/digest/instantiate", {"name": "Mine"}, headers=headers)
        assert (made.status_code, made.json()["id"]) == (201, "mine")
    refused = api.post(f"{URL}/ask/instantiate", {"name": "Mine"}, headers={"Idempotency-Key": "k"})
    assert refused.status_code == 422
    assert Workflow.objects.exclude(created_by=None).count() == 1


def test_a_copy_is_the_callers_own(folder: Path, alice: User, api: APIClient) -> None:
    imported(folder=folder)
    made = api.post("/api/v1/workflows/digest/copy", {"new_id": "mine", "new_name": "Mine"}).json()
    assert (made["id"], made["name"], made["created_by"]) == ("mine", "Mine", "alice")
    assert (made["source_template_id"], made["is_template"]) == ("digest", False)
    Workflow.objects.filter(id="digest").update(is_active=False)
    assert api.get("/api/v1/workflows/mine").status_code == 200


def test_only_templates_are_templates(api: APIClient, alice: User) -> None:
    api.post("/api/v1/workflows", {"id": "plain", "name": "Plain"})
    assert api.get(f"{URL}/plain").status_code == 404
    assert api.post(f"{URL}/plain/instantiate", {}).status_code == 404


def test_the_catalogue_takes_one_query(alice: User, django_assert_num_queries: Any) -> None:
    McpServer.objects.create(id="git", name="git", transport="stdio")
    with django_assert_num_queries(1):
        catalogue = catalogue_for(alice)
        assert "git" in catalogue.servers
        assert "git:status" not in catalogue.tools
        assert "nobody" not in catalogue.agents
    assert list(catalogue_read_for(alice).servers) == ["git"]


def test_built_in_tools_are_known_without_asking(
    alice: User, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        catalogue = catalogue_for(alice)
        assert report(definition(id="x", name="x"), catalogue).can_execute is True
        assert "" not in catalogue.agents
