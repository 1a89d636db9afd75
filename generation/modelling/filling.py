"""Fill calls: what only language settles in an expanded plan. A call that fails leaves what expansion had."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from generation.expanding.draft import Draft
from generation.expanding.gaps import Gap, OpenArguments, OpenCondition
from generation.expanding.naming import shown
from generation.modelling import prompts
from generation.modelling.asking import Asker, ModelError, UnusableAnswer
from generation.modelling.schemas import AGENT_SCHEMA, ARGUMENTS_SCHEMA, CONDITIONS_SCHEMA
from generation.modelling.settling import settle_arguments, settle_conditions
from generation.plan import NewAgent, leaves
from generation.planning.data import Source
from workflows.definition.plain_json import compact

AT_ONCE = 4
MAX_CALLS = 12
PURPOSE_LENGTH = 40
# Of a tool's input schema; a longer one is not sent, and the step stays as it is.
MAX_SCHEMA_CHARACTERS = 12_000
MAX_DATA_SCHEMA_CHARACTERS = 2_000
ROLE_LENGTH, GOAL_LENGTH, INSTRUCTIONS_LENGTH = 200, 1_000, 20_000

# Asks one thing, and puts the answer into the draft.
Fill = tuple[str, Callable[[], Awaitable[Any]], Callable[[Any], bool]]


def wants_filling(draft: Draft) -> bool:
    """Whether there is anything to ask."""
    return bool(draft.gaps or draft.new_agents)


async def fill(draft: Draft, asker: Asker) -> None:
    """Ask for everything that is open in `draft`, some calls at a time, and put the answers in; raises `Cancelled`.

    Answers are put in in the order of the steps, whichever comes first. Each must leave the draft without new errors.
    """
    found = _fills(draft, asker)
    fills = found[:MAX_CALLS]
    draft.warnings += [
        f"{where[:1].upper()}{where[1:]} was not filled in, since one workflow takes at most {MAX_CALLS} such "
        "calls: look at it."
        for where, _, _ in found[MAX_CALLS:]
    ]
    crew = _Crew()
    answers = await asyncio.gather(*(crew.ask(ask) for _, ask, _ in fills), return_exceptions=True)
    for (where, _, settle), answer in zip(fills, answers, strict=True):
        if isinstance(answer, ModelError | UnusableAnswer):
            draft.warnings.append(f"The model did not fill in {where}: look at it.")
        elif isinstance(answer, BaseException):
            raise answer
        elif not settle(answer):
            draft.warnings.append(
                f"What the model filled in for {where} was of no use: look at it."
            )


class _Crew:
    """Some calls at a time; once the service has failed, no further call is begun."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)
        self._failure: ModelError | None = None

    async def ask(self, call: Callable[[], Awaitable[Any]]) -> Any:
        async with self._places:
            if self._failure is not None:
                raise self._failure
            try:
                return await call()
            except ModelError as error:
                self._failure = error
                raise


def _fills(draft: Draft, asker: Asker) -> list[Fill]:
    found = [_gap(gap, draft, asker) for gap in draft.gaps]
    found += [_profile(agent, draft, asker) for agent in draft.new_agents.values()]
    return [one for one in found if one is not None]


def _gap(gap: Gap, draft: Draft, asker: Asker) -> Fill | None:
    if isinstance(gap, OpenArguments):
        return _arguments(gap, draft, asker)
    return _conditions(gap, draft, asker)


def _arguments(gap: OpenArguments, draft: Draft, asker: Asker) -> Fill | None:
    entry = draft.offered.tools.get(gap.step["tool"])
    if entry is None:
        return None
    if len(compact(dict(entry.input_schema))) > MAX_SCHEMA_CHARACTERS:
        draft.warnings.append(
            f"The step {gap.step['id']!r} was not filled in, since the input schema of its tool is longer than "
            f"{MAX_SCHEMA_CHARACTERS:,} characters: look at it."
        )
        return None
    data = {
        "request": draft.prompt,
        "step": {"task": gap.task},
        "tool": {"description": entry.description[:1_000], "input_schema": entry.input_schema},
        "guessed": {name: gap.step["arguments"][name] for name in gap.warnings},
        "data": _data(gap.sources),
    }
    step_id = gap.step["id"]

    ask = _asking(
        asker,
        f"arguments of {step_id}",
        prompts.ARGUMENTS,
        data,
        ARGUMENTS_SCHEMA,
        "tool_arguments",
    )
    return f"the step {step_id!r}", ask, lambda answer: settle_arguments(draft, gap, answer)


def _conditions(gap: OpenCondition, draft: Draft, asker: Asker) -> Fill:
    data = {"request": draft.prompt, "words": gap.words, "data": _data(gap.sources)}
    step_id = gap.step["id"]

    ask = _asking(
        asker, f"condition of {step_id}", prompts.CONDITIONS, data, CONDITIONS_SCHEMA, "conditions"
    )
    return f"the step {step_id!r}", ask, lambda answer: settle_conditions(draft, gap, answer)


def _profile(agent: NewAgent, draft: Draft, asker: Asker) -> Fill:
    tasks = [
        leaf.task for leaf in leaves(draft.plan.all_nodes)
        if isinstance(leaf, NewAgent) and leaf.id == agent.id
    ]  # fmt: skip
    data = {
        "request": draft.prompt,
        "agent": {"name": agent.name, "description": agent.description},
        "tasks": tasks,
    }

    ask = _asking(asker, f"agent {agent.id}", prompts.AGENT, data, AGENT_SCHEMA, "agent_profile")
    return f"the agent {agent.id!r}", ask, lambda answer: _settle_profile(draft, agent, answer)


def _asking(
    asker: Asker,
    purpose: str,
    instructions: str,
    data: dict[str, Any],
    schema: dict[str, Any],
    name: str,
) -> Callable[[], Awaitable[Any]]:
    """The call, made when it is its turn; what is sent is written down only then."""

    async def ask() -> Any:
        return await asker.ask(
            purpose=purpose[:PURPOSE_LENGTH],
            messages=prompts.conversation(instructions, data),
            schema=schema,
            name=name,
        )

    return ask


def _settle_profile(draft: Draft, agent: NewAgent, answer: dict[str, str]) -> bool:
    instructions = answer["instructions"].strip()[:INSTRUCTIONS_LENGTH]
    if not instructions:
        return False
    draft.new_agents[agent.id] = replace(
        agent,
        role=shown(answer["role"], ROLE_LENGTH),
        goal=shown(answer["goal"], GOAL_LENGTH),
        instructions=instructions,
    )
    return True


def _data(sources: tuple[Source, ...]) -> list[dict[str, Any]]:
    return [
        {"template": source.template, "what": source.label, "schema": _short_schema(source)}
        for source in sources[-12:]
    ]


def _short_schema(source: Source) -> dict[str, Any] | None:
    schema = dict(source.schema) if source.schema is not None else None
    return schema if schema and len(compact(schema)) <= MAX_DATA_SCHEMA_CHARACTERS else None
