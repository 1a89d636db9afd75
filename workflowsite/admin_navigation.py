"""The admin's side menu: what people come for first, the records of runs below."""

from typing import Any

from django.urls import reverse_lazy

Item = tuple[str, str, str]

SECTIONS: tuple[tuple[str, tuple[Item, ...]], ...] = (
    (
        "Workflows",
        (
            ("Workflows", "account_tree", "workflows_workflow"),
            ("Versions", "history", "workflows_workflowversion"),
            ("Generations", "auto_awesome", "generation_generation"),
        ),
    ),
    (
        "Runs",
        (
            ("Executions", "play_circle", "executions_workflowexecution"),
            ("Approvals", "how_to_reg", "executions_approval"),
            ("Schedules", "schedule", "executions_schedule"),
            ("Webhooks", "webhook", "executions_webhook"),
        ),
    ),
    (
        "What workflows use",
        (
            ("Agents", "smart_toy", "discovery_agent"),
            ("MCP servers", "dns", "discovery_mcpserver"),
            ("MCP tools", "build", "discovery_mcptool"),
        ),
    ),
    (
        "People",
        (
            ("Users", "person", "auth_user"),
            ("Groups", "group", "auth_group"),
            ("Tokens", "key", "knox_authtoken"),
            ("Audit trail", "policy", "audit_auditentry"),
        ),
    ),
    (
        "Records",
        (
            ("Step runs", "checklist", "executions_steprun"),
            ("Model calls", "forum", "executions_modelcall"),
            ("Tool calls", "construction", "executions_toolcall"),
            ("Budgets", "savings", "executions_budget"),
            ("Reservations", "lock_clock", "executions_reservation"),
            ("Events", "list", "executions_executionevent"),
            ("Stored values", "database", "executions_storedvalue"),
            ("Webhook deliveries", "inbox", "executions_webhookdelivery"),
        ),
    ),
)


def navigation() -> list[dict[str, Any]]:
    """The sections in the form that django-unfold reads; who may not see a list does not see its line."""
    return [
        {"title": title, "separator": True, "collapsible": title == "Records",
         "items": [_line(*item) for item in items]}
        for title, items in SECTIONS
    ]  # fmt: skip


def _line(title: str, icon: str, model: str) -> dict[str, Any]:
    app, _, name = model.partition("_")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{model}_changelist"),
        "permission": lambda request: request.user.has_perm(f"{app}.view_{name}"),
    }
