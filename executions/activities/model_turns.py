"""`ask_model`: one turn of an agent; a turn that was answered once is never paid for twice."""

import asyncio
import time
import uuid
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pydantic import JsonValue
from temporalio import activity

from common.found_rows import found_row
from common.json_rows import Row, Write, missing_row
from discovery.calling import UsableTool, describe_tools
from discovery.language_model.client import ModelAnswer, ModelError, ModelRequest, complete
from executions.activities import conversation
from executions.activities.agent_setup import AgentSetup, agent_setup
from executions.activities.call_events import (
    model_call_completed,
    model_call_failed,
    model_call_started,
    start_of_turn,
    told_error,
)
from executions.activities.callers import Caller, before_a_call, caller_at_start, caller_of
from executions.activities.conversation import Message
from executions.activities.database import in_database, kept_trying
from executions.activities.estimates import input_tokens
from executions.activities.failures import after_the_call, before_the_call, failure
from executions.activities.heartbeats import heartbeats
from executions.activities.spending import (
    Spending,
    cut_off,
    purses_of,
    set_aside,
    settle_answer,
    settle_error,
    settle_unknown,
)
from executions.engine.messages import names
from executions.engine.messages.calls import AskModel, Turn
from executions.engine.messages.limits import MAX_TASK_BYTES
from executions.engine.messages.outcomes import Usage
from executions.engine.messages.values import Value
from executions.models import ModelCall
from executions.outstanding import add_late
from executions.recording import record
from executions.stored_values import keep, load


@activity.defn(name=names.ASK_MODEL)
async def ask_model(question: AskModel) -> Turn:
    """Ask for one turn. Fails as `model_not_configured` (at once), `timeout` or `agent_error`."""
    with heartbeats():
        begun = await before_a_call(_begin, question)
        if begun.row is not None:
            with after_the_call():
                return await kept_trying(_turn, begun, begun.row)
        return await _ask(begun)


@dataclass(frozen=True)
class _Begun:
    """Who works for the caller now, the turn if it was answered before, else all that is asked with.

    `wasted` is what was paid for earlier tries of the turn, which gave nothing.
    """

    question: AskModel
    setup: AgentSetup
    wasted: Usage = Usage()
    row: ModelCall | None = None
    earlier: tuple[ModelCall, ...] = ()
    added: tuple[Message, ...] = ()
    tools: tuple[UsableTool, ...] = ()


def _begin(question: AskModel) -> _Begun:
    """All that a turn needs of the database. Where no budget has a say, it is told here that the turn starts."""
    caller = _caller(question)
    setup = agent_setup(caller, question.agent)
    row, wasted = _before(question) if caller.has_row else (None, Usage())
    if row is not None:
        if question.news is not None:
            record(question.news)
        return _Begun(question, setup, wasted, row)
    earlier, added = _conversation(question, setup)
    tools = _tools(setup)
    if not caller.has_started:
        question = _started(question, setup)
    return _Begun(question, setup, wasted, earlier=tuple(earlier), added=tuple(added), tools=tools)


def _started(question: AskModel, setup: AgentSetup) -> AskModel:
    """The question, of whose start those who follow the run are told; with a budget that comes later, by itself."""
    if not purses_of(question, setup.caller):
        model_call_started(question, _model_of(setup))
        return question
    if question.news is None:
        return question
    # To set something aside may take a while.
    record(question.news)
    return replace(question, news=None)


def _caller(question: AskModel) -> Caller:
    """For whom it is asked. An agent that stands in the step can't be missing, so that its start is told at once."""
    inline = question.agent.inline
    # Whose tokens of a day are bounded is known only once it is known who it is.
    if inline is None or settings.USER_DAILY_TOKENS:
        return caller_of(question, kind="agent_error")
    start = start_of_turn(question, str(inline.get("model") or settings.OPENAI_MODEL))
    return caller_at_start(question, start, kind="agent_error")


def _answered(question: AskModel) -> ModelCall | None:
    return found_row(
        ModelCall,
        execution_id=question.execution_id,
        path=question.path,
        turn=question.turn,
        failed_try="",
    )


def _before(question: AskModel) -> tuple[ModelCall | None, Usage]:
    """The turn's answer, if it has one, and what was paid for tries without one."""
    rows = ModelCall.objects.filter(
        execution_id=question.execution_id, path=question.path, turn=question.turn
    )
    answers = [row for row in rows if not row.failed_try]
    tries = [_usage_of(row) for row in rows if row.failed_try]
    return next(iter(answers), None), sum(tries, Usage())


def _model_of(setup: AgentSetup) -> str:
    """Which model is asked."""
    return setup.model or settings.OPENAI_MODEL


@dataclass(frozen=True)
class _Prepared:
    """A turn ready to be asked for."""

    begun: _Begun
    request: ModelRequest
    spending: Spending | None = None


async def _ask(begun: _Begun) -> Turn:
    with before_the_call():
        turn = await _prepared(begun)
    started = time.monotonic()
    try:
        answer = await complete(turn.request)
    except ModelError as error:
        duration_ms = round((time.monotonic() - started) * 1000)
        row = _row_of_try(turn, error, duration_ms)
        with after_the_call():
            await kept_trying(_note_error, turn, error, duration_ms, row)
        raise _step_failure(turn, error) from None
    except asyncio.CancelledError:
        if turn.spending is not None:
            await settle_unknown(turn.spending)
        raise
    with after_the_call():
        return await kept_trying(_noted, turn, answer)


