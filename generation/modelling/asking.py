"""The one way from generation to a language model: every call is counted, and answers with checked JSON or raises."""

import asyncio
import math
import time
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.conf import settings
from jsonschema import Draft202012Validator

from common import strict_json
from discovery.language_model.client import ModelAnswer, ModelError, ModelRequest, complete
from discovery.language_model.client import Spent as CallSpent
from generation.modelling.ledger import Cancelled, Ledger, NoLedger, OutOfMeans, Permit

__all__ = ["Asker", "Cancelled", "ModelError", "OutOfMeans", "Spent", "UnusableAnswer"]

MAX_ANSWER_BYTES = 256 * 1024
# What is kept of an answer, to explain a result later.
KEPT_CHARACTERS = 100_000


class UnusableAnswer(ValueError):
    """An answer that can't be used; `problems` are sentences for the model, `text` is what it said."""

    def __init__(self, problems: list[str], *, text: str = "") -> None:
        super().__init__("; ".join(problems[:3]))
        self.problems = problems
        self.text = text


@dataclass
class Spent:
    """What the calls were and cost; `answers` holds `{"purpose", "answer"}`; `cost_usd` null: not known."""

    model: str = ""
    answers: list[dict[str, str]] = field(default_factory=list)
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal | None = None
    calls: int = 0

    def add(self, purpose: str, answer: ModelAnswer) -> None:
        """Count a call that was answered."""
        self.model = answer.model
        self.answers.append({"purpose": purpose, "answer": (answer.text or "")[:KEPT_CHARACTERS]})
        self._count(answer.input_tokens, answer.output_tokens, answer.cost_usd)

    def add_failed(self, spent: CallSpent) -> None:
        """Count a call whose answer was no good but has to be paid for."""
        self._count(spent.input_tokens, spent.output_tokens, spent.cost_usd)

    def _count(self, input_tokens: int, output_tokens: int, cost_usd: Decimal | None) -> None:
        known = self.cost_usd if self.calls else Decimal(0)
        self.calls += 1
        self.input_tokens += input_tokens
        self.output_tokens += output_tokens
        # One call of unknown cost makes the sum unknown: unknown is not free.
        self.cost_usd = None if known is None or cost_usd is None else known + cost_usd


@dataclass
class Asker:
    """Makes the calls of one job; `spent` is their sum, also of those that failed.

    `ledger` is asked before each call and told what came of it. After `deadline` (`time.monotonic`) none is made, and
    one under way is cut off.
    """

    ledger: Ledger = field(default_factory=NoLedger)
    deadline: float = math.inf
    spent: Spent = field(default_factory=Spent)

    async def ask(
        self, *, purpose: str, messages: list[dict[str, Any]], schema: dict[str, Any], name: str
    ) -> Any:
        """The model's answer as JSON that satisfies `schema`; `purpose` labels the call in `spent`.

        Never repeats a call. Raises `ModelError` (no answer, or a limit in the way), `UnusableAnswer` (no JSON, or
        another shape) and `Cancelled`.
        """
        request = ModelRequest(
            messages=messages,
            output_schema=schema,
            output_name=name,
            timeout_seconds=self._seconds(),
        )
        permit = await self.ledger.open(purpose, request)
        request = replace(request, max_output_tokens=permit.max_output_tokens)
        answer = await self._settled(permit, request)
        self.spent.add(purpose, answer)
        return checked(answer.text or "", schema)

    async def _settled(self, permit: Permit, request: ModelRequest) -> ModelAnswer:
        """The answer; whatever comes of the call stands in the ledger afterwards."""
        try:
            answer = await complete(request)
        except ModelError as error:
            if error.spent is not None:
                self.spent.add_failed(error.spent)
            await self.ledger.close(permit, error)
            raise self._told(error) from None
        except asyncio.CancelledError:
            # The connection is closed: the vendor may stop, and may bill.
            await self.ledger.close(permit, None)
            raise
        await self.ledger.close(permit, answer)
        return answer

    def _seconds(self) -> float:
        """How long the next call may take."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise _out_of_time()
        return min(left, float(settings.OPENAI_TIMEOUT_SECONDS))

    def _told(self, error: ModelError) -> ModelError:
        is_over = error.kind == "timeout" and time.monotonic() >= self.deadline
        return _out_of_time() if is_over else error


def _out_of_time() -> ModelError:
    return ModelError(
        f"The time for designing (GENERATION_TIMEOUT_SECONDS, {settings.GENERATION_TIMEOUT_SECONDS:g}) was over.",
        kind="timeout",
        code="unavailable",
    )


def checked(text: str, schema: dict[str, Any]) -> Any:
    """The JSON in `text`, which satisfies `schema`; raises `UnusableAnswer` and nothing else."""
    try:
        value = strict_json.loads(text, max_bytes=MAX_ANSWER_BYTES)
    except strict_json.RefusedJson as error:
        problem = f"The answer is no acceptable JSON: {error.detail[:300]}"
        raise UnusableAnswer([problem], text=text) from error
    wrong = next(iter(Draft202012Validator(schema).iter_errors(value)), None)
    if wrong is not None:
        place = "/".join(str(part) for part in wrong.absolute_path)[:200]
        problem = f"The answer does not have the wanted shape at /{place}."
        raise UnusableAnswer([problem], text=text)
    return value
