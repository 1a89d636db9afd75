"""The tour itself: generate, apply, run a template on real input, run what was generated."""

import json
from dataclasses import dataclass, field
from typing import Any, Protocol

from discovery.language_model import client as model_client
from executions.terminal.lines import end_line, step_line
from workflows.definition.caption import one_line
from workflows.definition.normalise import normalise
from workflows.definition.steps import AgentStep, Definition, ParallelStep, walk
from workflows.definition.tree import text_tree
from workflowsite.demo.client import Client, Refused

TEMPLATE = "repository-report"
TEMPLATE_INPUT = {"user_input": "What happened in this repository lately?"}
GENERATION_SECONDS = 180.0


class Say(Protocol):
    """Prints a text in one of the styles of the command."""

    def __call__(self, text: str, style: str = "") -> None:
        """Print."""


@dataclass
class Told:
    """What happened, for `--json`."""

    generation: dict[str, Any] = field(default_factory=dict)
    workflow_id: str = ""
    runs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_success(self) -> bool:
        """Whether all that was run completed."""
        return bool(self.runs) and all(run["status"] == "COMPLETED" for run in self.runs)


def tour(client: Client, prompt: str, user_input: str, say: Say) -> Told:
    """Walk through the product; `say(text, style)` prints. Raises `Refused`, `OSError`, `TimeoutError`."""
    told = Told()
    definition = _generate(client, prompt, say, told)
    applied = _apply(client, say, told)
    say(
        "\n3  Run a template on real input: this repository's history, through the git MCP server",
        "h",
    )
    _show(client.get(f"/workflows/templates/{TEMPLATE}")["definition"], say)
    told.runs.append(_run(client, TEMPLATE, TEMPLATE_INPUT, say))
    say("\n4  Run the generated workflow", "h")
    told.runs.append(_run_generated(client, applied, definition, user_input, say))
    return told


def _generate(client: Client, prompt: str, say: Say, told: Told) -> Definition:
    say("\n1  Design a workflow from words", "h")
    say(f'"{one_line(prompt, 300)}"', "")
    generation = client.generated(prompt, GENERATION_SECONDS)
    told.generation = {key: generation.get(key) for key in ("id", "status", "generator", "model")}
    if generation["status"] != "COMPLETED":
        raise Refused({"detail": f"The design failed: {generation.get('error')}"})
    result = generation["result"]
    designer = generation["generator"]
    model = f" ({generation['model']})" if generation.get("model") else ""
    say(f"Designed by {designer}{model}; {result['estimated_complexity']}.", "good")
    definition = _show(result["workflow"], say)
    _list(say, "Uses agents", result["existing_agents_used"])
    _list(say, "Uses servers", result["existing_mcps_used"])
    _list(say, "Creates agents", [agent["name"] for agent in result["agents_to_create"]])
    _list(say, "Would need servers", [server["id"] for server in result["mcps_suggested"]])
    for warning in result["warnings"]:
        say(f"Note: {one_line(warning, 300)}", "soft")
    return definition


def _apply(client: Client, say: Say, told: Told) -> dict[str, Any]:
    say("\n2  Apply it: store the workflow and create the agents it needs", "h")
    applied = client.post("/workflows/generate/apply", {"generation_id": told.generation["id"]})
    told.workflow_id = applied["workflow"]["id"]
    say(f"Stored as {told.workflow_id}.", "good")
    if applied["blocked_steps"]:
        say(f"Blocked until configured: {', '.join(applied['blocked_steps'])}.", "soft")
    return applied


def _run_generated(
    client: Client, applied: dict[str, Any], definition: Definition, user_input: str, say: Say
) -> dict[str, Any]:
    """For real where that is possible, else simulated and marked."""
    reasons = []
    if not applied["can_execute"]:
        reasons.append("it needs servers that are not configured")
    if _needs_model(definition) and not model_client.is_configured():
        reasons.append("it needs a model and OPENAI_API_KEY is not set")
    if reasons:
        say(
            f"Simulated, since {' and '.join(reasons)}: stand-ins answer for models and tools.",
            "soft",
        )
    body = {"user_input": user_input, "simulate": bool(reasons)}
    return _run(client, applied["workflow"]["id"], body, say)


def _run(client: Client, workflow_id: str, body: dict[str, Any], say: Say) -> dict[str, Any]:
    """Start a run and print each change of a step as it happens."""
    execution = client.post(f"/workflows/{workflow_id}/execute", body)
    say(execution["id"], "soft")
    for row in client.step_changes(execution["id"]):
        say(step_line(row), row["status"])
    ended = client.get(f"/workflows/executions/{execution['id']}")
    line = end_line(ended["status"], simulated=ended["simulated"], error=ended["error"])
    say(f"{line}  {ended['duration_ms']:,} ms", ended["status"])
    if ended["status"] == "COMPLETED":
        say(_text(ended["output"]), "")
    keys = ("id", "workflow_id", "status", "simulated", "duration_ms", "error", "failed_step")
    return {key: ended[key] for key in keys}


def _show(raw: dict[str, Any], say: Say) -> Definition:
    definition = normalise(raw)
    for line in text_tree(definition):
        say(line, "tree")
    return definition


def _needs_model(definition: Definition) -> bool:
    return any(
        isinstance(step, AgentStep)
        or (isinstance(step, ParallelStep) and step.aggregation == "best")
        for _, step in walk(definition.steps)
    )


def _list(say: Say, title: str, names: list[str]) -> None:
    if names:
        say(f"{title}: {one_line(', '.join(names), 300)}", "")


def _text(output: Any) -> str:
    """The first lines of an output, safe for a terminal."""
    text = output if isinstance(output, str) else json.dumps(output, indent=2, ensure_ascii=False)
    lines = text.splitlines()
    shown = [one_line(line, 160) for line in lines[:60]]
    return "\n".join([*shown, *(["…"] if len(lines) > 60 else [])])
