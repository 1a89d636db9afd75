"""The one way from generation to a language model: every call is counted, and answers with checked JSON or raises."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from jsonschema import Draft202012Validator

from common import strict_json
from discovery.language_model.client import ModelAnswer, ModelError, ModelRequest, complete
from discovery.language_model.client import Spent as CallSpent

__all__ = ["Asker", "Cancelled", "ModelError", "Spent", "UnusableAnswer"]

MAX_ANSWER_BYTES = 256 * 1024
# What is kept of an answer, to explain a result later.
KEPT_CHARACTERS = 100_000
# Tells whether the job is still wanted; asked before each call.
IsWanted = Callable[[], Awaitable[bool]]


class Cancelled(Exception):
    """Somebody cancelled the job; no further call is made."""


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


async def _always() -> bool:
    return True


@dataclass
class Asker:
    """Makes the calls of one job; `spent` is their sum, also of those that failed."""

    is_wanted: IsWanted = _always
    spent: Spent = field(default_factory=Spent)

    async def ask(
        self, *, purpose: str, messages: list[dict[str, Any]], schema: dict[str, Any], name: str
    ) -> Any:
        """The model's answer as JSON that satisfies `schema`; `purpose` labels the call in `spent`.

        Never repeats a call. Raises `ModelError` (no answer), `UnusableAnswer` (no JSON, or another shape) and
        `Cancelled`.
        """
        if not await self.is_wanted():
            raise Cancelled
        request = ModelRequest(messages=messages, output_schema=schema, output_name=name)
        try:
            answer = await complete(request)
        except ModelError as error:
            if error.spent is not None:
                self.spent.add_failed(error.spent)
            raise
        self.spent.add(purpose, answer)
        return checked(answer.text or "", schema)


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
