"""The templates that need no model, run for real: on this repository, real MCP servers, real time zones."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from discovery.refreshing import refresh_servers, sync_stdio_servers
from tests.executions.conftest import Runner
from workflows.selectors import catalogue_for
from workflows.template_files import read_templates

PROJECT = Path(__file__).parents[2]


def template(name: str) -> dict[str, Any]:
    content = json.loads((PROJECT / "templates_json" / f"{name}.json").read_text())
    return dict(content["definition"])


@pytest.fixture
def servers(runner: Runner) -> None:
    """The servers of mcp.json, connected."""
    sync_stdio_servers()
    refresh_servers(["git", "time"])


@pytest.mark.usefixtures("servers")
def test_the_repository_report_reports_on_this_repository(runner: Runner) -> None:
    ran = runner.run(template("repository-report"))
    report = ran.output
    assert report.startswith("REPOSITORY REPORT, 20")
    assert "Repository status:" in report
    assert "Commit history:" in report
    assert "dated entries" in report
    assert {"facts/status/status", "facts/history/history"} <= set(ran.paths)
    days = [path for path in ran.paths if path.startswith("each-day/") and "day-line" in path]
    assert 1 <= len(days) <= 7
    assert "no-history" not in ran.paths


@pytest.mark.usefixtures("servers")
def test_meeting_times_come_from_the_time_server(runner: Runner) -> None:
    participants = ["Asia/Tokyo", "Asia/Kolkata"]
    given = {"time": "09:30", "timezone": "UTC", "participants": participants}
    plan = runner.run(template("meeting-times"), input=given).output.splitlines()
    assert plan[0] == "The meeting at 09:30 (UTC) is at:"
    assert plan[1].endswith("T18:30:00+09:00 (+9.0h)")
    assert plan[2].endswith("T15:00:00+05:30 (+5.5h)")


@pytest.mark.usefixtures("servers")
def test_with_the_real_servers_no_template_has_a_finding_but_its_agents(runner: Runner) -> None:
    templates = read_templates(PROJECT / "templates_json", catalogue_for(runner.owner))
    codes = {problem.code for one in templates for problem in one.found.problems}
    assert codes == {"unknown_agent"}


def test_a_digest_holds_what_the_text_holds(runner: Runner) -> None:
    text = "We met on 2026-03-01. It cost EUR 120.50. Write to ann@example.org for more."
    digest = runner.run(template("text-digest"), user_input=text).output
    assert "Dates: 2026-03-01" in digest
    assert "Amounts: EUR 120.50" in digest
    assert "E-mail addresses: ann@example.org" in digest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Call ann@example.org please.", "E-mail: ann@example.org\nTelephone: \nLinks: "),
        ("Nothing here.", "The text names no e-mail address, telephone number or link."),
    ],
)
def test_contacts_are_found_or_said_to_be_missing(runner: Runner, text: str, expected: str) -> None:
    assert runner.run(template("contact-extraction"), user_input=text).output == expected


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("A phishing mail asked for a password.", "SECURITY, at once. Signs: phishing, password."),
        ("The shop is down, order #12345.", "ON CALL. Signs: down. References: 12345."),
        ("I was charged twice.", "SERVICE DESK (billing)."),
        ("Hello there.", "SERVICE DESK (general)."),
    ],
)
def test_incidents_go_to_whom_they_concern(runner: Runner, text: str, beginning: str) -> None:
    note = runner.run(template("incident-routing"), user_input=text).output
    assert note.startswith(beginning)
    assert note.endswith(text)


def test_a_reminder_comes_at_its_time(runner: Runner) -> None:
    until = (timezone.now() + timedelta(seconds=2)).isoformat()
    ran = runner.run(template("reminder"), user_input="Tea", input={"until": until})
    assert ran.output.startswith("Reminder, written at 20")
    assert ran.output.endswith(": Tea")
    assert max(ran.times("pause")[1]).isoformat() >= until
