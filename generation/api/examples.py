"""What callers send about generations, and are answered where they send nothing: shown in the OpenAPI file, tried by a test."""

from typing import Any

_DESIGNED = {
    "workflow": {
        "id": "word-count",
        "name": "Count words",
        "steps": [
            {
                "id": "count",
                "type": "tool",
                "tool": "native:text_stats",
                "arguments": {"text": "${user_input}"},
            }
        ],
    }
}

REQUESTS: dict[str, dict[str, Any]] = {
    "generate_workflow": {
        "A new workflow": {
            "prompt": "Count the words of a text, then find the email addresses in it.",
            "preferred_complexity": "simple",
        },
        "A change of one": {
            "prompt": "Wait a minute before the last step.",
            "workflow_id": "text-report",
            "version": 1,
        },
    },
    "apply_generation": {
        "As it was generated": {
            "generation_id": "generation-11111111-2222-3333-4444-555555555555",
            "name": "Words and addresses",
        },
        "Edited before": {"result": _DESIGNED},
    },
    "explain_workflow": {
        "From the definition": {},
        "In German, by a model": {"with_model": True, "language": "de"},
    },
    "repair_workflow": {"Patches alone": {}, "With a model": {"with_model": True}},
}

ANSWERS: dict[str, dict[str, Any]] = {
    "cancel_generation": {
        "It is given up": {
            "id": "generation-11111111-2222-3333-4444-555555555555",
            "prompt": "Shorten a text and count its words",
            "workflow_id": None,
            "workflow_version": None,
            "status": "CANCELLED",
            "stage": "queued",
            "is_finished": True,
            "generator": "offline-planner",
            "model": "",
            "usage": {"input_tokens": 0, "output_tokens": 0, "cost_usd": None},
            "error": "",
            "error_kind": "",
            "applied_workflow_id": None,
            "applied_at": None,
            "created_at": "2026-11-30T09:00:00Z",
            "started_at": None,
            "completed_at": "2026-11-30T09:00:02Z",
            "options": {},
            "context": {},
            "result": None,
            "problems": [],
            "catalogue_hash": "",
            "schema_version": "",
        }
    }
}
