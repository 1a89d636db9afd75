"""What a suggested server needs to be set up."""

from generation.known_servers import known_servers, setup_of
from generation.planner import plan
from generation.result import drafted
from tests.generation.catalogues import OFFICE


def test_the_list_holds_thirty_servers_that_can_be_reached_or_started() -> None:
    servers = known_servers()
    assert len(servers) >= 30
    assert all(server["packages"] or server["remotes"] for server in servers)
    assert len({server["name"] for server in servers}) == len(servers)


def test_a_remote_server_carries_its_registration() -> None:
    found = setup_of("linear-server", "Linear", "Issues and cycles")
    assert found["registration"] == {
        "id": "linear-server",
        "name": "Linear",
        "description": "Issues and cycles",
        "url": "https://mcp.linear.app/mcp",
        "headers": {"Authorization": "Bearer {token}"},
    }
    assert found["mcp_json"] is None
    assert found["variables"][0]["is_secret"] is True


def test_a_command_carries_its_snippet() -> None:
    found = setup_of("airtable-server", "Airtable", "Tables and bases")
    assert found["mcp_json"]["mcpServers"]["airtable-server"] == {
        "description": "Tables and bases",
        "command": "npx",
        "args": ["-y", "airtable-mcp-server"],
        "env": {"AIRTABLE_API_KEY": "<AIRTABLE_API_KEY>"},
    }


def test_an_unknown_server_is_left_to_the_reader() -> None:
    found = setup_of("acme-server", "Acme", "Acme, as the request names it")
    assert found == {"known": None, "registration": None, "mcp_json": None, "variables": []}


def test_a_suggestion_brings_its_setup() -> None:
    prompt = "Summarise the text and create an issue in Linear."
    result = drafted(plan(prompt, OFFICE), OFFICE, prompt=prompt).result
    assert result["mcps_suggested"][0]["known"] == "known/linear"
