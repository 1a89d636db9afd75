"""What callers send about runs, and are answered where they send nothing: shown in the OpenAPI file, tried by a test."""

from typing import Any

_CLOCK = {
    "name": "Every morning",
    "cron": "0 9 * * 1-5",
    "time_zone": "Europe/Berlin",
    "overlap_policy": "skip",
    "user_input": "What happened since yesterday?",
}
_HOOK = {
    "name": "New tickets",
    "signature": "timestamp",
    "rate_limit_per_minute": 60,
    "expected_fields": ["ticket.text"],
    "user_input_from": "ticket.text",
    "input_map": {"customer": "ticket.customer"},
}
_NOTE = {"note": "The printer is away until Monday."}

REQUESTS: dict[str, dict[str, Any]] = {
    "execute_workflow": {
        "With a text": {"user_input": "A long text. It has two sentences."},
        "Simulated, with values": {
            "user_input": "A long text.",
            "input": {"sentences": 2},
            "context": {"audience": "the board"},
            "simulate": True,
        },
    },
    "test_step": {
        "With what the steps before it gave": {
            "user_input": "A long text.",
            "steps": {"count": {"words": 3}, "shorten": {"summary": "A text."}},
        }
    },
    "retry_execution": {
        "Go on where it failed": {},
        "Although calls are made again": {"confirm": True},
    },
    "fork_execution": {
        "From a step, with another output before it": {
            "from_step": "shorten",
            "outputs": {"count": {"words": 12}},
        }
    },
    "decide": {
        "Approve with a change": {
            "step": "check",
            "approved": True,
            "comment": "Shorter is better.",
            "edited": "Dear Ada, this is it.",
            "content_revision": 0,
        }
    },
    "create_schedule": {"On weekdays at nine": _CLOCK},
    "replace_schedule": {"Each hour": {"name": "Every hour", "interval_seconds": 3600}},
    "change_schedule": {"Another time": {"cron": "0 7 * * 1-5"}},
    "pause_schedule": {"With a note": _NOTE},
    "resume_schedule": {"With a note": {"note": "The printer is back."}},
    "create_webhook": {"Fields of the sender as input": _HOOK},
    "replace_webhook": {"Signed as GitHub does": {"name": "Pushes", "signature": "github"}},
    "change_webhook": {"Switch it off": {"is_active": False}},
    "receive_hook": {
        "What the sender has to tell": {"ticket": {"text": "Broken again.", "customer": "Ada"}}
    },
}

_RUN = {
    "id": "execution-11111111-2222-3333-4444-555555555555",
    "workflow_id": "text-report",
    "workflow_version": 1,
    "temporal_workflow_id": "execution-11111111-2222-3333-4444-555555555555",
    "status": "PENDING",
    "is_finished": False,
    "started_at": None,
    "completed_at": None,
    "duration_ms": None,
    "error": "",
    "error_kind": "",
    "error_code": "",
    "hint": "",
    "failed_step": "",
    "triggered_by": "schedule",
    "schedule_id": "schedule-11111111-2222-3333-4444-555555555555",
    "webhook_id": None,
    "usage": {
        "input_tokens": 0,
        "output_tokens": 0,
        "cost_usd": None,
        "model_calls": 0,
        "tool_calls": 0,
    },
    "parent_id": None,
    "forked_from": None,
    "forked_at": "",
    "tested_step": "",
    "simulated": False,
    "created_at": "2026-11-30T09:00:00Z",
}
_COUNTED = {
    "status": "COMPLETED",
    "output": {"words": 3},
    "error": None,
    "path": "count",
    "iteration": None,
    "started_at": "2026-11-30T09:00:01Z",
    "completed_at": "2026-11-30T09:00:02Z",
}
ANSWERS: dict[str, dict[str, Any]] = {
    "trigger_schedule": {"A run is started": _RUN},
    "cancel_execution": {
        "It is asked to stop": {
            **_RUN,
            "status": "RUNNING",
            "started_at": "2026-11-30T09:00:01Z",
            "duration_ms": 1500,
            "triggered_by": "api",
            "schedule_id": None,
            "user_input": "A long text.",
            "input": None,
            "context": {},
            "output": None,
            "steps_executed": ["count"],
            "step_results": {"count": _COUNTED},
            "drift": [],
            "forks": [],
            "request_id": "11111111-2222-3333-4444-666666666666",
        }
    },
    "rotate_webhook_secret": {
        "The new secret, shown once": {
            **_HOOK,
            "id": "webhook-11111111-2222-3333-4444-555555555555",
            "workflow_id": "text-report",
            "url": "https://flows.example.org/hooks/a-long-random-token",
            "replay_window_seconds": 300,
            "max_body_bytes": 262144,
            "version": None,
            "is_active": True,
            "last_delivery_at": None,
            "created_by": "ada",
            "created_at": "2026-11-30T09:00:00Z",
            "updated_at": "2026-11-30T09:05:00Z",
            "secret": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        }
    },
}
