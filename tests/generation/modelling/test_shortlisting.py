"""What a model is shown of a large catalogue: what has most to do with the request, parameters included."""

from generation.modelling.shortlisting import SHORTLIST, shortlist
from tests.generation.catalogues import OFFICE, catalogue, tool

MANY = [tool(f"files:tool_{number:02}", "Works with files") for number in range(60)]
HIDDEN = tool(
    "zoo:handle",
    "Handles one",
    input_schema={
        "type": "object",
        "properties": {"giraffe": {"description": "Name of the animal"}},
    },
)


def test_a_small_catalogue_is_shown_whole() -> None:
    shown = shortlist("Summarise the news", OFFICE).shown
    assert [row["id"] for row in shown] == [f"r{n}" for n in range(1, len(shown) + 1)]
    assert {row["what"] for row in shown} == {*OFFICE.agents, *OFFICE.tools}


def test_a_tool_is_found_by_its_parameters() -> None:
    found = shortlist("Feed the giraffe", catalogue(*MANY, HIDDEN))
    assert len(found.shown) == SHORTLIST
    assert found.aliases["r1"] == HIDDEN.id


def test_a_request_in_another_language_finds_as_much() -> None:
    wanted = tool("post:send_invoice", "Send an invoice to a customer")
    found = shortlist("Sende dem Kunden die Rechnung", catalogue(*MANY, wanted))
    assert wanted.id in found.aliases.values()


def test_a_request_that_finds_nothing_still_shows_something() -> None:
    assert len(shortlist("Xyzzy", catalogue(*MANY)).shown) == SHORTLIST
