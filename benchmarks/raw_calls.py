"""The activities of the yardstick that call something: one line of an SDK each, with a client that is kept open."""

from dataclasses import dataclass

from mcp.client import Client
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam
from temporalio import activity


@dataclass
class Calls:
    """What the calls are made with: a client of the `mcp` SDK, one of `openai`, and the model that is asked."""

    tools: Client
    models: AsyncOpenAI
    model: str

    @activity.defn
    async def add(self, number: int) -> str:
        """Ask the tool server for a sum."""
        result = await self.tools.call_tool("add", {"a": number, "b": 1})
        return str(result.structured_content)

    @activity.defn
    async def ask(self, text: str) -> str:
        """Ask the model server one question."""
        messages: list[ChatCompletionMessageParam] = [
            {"role": "system", "content": "Answer."},
            {"role": "user", "content": text},
        ]
        answer = await self.models.chat.completions.create(model=self.model, messages=messages)
        return answer.choices[0].message.content or ""
