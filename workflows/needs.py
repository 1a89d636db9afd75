"""What a template needs to run, and which of it a caller lacks."""

from collections.abc import Iterable
from typing import Any

from workflows.definition.catalogue import Catalogue
from workflows.definition.steps import Definition
from workflows.uses import used_agents, used_servers


def needs_of(definition_json: Any, catalogue: Catalogue) -> dict[str, list[dict[str, Any]]]:
    """`{"agents": [{id, is_missing}], "mcps": [{id, is_missing}]}` of a canonical definition."""
    definition = Definition.model_validate(definition_json)
    return {
        "agents": _needs(used_agents(definition), catalogue.agents),
        "mcps": _needs(used_servers(definition), catalogue.servers),
    }


def _needs(used: Iterable[str], known: Any) -> list[dict[str, Any]]:
    return [{"id": one, "is_missing": one not in known} for one in sorted(used)]
