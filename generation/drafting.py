"""From a request to a checked draft: a model where one is configured, else, or if it fails, the offline planner."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from discovery.language_model.client import ModelError, is_configured
from generation import planner
from generation.expanding.draft import Draft, expanded
from generation.modelling.asking import Asker, Cancelled, Spent, UnusableAnswer
from generation.modelling.designing import design
from generation.modelling.repairing import ROUNDS
from generation.plan import NewAgent, NewTool, Plan, without
from generation.result import Drafted, NotExpandable, drafted, finished
from workflows.definition.catalogue import Catalogue
from workflows.definition.steps import Definition

logger = logging.getLogger(__name__)

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
OPENAI, OFFLINE_PLANNER = "openai", "offline-planner"
# Told each stage as it begins; answers whether to go on.
OnStage = Callable[[str], Awaitable[bool]]


@dataclass(frozen=True)
class DraftRequest:
    """What is wanted, and what may be used for it; `generator` names one, empty takes the best there is."""

    prompt: str
    catalogue: Catalogue
    context: Mapping[str, Any] = field(default_factory=dict)
    preferred_complexity: str = ""
    include_agents: bool = True
    include_mcps: bool = True
    generator: str = ""
    # Workflows that may be shown to a model as examples.
    templates: Sequence[Definition] = ()


@dataclass(frozen=True)
class DraftResult:
    """The draft, who made it and what it cost."""

    drafted: Drafted
    generator: str
    spent: Spent


async def draft(
    request: DraftRequest, *, on_stage: OnStage, asker: Asker | None = None
) -> DraftResult:
    """A checked draft for `request`; raises `Cancelled`. A model that fails never fails the job."""
    request = replace(request, catalogue=usable(request))
    asker = asker or Asker()
    if request.generator == OFFLINE_PLANNER or not is_configured():
        await _enter(on_stage, "planning")
        return DraftResult(plan_offline(request), OFFLINE_PLANNER, asker.spent)
    try:
        made = await _designed(request, asker, on_stage)
        return DraftResult(made, OPENAI, asker.spent)
    except ModelError as error:
        logger.warning("The model gave no plan: %s", error.code)
        reason = error.message
    except UnusableAnswer as error:
        # Without the sentences: they may quote the model, and so the request.
        logger.warning("The model's plan stayed unusable: %s problems", len(error.problems))
        reason = f"The model's plan stayed invalid after {ROUNDS} repair rounds."
    return DraftResult(plan_offline(request, instead=reason), OFFLINE_PLANNER, asker.spent)


def plan_offline(request: DraftRequest, *, instead: str = "") -> Drafted:
    """The planner's draft; `instead` says why no model made it, which becomes a warning."""
    # The API refuses such characters; a definition could not hold them.
    request = replace(request, prompt=_UNSTORABLE.sub(" ", request.prompt))
    plan = _allowed(planner.plan(request.prompt, request.catalogue), request)
    if instead:
        told = f"The offline planner designed this, because no model did: {instead}"
        plan = replace(plan, warnings=(told, *plan.warnings))
    try:
        return drafted(plan, request.catalogue, prompt=request.prompt, context=request.context)
    except NotExpandable:
        # A defect of ours, never of the request: the answer stays valid, and the log says what to mend.
        logger.exception("The planner made an invalid plan")
        empty = Plan((), warnings=(*plan.warnings, "The steps could not be put together."))
        return drafted(empty, request.catalogue, prompt=request.prompt)


async def _designed(request: DraftRequest, asker: Asker, on_stage: OnStage) -> Drafted:
    """The model's draft; raises `ModelError`, `UnusableAnswer` and `Cancelled`."""

    async def enter(stage: str) -> None:
        await _enter(on_stage, stage)

    def expand(plan: Plan) -> Draft:
        draft = expanded(
            _allowed(plan, request),
            request.catalogue,
            prompt=request.prompt,
            context=request.context,
        )
        draft.may_suggest_agents = request.include_agents
        return draft

    made = await design(
        prompt=request.prompt,
        catalogue=request.catalogue,
        context=request.context,
        complexity=request.preferred_complexity,
        templates=request.templates,
        asker=asker,
        enter=enter,
        expand=expand,
    )
    try:
        return finished(made)
    except NotExpandable as error:
        raise UnusableAnswer([problem.message for problem in error.problems]) from error


def usable(request: DraftRequest) -> Catalogue:
    """The part of the catalogue that the request wants used, without what can't be used now."""
    catalogue = request.catalogue
    agents = {i: a for i, a in catalogue.agents.items() if a.is_active and request.include_agents}
    tools = {
        tool_id: tool
        for tool_id, tool in catalogue.tools.items()
        if tool.is_available and (request.include_mcps or tool.server_id is None)
    }
    servers = catalogue.servers if request.include_mcps else {}
    return Catalogue(agents=agents, tools=tools, servers=servers)


def _allowed(plan: Plan, request: DraftRequest) -> Plan:
    """`plan` without the suggestions that the request excluded."""
    kept = plan
    if not request.include_agents:
        kept = without(kept, NewAgent, "An agent would be needed, but agents were excluded")
    if not request.include_mcps:
        kept = without(kept, NewTool, "An MCP server would be needed, but servers were excluded")
    return kept


async def _enter(on_stage: OnStage, stage: str) -> None:
    if not await on_stage(stage):
        raise Cancelled
