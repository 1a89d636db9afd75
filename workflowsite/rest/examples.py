"""The examples that the apps keep, put into the OpenAPI file: of bodies, and of answers where nothing is sent."""

from typing import Any

from discovery.api import examples as of_discovery
from executions.api import examples as of_executions
from generation.api import examples as of_generation
from workflows.api import examples as of_workflows
from workflowsite.accounts import examples as of_accounts

# By operationId: the examples' names and bodies.
REQUESTS: dict[str, dict[str, Any]] = (
    of_accounts.REQUESTS
    | of_discovery.REQUESTS
    | of_workflows.REQUESTS
    | of_executions.REQUESTS
    | of_generation.REQUESTS
)
# By operationId: what is answered by those that are sent nothing and do something.
ANSWERS: dict[str, dict[str, Any]] = (
    of_discovery.ANSWERS | of_workflows.ANSWERS | of_executions.ANSWERS | of_generation.ANSWERS
)


def with_examples(result: Any, **_: Any) -> Any:
    """The schema with an example for every body, and for the answer of every operation that acts without one."""
    for methods in result["paths"].values():
        for operation in methods.values():
            name = operation["operationId"]
            if (body := operation.get("requestBody")) is not None:
                _add(body, REQUESTS.get(name, {}))
            if name in ANSWERS:
                done = (answer for code, answer in operation["responses"].items() if code < "300")
                _add(next(done), ANSWERS[name])
    return result


def _add(described: Any, examples: dict[str, Any]) -> None:
    for content in described["content"].values():
        content["examples"] = {
            _key(name): {"summary": name, "value": value} for name, value in examples.items()
        }


def _key(name: str) -> str:
    """'In German, by a model' as a component's key: `InGermanByAModel`."""
    words = "".join(char if char.isalnum() else " " for char in name).split()
    return "".join(word[0].upper() + word[1:] for word in words)
