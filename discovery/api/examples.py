"""What callers send about agents and servers, and are answered where they send nothing: shown in the OpenAPI file, tried by a test."""

from typing import Any

_WRITER = {
    "id": "reply-writer",
    "name": "Reply writer",
    "description": "Answers letters of customers.",
    "role": "Writer",
    "instructions": "Answer in the language of the letter. Promise nothing.",
    "tools": ["native:current_time"],
    "temperature": 0.4,
    "max_turns": 5,
}
# A name that leads nowhere: examples of documentation (RFC 2606).
_SERVER = {
    "id": "crm",
    "name": "Customers",
    "description": "Who bought what.",
    "url": "https://crm.example.com/mcp",
    "headers": {"Authorization": "Bearer 1a2b3c4d"},
}

REQUESTS: dict[str, dict[str, Any]] = {
    "create_agent": {"An agent with a tool": _WRITER},
    "replace_agent": {
        "Other instructions": {"name": "Writer", "instructions": "Answer in three sentences."}
    },
    "change_agent": {"Switch it off": {"is_active": False}},
    "create_mcp_server": {"With a secret header": _SERVER},
    "replace_mcp_server": {
        "Another address": {"name": "Tickets", "url": "https://tickets.example.com/v2/mcp"}
    },
    "change_mcp_server": {"Switch it off": {"is_active": False}},
    "try_tool": {"With its arguments": {"arguments": {"a": 1, "b": 2}}},
}

ANSWERS: dict[str, dict[str, Any]] = {
    "refresh_mcp_server": {
        "It is asked soon": {
            "id": "tickets",
            "name": "Tickets",
            "description": "Our help desk.",
            "transport": "streamable_http",
            "url": "https://tickets.example.org/mcp",
            "header_names": ["Authorization"],
            "is_active": True,
            "status": "unchecked",
            "last_checked_at": None,
            "error": "",
            "tools": [],
            "created_by": "ada",
            "shared_with": [],
            "created_at": "2026-11-30T09:00:00Z",
            "updated_at": "2026-11-30T09:00:00Z",
        }
    }
}
