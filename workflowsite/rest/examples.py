"""The example bodies that the apps keep, put into the OpenAPI file."""

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


def with_examples(result: Any, **_: Any) -> Any:
    """The schema with an example for every body that has one."""
    for methods in result["paths"].values():
        for operation in methods.values():
            body = operation.get("requestBody")
            if body is None:
                continue
            for content in body["content"].values():
                found = REQUESTS.get(operation["operationId"], {})
                content["examples"] = {
                    _key(name): {"summary": name, "value": value} for name, value in found.items()
                }
    return result


def _key(name: str) -> str:
    """'In German, by a model' as a component's key: `InGermanByAModel`."""
    words = "".join(char if char.isalnum() else " " for char in name).split()
    return "".join(word[0].upper() + word[1:] for word in words)
