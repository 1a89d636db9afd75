"""One call to the model: counted whatever comes of it, its answer checked, never repeated."""

import time
from decimal import Decimal

import pytest
from pytest_django import Settings

from discovery.language_model.client import ModelRequest
from generation.modelling.asking import Asker, Cancelled, ModelError, UnusableAnswer
from generation.modelling.ledger import NoLedger, Permit
from tests.fakes.model_server import ModelServer, cut_off, hang, server_error, structured, text

SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string"}},
    "required": ["word"],
    "additionalProperties": False,
}
MESSAGES = [{"role": "user", "content": "A word, please."}]


async def ask(asker: Asker, purpose: str = "test") -> object:
    return await asker.ask(purpose=purpose, messages=MESSAGES, schema=SCHEMA, name="word")


async def test_an_answer_of_the_shape_is_counted(
    model_server: ModelServer, settings: Settings
) -> None:
    settings.MODEL_PRICES = {"fake-model": [1.0, 2.0]}
    model_server.script([structured({"word": "a"}), structured({"word": "b"})])
    asker = Asker()
    assert await ask(asker, "plan") == {"word": "a"}
    assert await ask(asker, "fill a") == {"word": "b"}
    assert [kept["purpose"] for kept in asker.spent.answers] == ["plan", "fill a"]
    assert (asker.spent.calls, asker.spent.input_tokens, asker.spent.output_tokens) == (2, 20, 10)
    assert asker.spent.cost_usd == Decimal("0.00004")
    assert model_server.requests[0]["response_format"]["json_schema"]["strict"] is True


@pytest.mark.parametrize(
    "said",
    ["", "word", '```json\n{"word": "a"}\n```', "[]", '{"word": 1}', '{"word": "a", "more": 1}',
     '{"word": "a", "word": "b"}', '{"word": "\\u0000"}', '{"word": "\\ud800"}', '{"word": NaN}',
     '{"a":' * 1000 + "1" + "}" * 1000, " " * 300_000],
    ids=lambda said: said[:20],
)  # fmt: skip
async def test_another_answer_is_refused_and_paid_for(model_server: ModelServer, said: str) -> None:
    model_server.script([text(said or "{}")])
    asker = Asker()
    with pytest.raises(UnusableAnswer) as refused:
        await ask(asker)
    assert refused.value.problems
    assert (asker.spent.calls, len(model_server.requests)) == (1, 1)


@pytest.mark.parametrize(("answer", "tokens"), [(server_error(), 0), (cut_off(), 15)])
async def test_a_failed_call_counts_what_the_service_counted(
    model_server: ModelServer, answer: object, tokens: int
) -> None:
    model_server.script([answer])  # type: ignore[list-item]
    asker = Asker()
    with pytest.raises(ModelError):
        await ask(asker)
    assert asker.spent.input_tokens + asker.spent.output_tokens == tokens


async def test_usage_that_nobody_can_count_is_refused(model_server: ModelServer) -> None:
    model_server.script([structured({"word": "a"}, usage=(2**62, 1))])
    asker = Asker()
    with pytest.raises(ModelError):
        await ask(asker)
    assert asker.spent.input_tokens == 0


async def test_one_call_of_unknown_cost_makes_the_sum_unknown(
    model_server: ModelServer, settings: Settings
) -> None:
    settings.MODEL_PRICES = {"fake-model": [1.0, 2.0]}
    model_server.script([structured({"word": "a"}, model="other"), structured({"word": "b"})])
    asker = Asker()
    await ask(asker)
    await ask(asker)
    assert asker.spent.cost_usd is None


async def test_a_job_that_is_not_wanted_makes_no_call(model_server: ModelServer) -> None:
    class Cancelling(NoLedger):
        async def open(self, purpose: str, request: ModelRequest) -> Permit:
            raise Cancelled

    with pytest.raises(Cancelled):
        await ask(Asker(ledger=Cancelling()))
    assert model_server.requests == []


async def test_after_the_deadline_no_call_is_made(model_server: ModelServer) -> None:
    with pytest.raises(ModelError, match="GENERATION_TIMEOUT_SECONDS"):
        await ask(Asker(deadline=time.monotonic() - 1))
    assert model_server.requests == []


async def test_a_call_under_way_is_cut_off_at_the_deadline(model_server: ModelServer) -> None:
    model_server.script([hang(30)])
    with pytest.raises(ModelError, match="GENERATION_TIMEOUT_SECONDS"):
        await ask(Asker(deadline=time.monotonic() + 0.5))
    assert len(model_server.requests) == 1
