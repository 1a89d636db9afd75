"""When a workflow is to run is none of its steps: it becomes a schedule that can be sent as it is."""

import pytest
from rest_framework.test import APIClient

from generation.drafting import DraftRequest, plan_offline
from generation.planning.reading.schedules import take_recurrences
from workflows.definition.catalogue import Catalogue, ToolEntry


@pytest.mark.parametrize(
    ("text", "rest", "cron"),
    [
        ("Every hour, fetch the page", "fetch the page", "0 * * * *"),
        ("Every morning post the news", "post the news", "0 8 * * *"),
        ("Every evening at 6 back up the files", "back up the files", "0 18 * * *"),
        ("Post the news at 7:30 on weekdays.", "Post the news.", "30 7 * * 1-5"),
        ("Collect the news every Monday and Thursday at noon, then post them", "Collect the news, then post them", "0 12 * * 1,4"),
        ("Check every 5 minutes whether it is up", "Check whether it is up", "*/5 * * * *"),
        ("On the 15th of each month create the invoice", "create the invoice", "0 8 15 * *"),
        ("I want a workflow that runs daily at 9 and reads the news", "I want a workflow that reads the news", "0 9 * * *"),
        ("Weekly, look through the logs", "look through the logs", "0 8 * * 1"),
        ("Fasse jeden Montag die Tickets zusammen.", "Fasse die Tickets zusammen.", "0 8 * * 1"),
        ("Werktags um 17 Uhr einen Bericht schreiben", "einen Bericht schreiben", "0 17 * * 1-5"),
        ("Cada mañana a las 8 resume los correos.", "resume los correos.", "0 8 * * *"),
        ("Tous les vendredis, envoie le rapport.", "envoie le rapport.", "0 8 * * 5"),
    ],
)  # fmt: skip
def test_what_is_told_of_time(text: str, rest: str, cron: str) -> None:
    left, found = take_recurrences(text)
    assert (left, [one.cron for one in found]) == (rest, [cron])


def test_what_no_cron_says_is_an_interval() -> None:
    left, found = take_recurrences("Check the stock every 7 minutes and warn me.")
    assert (left, found[0].interval_seconds, found[0].cron) == (
        "Check the stock and warn me.",
        420,
        "",
    )


@pytest.mark.parametrize(
    "text",
    [
        "For each day in the list write a note",
        "Write a summary of each week",
        "Send it and check back every hour until it is done",
        "Every new customer gets a mail",
        "Daily reports are read and summarised",
        "Compare every month with the one before",
        "every day",
    ],
)
def test_what_is_no_schedule_stays(text: str) -> None:
    assert take_recurrences(text) == (text, [])


def test_the_result_has_the_body_of_a_schedule() -> None:
    catalogue = Catalogue(tools={"native:t": ToolEntry("native:t", "fetch_page", "Fetch a page")})
    request = DraftRequest(
        prompt="Fetch the page every weekday at 7:15 Tokyo time.", catalogue=catalogue
    )
    result = plan_offline(request).result
    assert result["suggested_schedule"] == {
        "words": "every weekday at 7:15 Tokyo time",
        "body": {
            "name": "every weekday at 7:15 Tokyo time",
            "cron": "15 7 * * 1-5",
            "time_zone": "Asia/Tokyo",
        },
    }
    assert [step["type"] for step in result["workflow"]["steps"]] == ["tool"]
    assert "suggested_schedule.body" in result["warnings"][-1]


def test_what_was_assumed_is_told() -> None:
    request = DraftRequest(prompt="Write a poem each Friday.", catalogue=Catalogue())
    result = plan_offline(request).result
    assert result["suggested_schedule"]["body"] == {
        "name": "each Friday",
        "cron": "0 8 * * 5",
        "time_zone": "UTC",
    }
    assert result["warnings"][-1].endswith("No time was told: it says 8:00 UTC.")


@pytest.mark.django_db(transaction=True)
def test_a_designed_workflow_is_scheduled_as_it_was_asked_for(worker: None, api: APIClient) -> None:
    made = api.post(
        "/api/v1/workflows/generate?wait=20",
        {"prompt": "Every 90 minutes count the words of the text."},
    ).json()
    workflow = api.post("/api/v1/workflows/generate/apply", {"generation_id": made["id"]}).json()
    body = made["result"]["suggested_schedule"]["body"]
    answer = api.post(f"/api/v1/workflows/{workflow['workflow']['id']}/schedules", body)
    assert (answer.status_code, answer.json()["interval_seconds"]) == (201, 5400)
