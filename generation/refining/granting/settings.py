"""Fields of steps and of the workflow: limits, arguments, names, and what an agent is told."""

import re
from typing import Any

from generation.expanding.scope import USER_INPUT
from generation.planning.arguments import escape, fill
from generation.planning.language.verbs import actions
from generation.refining.granting.ground import Granted, Ground, NotUnderstood
from generation.refining.instructions.wishes import Describe, Rename, Send, Setting, Tell
from generation.refining.operations import SetSetting, UpdateStep
from workflows.definition.catalogue import Catalogue
from workflows.definition.plain_json import compact
from workflows.definition.steps import AgentStep, Step, ToolStep, to_json

_NUMBERS = {"timeout", "retries", "max_turns", "max_iterations", "duration_seconds"}
# The value of 'send it to a@b.c', with the word that leads to it.
_VALUES = re.compile(
    r"\s*\b(?:to|in|into|at|from|with|on)?\s*(?:the )?(?:[\w.+-]+@[\w-]+\.[\w.-]*\w|(?<!\w)[#@][a-z][\w-]*|https?://\S+|\"[^\"]+\"|“[^”]+”)(?: channel)?",
    re.IGNORECASE,
)
_OF_TEXT = re.compile(
    r"\b(?:be|sound|keep it|make it|more|less) (?:friendl\w+|polite|formal|informal|casual|short\w*|brief|concise|nice\w*|warm\w*|simple)\b",
    re.IGNORECASE,
)
_ANOTHER = re.compile(r"\b(?:an?|another|one more|additional)\b", re.IGNORECASE)


def named(wish: Rename, ground: Ground) -> Granted:
    """Another name; the ids stay."""
    if not wish.what:
        return Granted([SetSetting("name", wish.name)])
    return Granted([UpdateStep(ground.steps.find(wish.what).id, {"name": wish.name})])


def described(wish: Describe, _ground: Ground) -> Granted:
    """Another description of the workflow."""
    return Granted([SetSetting("description", wish.text)])


def told(wish: Tell, ground: Ground) -> Granted:
    """One more sentence at the end of an agent's input."""
    step = ground.steps.find(wish.what)
    if not isinstance(step, AgentStep) or not isinstance(step.input, str):
        raise NotUnderstood(
            f"{step.id!r} is no agent with words as its input, so it can be told nothing."
        )
    agent = ground.catalogue.agents.get(step.agent_id or "")
    only_judges = agent is not None and actions(agent.description) == {"analyse"}
    if only_judges and _OF_TEXT.search(wish.text):
        raise NotUnderstood(
            f"{step.id!r} judges and writes nothing: tell it to the step that writes."
        )
    text = escape(wish.text.strip().rstrip("."))
    more = f"{step.input}\n\n{text[:1].upper()}{text[1:]}."
    warning = f"The input of {step.id!r} ends with {wish.text.strip()[:120]!r} now; its data come before it."
    return Granted([UpdateStep(step.id, {"input": more})], [warning])


def sent(wish: Send, ground: Ground) -> Granted:
    """The certain values in the words, as arguments of the step that the other words mean."""
    rest = _VALUES.sub(" ", wish.text).strip()
    if _ANOTHER.search(rest):
        raise NotUnderstood("whether a step is meant or one more is not clear: say 'add' or 'the'.")
    step = ground.steps.find(rest)
    entry = ground.catalogue.tools.get(step.tool or "") if isinstance(step, ToolStep) else None
    filled = fill(entry.input_schema, wish.text, [USER_INPUT]).arguments if entry else {}
    certain = {n: v for n, v in filled.items() if isinstance(v, str) and v in wish.text}
    if not isinstance(step, ToolStep) or not certain:
        raise NotUnderstood(f"{step.id!r} has no argument for {wish.text[:100]!r}.")
    if certain.items() <= step.arguments.items():
        raise NotUnderstood(f"{step.id!r} has that already.")
    return Granted([UpdateStep(step.id, {"arguments": to_json(step)["arguments"] | certain})])


def settled(wish: Setting, ground: Ground) -> Granted:
    """'timeout', 'retries' or another field; for tools also an argument, which is read as its schema wants it."""
    step = ground.steps.find(wish.what) if wish.what else _only_with(wish.name, ground)
    name = wish.name.lower().replace("-", "_").replace(" ", "_")
    if name in _NUMBERS and wish.value.isdecimal():
        return Granted([UpdateStep(step.id, {name: int(wish.value)})])
    if name in ("name", "description"):
        return Granted([UpdateStep(step.id, {name: wish.value})])
    if name == "approval_message":
        return Granted([UpdateStep(step.id, {name: escape(wish.value)})])
    if not isinstance(step, ToolStep):
        raise NotUnderstood(f"{wish.name!r} of {step.id!r} can't be set in words.")
    properties = _arguments(step, ground.catalogue)
    if wish.name not in properties:
        known = ", ".join(properties) or "none"
        raise NotUnderstood(
            f"the tool of {step.id!r} has no argument {wish.name!r}; it has: {known}."
        )
    value = _typed(wish.value, properties[wish.name])
    arguments = to_json(step)["arguments"] | {wish.name: value}
    return Granted([UpdateStep(step.id, {"arguments": arguments})])


def _arguments(step: Step, catalogue: Catalogue) -> dict[str, Any]:
    entry = catalogue.tools.get(step.tool or "") if isinstance(step, ToolStep) else None
    properties = entry.input_schema.get("properties") if entry else None
    return dict(properties) if isinstance(properties, dict) else {}


def _only_with(name: str, ground: Ground) -> Step:
    """The one step whose tool has such an argument."""
    found = [step for step in ground.steps.all if name in _arguments(step, ground.catalogue)]
    if len(found) != 1:
        ids = ", ".join(repr(step.id) for step in found)
        raise NotUnderstood(
            f"{name!r} is an argument of {ids}: say of which."
            if found
            else f"no step has an argument {name!r}."
        )
    return found[0]


def _typed(text: str, schema: Any) -> Any:
    kind = schema.get("type") if isinstance(schema, dict) else None
    if kind == "integer" and text.lstrip("-").isdecimal():
        return int(text)
    if kind == "boolean" and text.lower() in ("true", "false", "yes", "no", "on", "off"):
        return text.lower() in ("true", "yes", "on")
    if kind in ("integer", "number", "boolean", "object", "array"):
        raise NotUnderstood(f"{text[:100]!r} is no {kind}: schema {compact(schema)[:200]}.")
    return escape(text)
