"""What is measured is what was asked for: approvals and waits are passed over, and only there."""

from typing import Any

from generation.drafting import DraftRequest, plan_offline
from generation.scoring_form import in_scoring_form
from tests.generation.catalogues import OFFICE


def result(prompt: str) -> dict[str, Any]:
    """What a user gets for `prompt`."""
    return plan_offline(DraftRequest(prompt=prompt, catalogue=OFFICE)).result


def test_ways_to_an_approval_lead_to_what_it_protects() -> None:
    made = result(
        "Draft a reply to the ticket, wait for my approval and e-mail it to the customer."
    )
    types = [step["type"] for step in made["workflow"]["steps"]]
    measured = in_scoring_form(made)["workflow"]["steps"]
    assert "approval" in types
    assert [step["type"] for step in measured] == [kind for kind in types if kind != "approval"]
    assert measured[-2]["next"] == measured[-1]["id"] == "send-email"


def test_a_decision_leads_past_a_wait() -> None:
    made = result(
        "Triage the ticket. If it is urgent, wait for 2 hours and page the on-call engineer, otherwise draft a reply."
    )
    steps = {step["id"]: step for step in in_scoring_form(made)["workflow"]["steps"]}
    assert "wait" in {step["type"] for step in made["workflow"]["steps"]}
    assert list(steps["decide"]["conditional_branches"].values()) == ["trigger-incident"]


def test_a_workflow_without_them_stays_as_it_is() -> None:
    made = result("Summarise the article and post it in Slack.")
    assert in_scoring_form(made) == made
