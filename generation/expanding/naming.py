"""What steps are called: ids from what they use, and texts for people."""

from collections.abc import Container

from generation.plan import (
    AgentUse,
    Approval,
    Choice,
    Loop,
    NewAgent,
    NewTool,
    Node,
    Parallel,
    ToolUse,
    Wait,
)
from generation.planning.matching.suggesting import identifier
from workflows.definition.steps import RESERVED_STEP_IDS

# Routes of the API that no workflow may be called like.
RESERVED_IDS = frozenset(
    {"new", "templates", "executions", "resources", "generate", "validate", "import", "end"}
)


def shown(text: str, limit: int) -> str:
    """`text` for a name or description: one line, no template syntax, at most `limit` characters."""
    return " ".join(text.replace("${", "$ {").replace("{{", "{ {").split())[:limit].strip()


def step_id(node: Node, taken: Container[str]) -> str:
    """An id for the step of `node` that is not `taken`."""
    return unused_id(_base_id(node), taken)


def unused_id(base: str, taken: Container[str]) -> str:
    """`base`, with a number behind it where it is `taken` or the language keeps it for itself."""
    candidate, number = base, 2
    while candidate in taken or candidate in RESERVED_STEP_IDS:
        candidate = f"{base}-{number}"
        number += 1
    return candidate


def workflow_id(name: str) -> str:
    """An id for a workflow of this name; unique ids are the service's business."""
    base = identifier(name, fallback="workflow")
    return f"{base}-workflow" if base in RESERVED_IDS else base


def title_of(prompt: str) -> str:
    """The first words of the request, up to about 60 characters."""
    words, title = prompt.split(), ""
    for word in words:
        if len(title) + len(word) > 58:
            break
        title = f"{title} {word}".strip()
    return (title or prompt[:58]).rstrip(",;:.")


def _base_id(node: Node) -> str:
    match node:
        case AgentUse():
            return identifier(node.agent_id, fallback="agent")
        case NewAgent():
            return identifier(node.id, fallback="agent")
        case ToolUse():
            return identifier(node.tool_id.partition(":")[2], fallback="tool")
        case NewTool():
            return identifier(f"{node.server_name} {node.tool}", fallback="tool")
        case Approval():
            return "approval"
        case Wait():
            return "wait"
        case Parallel():
            return "at-the-same-time"
        case Choice():
            return "decide"
        case Loop():
            return {"foreach": "for-each", "until": "repeat-until", "count": "repeat"}[node.mode]