async def _prepared(begun: _Begun) -> _Prepared:
    """The turn with all that it needs, told to those who follow; fails as `budget_exceeded`."""
    question, setup = begun.question, begun.setup
    purses = purses_of(question, setup.caller)
    request = ModelRequest(
        messages=[*conversation.messages_of(begun.earlier), *begun.added],
        model=setup.model,
        tools=conversation.functions(begun.tools),
        output_schema=setup.output_schema,
        temperature=setup.temperature,
        timeout_seconds=question.timeout_seconds,
    )
    if not purses:
        return _Prepared(begun, request)
    model = _model_of(setup)
    needed = input_tokens(request, begun.earlier, begun.added)
    spending = await set_aside(question, purses, model=model, input_tokens=needed)
    request = replace(request, max_output_tokens=spending.output_tokens)
    await in_database(model_call_started, question, model)
    return _Prepared(begun, request, spending)


def _tools(setup: AgentSetup) -> tuple[UsableTool, ...]:
    known = describe_tools(setup.tools, setup.caller)
    return tuple(tool for tool in known if setup.may_call(tool))


def _step_failure(turn: _Prepared, error: ModelError) -> Exception:
    usage = turn.begun.wasted + _paid_for(error)
    if error.code == "truncated" and turn.spending is not None:
        return cut_off(turn.spending, error, usage)
    return failure(
        error.kind,
        error.message,
        code=error.code,
        is_retryable=error.is_retryable,
        retry_after_seconds=error.retry_after_seconds,
        usage=usage,
    )


def _paid_for(error: ModelError) -> Usage:
    """What the service counted for an answer that is no good; nothing where none came."""
    spent = error.spent
    if spent is None or not (spent.input_tokens or spent.output_tokens):
        return Usage()
    return Usage(spent.input_tokens, spent.output_tokens, spent.cost_usd, model_calls=1)


def _row_of_try(turn: _Prepared, error: ModelError, duration_ms: int) -> Row | None:
    """The row of a try that was paid for, made once: however often it is tried to write it, it is written once."""
    paid = _paid_for(error)
    if not paid.model_calls:
        return None
    return _row(
        turn.begun,
        model=_model_of(turn.begun.setup)[:100],
        failed_try=uuid.uuid4().hex,
        error_json=told_error(error),
        input_tokens=paid.input_tokens,
        output_tokens=paid.output_tokens,
        cost_usd=paid.cost_usd,
        duration_ms=duration_ms,
    )


@transaction.atomic
def _note_error(turn: _Prepared, error: ModelError, duration_ms: int, row: Row | None) -> None:
    question, model = turn.begun.question, _model_of(turn.begun.setup)
    paid = None if row is None else _missing(row)
    is_told = model_call_failed(question, model, error, paid, duration_ms=duration_ms)
    if paid is not None and not is_told:
        add_late(question.execution_id)
    if turn.spending is not None:
        settle_error(turn.spending, error)


def _conversation(question: AskModel, setup: AgentSetup) -> tuple[list[ModelCall], list[Message]]:
    """The turns before, and what this one adds."""
    if question.turn == 1:
        return [], conversation.opening(setup, load(question.execution_id, question.input))
    rows = conversation.earlier(question.execution_id, question.path, question.turn)
    return rows, conversation.follow_up(rows[-1], setup)


def _noted(turn: _Prepared, answer: ModelAnswer) -> Turn:
    """Write the answer down, and say what comes of it; where one was written before, that one counts."""
    if turn.spending is None:
        return _turn(turn.begun, _written(turn.begun, answer))
    with transaction.atomic():
        known = _written(turn.begun, answer)
        settle_answer(turn.spending, answer)
    return _turn(turn.begun, known)


def _written(begun: _Begun, answer: ModelAnswer) -> ModelCall:
    """The row of the answer, or the one that was there before."""
    row = _row(
        begun,
        model=answer.model[:100],
        new_messages=list(begun.added),
        answer=answer.message,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cost_usd=answer.cost_usd,
        duration_ms=answer.duration_ms,
    )
    made = ModelCall(**row)
    if model_call_completed(begun.question, made, _missing(row)):
        return made
    # A run that has ended is told nothing; its answers are kept, and count.
    add_late(begun.question.execution_id)
    return _answered(begun.question) or made


def _row(begun: _Begun, **more: Any) -> Row:
    question, setup = begun.question, begun.setup
    return {
        "execution_id": question.execution_id,
        "path": question.path,
        "turn": question.turn,
        "agent_id": setup.agent_id,
        "agent_version": setup.version,
        "new_messages": [],
        "answer": None,
        "failed_try": "",
        "error_json": None,
        "is_reused": False,
        "created_at": timezone.now(),
        **more,
    }


def _missing(row: Row) -> Write:
    return missing_row(ModelCall, row, unique=("execution_id", "path", "turn", "failed_try"))


def _turn(begun: _Begun, row: ModelCall) -> Turn:
    answer: Message = row.answer or {}
    usage = begun.wasted + _usage_of(row)
    if conversation.has_ambiguous_calls(answer):
        raise failure(
            "agent_error",
            "The model gave two tool calls the same id.",
            code="invalid_answer",
            usage=usage,
        )
    reading = conversation.read(answer, begun.setup)
    return Turn(
        output=_kept(begun.question, reading.output) if reading.is_final else None,
        calls=list(reading.calls),
        complaint=reading.complaint,
        max_turns=begun.setup.max_turns,
        attempts=activity.info().attempt,
        usage=usage,
    )


def _usage_of(row: ModelCall) -> Usage:
    """What was paid for it; in the run that a reused one was taken over from it is counted."""
    if row.is_reused:
        return Usage()
    return Usage(
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cost_usd=row.cost_usd,
        model_calls=1,
    )


def _kept(question: AskModel, output: JsonValue) -> Value:
    return keep(question.execution_id, output, max_inline_bytes=MAX_TASK_BYTES)
