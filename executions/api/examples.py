"""What callers send about runs, shown in the OpenAPI file and sent by a test."""

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
