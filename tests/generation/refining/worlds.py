"""The workflows that `instructions.jsonl` speaks of, and the catalogue that they use."""

from dataclasses import replace
from typing import Any

from tests.generation.catalogues import OFFICE
from tests.generation.refining.flows import REPLY
from workflows.definition.normalise import normalise


def _schema(**properties: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in properties.items()},
        "required": list(properties),
    }


_TAKES = {
    "gmail:send_email": _schema(to="string", subject="string", body="string"),
    "slack:post_message": _schema(channel="string", text="string"),
    "jira:create_ticket": _schema(project="string", summary="string"),
}

# As `OFFICE`, with tools that say what they take, as those of real servers do.
DESK = replace(
    OFFICE,
    tools={
        name: replace(tool, input_schema=_TAKES[name]) if name in _TAKES else tool
        for name, tool in OFFICE.tools.items()
    },
)

TRIAGE = normalise(
    {
        "id": "triage-all",
        "name": "Triage all tickets",
        "steps": [
            {"id": "list-tickets", "type": "tool", "tool": "zendesk:list_open_tickets", "name": "List open tickets"},
            {
                "id": "each-ticket",
                "type": "loop",
                "loop_mode": "foreach",
                "over": "${steps.list-tickets.output}",
                "max_iterations": 100,
                "steps": [
                    {
                        "id": "triage", "type": "agent", "agent_id": "triage_agent", "name": "Triage",
                        "input": "Rate the urgency\n${loop.item}",
                        "output_schema": {
                            "type": "object", "properties": {"urgency": {"type": "number"}},
                            "required": ["urgency"], "additionalProperties": False,
                        },
                    },
                    {
                        "id": "how-urgent", "type": "conditional", "name": "Is it urgent?",
                        "conditions": [{"when": "${steps.triage.output.urgency} >= 8", "next": "page"}],
                        "default": "note",
                    },
                    {"id": "page", "type": "tool", "tool": "pagerduty:trigger_incident", "name": "Page the engineer",
                     "arguments": {"text": "${loop.item}"}, "next": "end"},
                    {"id": "note", "type": "tool", "tool": "zendesk:add_internal_note", "name": "Add a note",
                     "arguments": {"text": "${loop.item}"}, "next": "end"},
                ],
            },
            {"id": "summary", "type": "agent", "agent_id": "summarizer", "name": "Summary of the tickets",
             "input": "Summarize\n${steps.list-tickets.output}"},
            {"id": "post", "type": "tool", "tool": "slack:post_message", "name": "Post the summary",
             "arguments": {"channel": "#support", "text": "${steps.summary.output}"}},
        ],
    }
)  # fmt: skip

ARTICLE = normalise(
    {
        "id": "article",
        "name": "Article",
        "steps": [
            {"id": "news", "type": "tool", "tool": "search:news_search", "name": "Search the news",
             "arguments": {"query": "${user_input}"}},
            {
                "id": "both", "type": "parallel",
                "branches": [
                    {"id": "image", "steps": [
                        {"id": "image", "type": "tool", "tool": "images:generate_image", "name": "Generate an image",
                         "arguments": {"prompt": "${steps.news.output}"}}]},
                    {"id": "write", "steps": [
                        {"id": "write", "type": "agent", "agent_id": "blog_writer", "name": "Write the article",
                         "input": "Write\n${steps.news.output}"}]},
                ],
            },
            {"id": "review", "type": "agent", "agent_id": "copy_critic", "name": "Review the article",
             "input": "${steps.both.branches.write.output}"},
            {"id": "approve", "type": "approval", "name": "Approval", "approval_message": "Publish it?",
             "content": "${steps.review.output}", "on_reject": "end"},
            {"id": "publish", "type": "tool", "tool": "wordpress:publish_post", "name": "Publish the article",
             "arguments": {"text": "${steps.both.branches.write.output}"}},
        ],
    }
)  # fmt: skip

WORLDS = {"reply": REPLY, "triage": TRIAGE, "article": ARTICLE}
