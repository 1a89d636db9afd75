"""`ask_model`: one turn of an agent; a turn that was answered once is never paid for twice."""

import time

from django.conf import settings
from django.db import transaction
from pydantic import JsonValue
from temporalio import activity

from discovery.calling import describe_tools
from discovery.model_client import ModelAnswer, ModelError, ModelRequest, complete
from executions.activities import conversation
from executions.activities.agent_setup import AgentSetup, agent_setup
from executions.activities.call_events import (
    model_call_completed,
    model_call_failed,
    model_call_started,
)
from executions.activities.conversation import Message
from executions.activities.database import in_database, kept_trying, lent_connections
from executions.activities.failures import after_the_call, before_the_call, failure
from executions.activities.heartbeats import heartbeats
from executions.engine import messages
from executions.engine.messages import MAX_TASK_BYTES, AskModel, Turn, Usage, Value
from executions.models import ModelCall
from executions.stored_values import keep, load


@activity.defn(name=messages.ASK_MODEL)
async def ask_model(question: AskModel) -> Turn:
    """Ask for one turn. Fails as `model_not_configured` (at once), `timeout` or `agent_error`."""
    async with heartbeats(), lent_connections():
        with before_the_call():
            setup = await in_database(agent_setup, question.execution_id, question.agent)
            row = await in_database(_answered_or_started, question, setup)
        if row is None:
            row = await _ask(question, setup)
        with after_the_call():
            return await kept_trying(_turn, question, setup, row)


async def _ask(question: AskModel, setup: AgentSetup) -> ModelCall:
    with before_the_call():
        past, added = await in_database(_conversation, question, setup)
        tools = await describe_tools(setup.tools, setup.caller)
    request = ModelRequest(
        messages=[*past, *added],
        model=setup.model,
        tools=conversation.functions(tools),
        output_schema=setup.output_schema,
        temperature=setup.temperature,
        timeout_seconds=question.timeout_seconds,
    )
    started = time.monotonic()
    try:
        answer = await complete(request)
    except ModelError as error:
        duration_ms = round((time.monotonic() - started) * 1000)
        with after_the_call():
            await kept_trying(
                model_call_failed, question, _model_of(setup), error, duration_ms=duration_ms
            )
        raise failure(
            error.kind,
            error.message,
            code=error.code,
            is_retryable=error.is_retryable,
            retry_after_seconds=error.retry_after_seconds,
        ) from None
    with after_the_call():
        return await kept_trying(_note, question, setup, added, answer)


def _answered_or_started(question: AskModel, setup: AgentSetup) -> ModelCall | None:
    """The turn as it was answered before; else it is told that it starts."""
    row = ModelCall.objects.filter(
        execution_id=question.execution_id, path=question.path, turn=question.turn
    ).first()
    if row is None:
        model_call_started(question, _model_of(setup))
    return row


def _model_of(setup: AgentSetup) -> str:
    return setup.model or settings.OPENAI_MODEL


def _conversation(question: AskModel, setup: AgentSetup) -> tuple[list[Message], list[Message]]:
    """What was said, and what this turn adds."""
    if question.turn == 1:
        return [], conversation.opening(setup, load(question.execution_id, question.input))
    rows = conversation.earlier(question.execution_id, question.path, question.turn)
    return conversation.messages_of(rows), conversation.follow_up(rows[-1], setup)


@transaction.atomic
def _note(
    question: AskModel, setup: AgentSetup, added: list[Message], answer: ModelAnswer
) -> ModelCall:
    row, is_new = ModelCall.objects.get_or_create(
        execution_id=question.execution_id,
        path=question.path,
        turn=question.turn,
        defaults={
            "agent_id": setup.agent_id,
            "agent_version": setup.version,
            "model": answer.model[:100],
            "new_messages": added,
            "answer": answer.message,
            "input_tokens": answer.input_tokens,
            "output_tokens": answer.output_tokens,
            "cost_usd": answer.cost_usd,
            "duration_ms": answer.duration_ms,
        },
    )
    if is_new:
        model_call_completed(question, row)
    return row


def _turn(question: AskModel, setup: AgentSetup, row: ModelCall) -> Turn:
    answer: Message = row.answer or {}
    if conversation.has_ambiguous_calls(answer):
        raise failure(
            "agent_error", "The model gave two tool calls the same id.", code="invalid_answer"
        )
    reading = conversation.read(answer, setup)
    return Turn(
        output=_kept(question, reading.output) if reading.is_final else None,
        calls=list(reading.calls),
        complaint=reading.complaint,
        max_turns=setup.max_turns,
        attempts=activity.info().attempt,
        usage=Usage(
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            cost_usd=row.cost_usd,
            model_calls=1,
        ),
    )


def _kept(question: AskModel, output: JsonValue) -> Value:
    return keep(question.execution_id, output, max_inline_bytes=MAX_TASK_BYTES)
