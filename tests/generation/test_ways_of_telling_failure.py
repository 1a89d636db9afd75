"""'If anything goes wrong, …': the way that errors take, which no decision behind the steps could be."""

from typing import Any

import pytest

from generation.drafting import DraftRequest, plan_offline
from generation.planning.reading.failing import take_failure
from tests.executions.conftest import Runner, runner, temporal_worker
from tests.generation.catalogues import OFFICE, catalogue, tool
from workflows.definition.catalogue import Catalogue
from workflows.definition.validate import report

__all__ = ["runner", "temporal_worker"]


@pytest.mark.parametrize(
    ("text", "kept", "told"),
    [
        (
            "Post the news. If anything goes wrong, mail ops.",
            "Post the news.",
            "mail ops.",
        ),
        (
            "Post the news. Should any of the steps fail, page somebody. Then write the blog.",
            "Post the news. Then write the blog.",
            "page somebody.",
        ),
        ("Post the news, and if something breaks, page me.", "Post the news", "page me."),
        ("Post the news. Mail me when one of the steps fails.", "Post the news.", "Mail me"),
        (
            "Post the news. In case the whole workflow fails: open a ticket",
            "Post the news.",
            "open a ticket",
        ),
        (
            "Post the news. When there's an error along the way, open a ticket.",
            "Post the news.",
            "open a ticket.",
        ),
    ],
)
def test_what_to_do_when_a_step_fails_is_taken_out(text: str, kept: str, told: str) -> None:
    assert take_failure(text) == (kept, told)


@pytest.mark.parametrize(
    "text",
    [
        "Run the tests. If everything passes deploy, if something fails open a ticket.",
        "Check the invoices. If something breaks the rules, mail me.",
        "Look up the payment. If it failed, mail the customer.",
        "If anything goes wrong, mail ops.",
        "Post what goes wrong if anything at all is known.",
        "Read the logs. If there is an error, page somebody.",
    ],
)
def test_what_is_said_of_a_result_stays_a_decision(text: str) -> None:
    assert take_failure(text) == (text, "")


def designed(prompt: str, of: Catalogue = OFFICE) -> dict[str, Any]:
    """The workflow that the planner designs; it has no error."""
    found = plan_offline(DraftRequest(prompt=prompt, catalogue=of, generator="offline-planner"))
    workflow: dict[str, Any] = found.result["workflow"]
    assert report(workflow, of).is_valid
    return workflow


@pytest.mark.parametrize(
    "prompt",
    [
        "List the open tickets, summarize them and post the summary in Slack. If anything goes wrong, page the on-call engineer.",
        "Liste die offenen Tickets auf, fasse sie zusammen und poste die Zusammenfassung in Slack. Wenn etwas schiefgeht, schick mir eine E-Mail.",
        "Resume los tickets y publica el resumen en Slack. Si algo sale mal, envíame un correo.",
        "Résume les tickets et publie le résumé dans Slack. Si quelque chose échoue, envoie-moi un e-mail.",
    ],
)
def test_each_step_goes_there_when_it_fails(prompt: str) -> None:
    steps = {step["id"]: step for step in designed(prompt)["steps"]}
    (end,) = (step for step in steps.values() if step["type"] == "end")
    assert end["status"] == "failed"
    (rescue,) = (name for name, step in steps.items() if step.get("next") == end["id"])
    watched = [step for step in steps.values() if step is not end and step["id"] != rescue]
    assert len(watched) >= 2
    assert {step["on_error"] for step in watched} == {rescue}
    assert "conditional" not in {step["type"] for step in steps.values()}


def test_it_is_done_and_the_run_has_failed_all_the_same(runner: Runner) -> None:
    text = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    tools = catalogue(
        # The real tool needs more than what is known of this one: its call fails.
        tool("native:extract_patterns", "Extract the patterns of a text"),
        tool("native:text_stats", "Count the words of a text", input_schema=text),
    )
    prompt = "Extract the patterns. If anything goes wrong, count the words."
    ran = runner.run(designed(prompt, tools), user_input="Some text")
    assert ran.status == "FAILED"
    assert ran.row.error_kind == "raised"
    assert ran.statuses == {
        "extract-patterns": "FAILED",
        "text-stats": "COMPLETED",
        "failed": "FAILED",
    }
    failure = ran.step("extract-patterns").error_json
    assert failure is not None
    assert failure["message"] in str(ran.row.error)
