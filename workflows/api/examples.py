"""What callers send about workflows, and are answered where they send nothing: by operation, shown in the OpenAPI file, tried by a test."""

from typing import Any

_COUNT = {
    "id": "count",
    "type": "tool",
    "name": "Count the words",
    "tool": "native:text_stats",
    "arguments": {"text": "${user_input}"},
}
_SHORTEN = {
    "id": "shorten",
    "type": "tool",
    "name": "Shorten",
    "tool": "native:summarize_text",
    "arguments": {"text": "${user_input}", "max_sentences": 2},
}
_REPORT = {
    "id": "report",
    "type": "tool",
    "name": "Write the report",
    "tool": "native:render_text",
    "arguments": {
        "template": "{words} words. {summary}",
        "values": {
            "words": "${steps.count.output.words}",
            "summary": "${steps.shorten.output.summary}",
        },
    },
}
_DEFINITION = {"steps": [_COUNT, _SHORTEN, _REPORT], "output": "${steps.report.output}"}
_CHANGED = {**_DEFINITION, "context": {"audience": "the board"}}
_DOCUMENT = {
    "workflow": {"definition": {"id": "text-report", "name": "Report on a text", **_DEFINITION}}
}
_DOCUMENT_WITH_AGENT = {
    "workflow": {
        "definition": {
            "id": "letter",
            "name": "Write a letter",
            "steps": [{"id": "write", "type": "agent", "agent_id": "their-writer"}],
        }
    }
}
_CHANGED_STEP = {**_SHORTEN, "arguments": {"text": "${user_input}", "max_sentences": 3}}

REQUESTS: dict[str, dict[str, Any]] = {
    "create_workflow": {
        "Three steps in a row": {
            "id": "weekly-report",
            "name": "Report on a text",
            "description": "Counts the words of a text, shortens it and puts both together.",
            "category": "text",
            "tags": ["report"],
            "definition": _DEFINITION,
        },
        "An empty one, to be built step by step": {"name": "To be built"},
    },
    "replace_workflow": {
        "Name and definition, all else emptied": {
            "name": "Report on a text",
            "definition": _CHANGED,
            "message": "Reports say who they are for.",
        }
    },
    "change_workflow": {"Other tags": {"tags": ["report", "weekly"]}},
    "copy_workflow": {
        "With an id and a name of its own": {"new_id": "my-report", "new_name": "My report"}
    },
    "validate_workflow": {
        "Before it is stored": {"definition": _CHANGED},
        "As it is stored": {},
    },
    "validate_definition": {
        "A definition": {"definition": {"id": "new", "name": "New", **_CHANGED}}
    },
    "change_workflows": {
        "Tag two": {"action": "tag", "ids": ["text-report", "spare-report"], "tags": ["weekly"]}
    },
    "import_workflow": {
        "Only look what would come of it": {"document": _DOCUMENT, "dry_run": True},
        "With an agent of one's own": {
            "document": _DOCUMENT_WITH_AGENT,
            "id": "imported-report",
            "agents": {"their-writer": "writer"},
        },
    },
    "instantiate_template": {"With a name of its own": {"name": "My digest"}},
    "publish_workflow": {
        "Look at what it would change": {"version": 1, "dry_run": True},
        "The current version": {},
    },
    "accept_drift": {
        "As it was read": {"state": "4ac7e7a5e2f6c1b09d3e8f7a6b5c4d3e"},
    },
    "replace_canvas": {
        "From nodes and edges": {
            "nodes": [
                {
                    "id": "count",
                    "type": "tool",
                    "position": {"x": 0, "y": 0},
                    "data": {"tool": "native:text_stats", "arguments": {"text": "${user_input}"}},
                },
                {
                    "id": "shorten",
                    "type": "tool",
                    "position": {"x": 0, "y": 160},
                    "data": {
                        "tool": "native:summarize_text",
                        "arguments": {"text": "${user_input}"},
                    },
                },
            ],
            "edges": [{"source": "count", "target": "shorten", "kind": "next"}],
            "entry_step": "count",
            "message": "Without a report.",
        },
        "From a definition": {"definition": _DEFINITION, "layout": {"count": {"x": 40, "y": 0}}},
    },
    "layout_canvas": {"Keep the positions": {"save": True}},
    "move_node": {"To the right": {"x": 260, "y": 120}},
    "add_step": {
        "After another step": {
            "step": {"id": "pause", "type": "wait", "duration_seconds": 60},
            "after": "count",
            "message": "Not so fast.",
        }
    },
    "replace_step": {"Longer summaries": {"step": _CHANGED_STEP}},
    "replace_step_called_reorder": {
        "A wait": {"step": {"id": "reorder", "type": "wait", "duration_seconds": 60}}
    },
    "reorder_steps": {"Shorten first": {"order": ["shorten", "count", "report"]}},
    "move_step": {"Before the first": {"before": "count"}},
    "connect_steps": {"Skip what lies between": {"to": "end"}},
}

_STORED = {
    "id": "pause",
    "name": "Pause",
    "description": "",
    "category": "",
    "tags": [],
    "is_template": False,
    "source_template_id": None,
    "version": 3,
    "revision": 7,
    "published_version": None,
    "is_active": True,
    "is_published": False,
    "can_execute": True,
    "created_by": "ada",
    "shared_with": [],
    "created_at": "2026-11-30T09:00:00Z",
    "updated_at": "2026-11-30T09:05:00Z",
    "definition": {
        "id": "pause",
        "name": "Pause",
        "description": "",
        "entry_step": "pause",
        "context": {},
        "limits": {"max_steps": 5000, "timeout_seconds": 86400},
        "steps": [
            {
                "id": "pause",
                "name": "Pause",
                "description": "",
                "type": "wait",
                "duration_seconds": 60,
                "next": "end",
            }
        ],
    },
    "layout": {},
    "drift": None,
    "validation": {
        "is_valid": True,
        "can_execute": True,
        "problems": [],
        "blocked_steps": [],
        "missing_agents": [],
        "missing_tools": [],
        "missing_mcps": [],
    },
}
ANSWERS: dict[str, dict[str, Any]] = {
    "restore_workflow": {"As it was": _STORED},
    "restore_version": {"As a new version": {**_STORED, "version": 4, "revision": 8}},
}
