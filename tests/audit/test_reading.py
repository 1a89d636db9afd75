"""Who reads what of the trail: over REST, in the admin, on a terminal."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from audit.models import AuditEntry
from discovery.models import Agent
from discovery.services import create_agent, delete_agent, save_agent
from tests.conftest import ClientFor
from tests.workflows.conftest import definition
from workflows.models import Workflow
from workflows.services import archive_workflow, create_workflow, save_workflow

API = "/api/v1"
AUDIT = f"{API}/audit"
HISTORY = f"{API}/workflows/flow/history"


@pytest.fixture
def flow(alice: User, team: Group) -> Workflow:
    raw = {**definition(), "id": "flow", "name": "Flow"}
    return create_workflow(by=alice, definition=raw, shared_with=["team"])


def actions(answer: object) -> list[str]:
    return [row["action"] for row in answer.json()["results"]]  # type: ignore[attr-defined]


def test_who_may_change_a_workflow_reads_its_history(
    api: APIClient, alice: User, carol: User, client_for: ClientFor, flow: Workflow
) -> None:
    save_workflow(flow, by=carol, name="Other")
    for client in (api, client_for(carol)):
        rows = client.get(HISTORY).json()["results"]
        assert [(row["action"], row["actor"]) for row in rows] == [
            ("updated", "carol"),
            ("created", "alice"),
        ]
        assert rows[0]["changes"]["name"] == {"before": "Flow", "after": "Other"}
        # From where another one works is nobody's business.
        assert not {"client_address", "via", "request_id"} & rows[0].keys()


def test_who_may_only_use_it_does_not(
    alice: User, bob: User, client_for: ClientFor, flow: Workflow
) -> None:
    assert client_for(bob).get(HISTORY).status_code == 404
    save_workflow(flow, by=alice, is_template=True, is_published=True)
    answer = client_for(bob).get(HISTORY)
    assert (answer.status_code, "alice" in answer.content.decode()) == (403, False)


def test_groups_are_named_to_those_who_are_in_them(
    api: APIClient, alice: User, carol: User, client_for: ClientFor, flow: Workflow
) -> None:
    alice.groups.add(Group.objects.create(name="board"))
    save_workflow(flow, by=alice, shared_with=["team", "board"])
    both = {"before": ["team"], "after": ["board", "team"]}
    assert api.get(HISTORY).json()["results"][0]["changes"] == {"shared_with": both}
    answer = client_for(carol).get(HISTORY)
    assert answer.json()["results"][0]["changes"]["shared_with"]["after"] == ["team"]
    assert "board" not in answer.content.decode()


def test_an_archived_one_still_tells_who_archived_it(
    api: APIClient, alice: User, flow: Workflow
) -> None:
    archive_workflow(flow, by=alice)
    assert actions(api.get(HISTORY)) == ["archived", "created"]


def test_a_new_agent_does_not_inherit_the_history_of_its_id(
    api: APIClient, alice: User, bob: User
) -> None:
    old = create_agent(by=bob, id="writer", name="Bob's")
    save_agent(old, by=bob, role="secret role")
    delete_agent(old, by=bob)
    create_agent(by=alice, id="writer", name="Alice's")
    answer = api.get(f"{API}/agents/writer/history")
    assert actions(answer) == ["created"]
    assert "bob" not in answer.content.decode().lower()


def test_pages_go_on_where_the_last_one_ended(api: APIClient, alice: User) -> None:
    agent = create_agent(by=alice, id="writer", name="0")
    for number in range(1, 5):
        save_agent(agent, by=alice, name=str(number))
    seen, cursor = [], ""
    while True:
        page = api.get(f"{API}/agents/writer/history?limit=2{cursor}").json()
        seen += [row["object_name"] for row in page["results"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == ["4", "3", "2", "1", "0"]


class TestAudit:
    @pytest.fixture(autouse=True)
    def _rows(self, alice: User, bob: User) -> None:
        create_agent(by=alice, id="of-alice", name="A")
        create_agent(by=bob, id="of-bob", name="B")

    def test_one_reads_what_one_did(self, api: APIClient) -> None:
        answer = api.get(AUDIT)
        assert [row["object_id"] for row in answer.json()["results"]] == ["of-alice"]
        assert "of-bob" not in answer.content.decode()

    def test_and_what_was_tried_with_ones_account(
        self, alice: User, bob: User, api: APIClient, anonymous: APIClient, client_for: ClientFor
    ) -> None:
        anonymous.post(f"{API}/auth/login", {"name": "alice", "password": "x"})
        row = api.get(AUDIT).json()["results"][0]
        assert (row["action"], row["client_address"]) == ("log_in_failed", "127.0.0.1")
        assert "log_in_failed" not in actions(client_for(bob).get(AUDIT))

    def test_where_another_one_works_is_not_told(
        self, alice: User, api: APIClient, desk: Client
    ) -> None:
        desk.post("/admin/knox/authtoken/add/", {"user": alice.pk})
        row = api.get(f"{AUDIT}?action=token_created").json()["results"][0]
        assert (row["actor"], row["client_address"], row["request_id"]) == ("staff", None, "")

    def test_staff_read_everything(self, staff: User, client_for: ClientFor) -> None:
        found = client_for(staff).get(AUDIT).json()["results"]
        assert {row["object_id"] for row in found} >= {"of-alice", "of-bob"}

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("actor=bob", ["of-bob"]),
            ("actor=nobody", []),
            ("object_kind=agent&object_id=of-alice", ["of-alice"]),
            ("object_kind=workflow", []),
            ("action=created&object_kind=agent", ["of-bob", "of-alice"]),
            ("action=deleted", []),
            ("channel=system&object_kind=agent", ["of-bob", "of-alice"]),
            ("since=2020-01-01T00:00:00Z&object_kind=agent", ["of-bob", "of-alice"]),
            ("until=2020-01-01T00:00:00Z", []),
        ],
    )
    def test_filters(
        self, staff: User, client_for: ClientFor, query: str, expected: list[str]
    ) -> None:
        found = client_for(staff).get(f"{AUDIT}?{query}").json()["results"]
        assert [row["object_id"] for row in found] == expected

    @pytest.mark.parametrize(
        "query", ["action=x", "object_kind=x", "since=x", "who=x", "limit=0", "ordering=actor"]
    )
    def test_what_is_not_understood_is_refused(self, api: APIClient, query: str) -> None:
        assert api.get(f"{AUDIT}?{query}").status_code == 400

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_nothing_writes_to_it(self, staff: User, client_for: ClientFor, method: str) -> None:
        assert getattr(client_for(staff), method)(AUDIT, {}).status_code == 405


class TestAdmin:
    LIST = "/admin/audit/auditentry/"

    def test_the_history_button_leads_to_the_trail(self, desk: Client, flow: Workflow) -> None:
        page = desk.get("/admin/workflows/workflow/flow/change/").content.decode()
        assert "/admin/workflows/workflow/flow/history/" in page
        answer = desk.get("/admin/workflows/workflow/flow/history/", follow=True)
        found = answer.context["cl"].result_list
        assert [(row.action, row.actor_name) for row in found] == [("created", "alice")]

    def test_an_entry_says_what_was_done_in_words(self, desk: Client, flow: Workflow) -> None:
        row = AuditEntry.objects.get(object_id="flow")
        page = desk.get(f"{self.LIST}{row.pk}/change/").content.decode()
        assert "(&#x27;created" not in page
        assert f"{timezone.localtime(row.created_at):%Y-%m-%d %H:%M:%S}" in page
        answer = desk.get(f"{self.LIST}{row.pk}/history/")
        assert answer.headers["Location"].endswith(
            "object_kind__exact=workflow&object_id__exact=flow"
        )

    def test_it_is_only_read(self, desk: Client, flow: Workflow) -> None:
        row = AuditEntry.objects.get(object_id="flow")
        page = desk.get(f"{self.LIST}{row.pk}/change/")
        assert page.status_code == 200
        assert desk.get(f"{self.LIST}add/").status_code == 403
        assert desk.post(f"{self.LIST}{row.pk}/change/", {"action": "x"}).status_code == 403
        assert desk.post(f"{self.LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
        body = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        desk.post(self.LIST, body)
        assert AuditEntry.objects.filter(pk=row.pk).exists()


class TestCommand:
    def told(self, *options: str) -> str:
        words = StringIO()
        call_command("audit", "list", *options, stdout=words)
        return words.getvalue()

    @pytest.fixture(autouse=True)
    def _rows(self, staff: User, alice: User, bob: User) -> None:
        agent = create_agent(by=alice, id="writer", name="Writer")
        save_agent(agent, by=alice, role="Author")
        create_agent(by=bob, id="reader", name="Reader")

    def test_lines(self) -> None:
        newest, middle, oldest = self.told("--object", "agent").splitlines()
        assert "bob  created  agent:reader  [system]" in newest
        assert "alice  updated  agent:writer  [system]  role, version" in middle
        assert "alice  created  agent:writer" in oldest

    def test_filters_and_json(self) -> None:
        told = self.told("--json", "--object", "agent:writer", "--actor", "alice", "--limit", "1")
        (row,) = json.loads(told)["results"]
        assert (row["action"], row["actor_name"]) == ("updated", "alice")
        later = (timezone.now() + timedelta(hours=1)).isoformat()
        assert json.loads(self.told("--json", "--since", later)) == {"results": []}
        assert self.told("--action", "deleted") == ""

    def test_one_sees_what_that_user_sees(self) -> None:
        assert "reader" not in self.told("--user", "alice")

    @pytest.mark.parametrize(
        "options", [("--object", "x"), ("--since", "x"), ("--limit", "0"), ("--user", "none")]
    )
    def test_what_is_not_understood_is_refused(self, options: tuple[str, str]) -> None:
        with pytest.raises(CommandError):
            self.told(*options)


def test_an_agent_without_an_owner_has_a_history_for_staff(
    api: APIClient, staff: User, client_for: ClientFor
) -> None:
    Agent.objects.create(id="common", name="Common")
    save_agent(Agent.objects.get(), by=staff, role="Author")
    assert api.get(f"{API}/agents/common/history").status_code == 403
    assert actions(client_for(staff).get(f"{API}/agents/common/history")) == ["updated"]
