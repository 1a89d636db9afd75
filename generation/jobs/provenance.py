"""What a result can be explained with later: hashes of all that was offered and of all that a model is told."""

import hashlib
from dataclasses import is_dataclass
from functools import cache
from types import ModuleType
from typing import Any

import orjson

from generation.drafting import DraftRequest, usable
from generation.explaining import with_model as explaining
from generation.modelling import prompts, schemas
from generation.modelling.shortlisting import shortlist
from generation.refining import operations, with_model


def provenance_of(request: DraftRequest) -> dict[str, str]:
    """Both hashes as fields of a generation's row."""
    return {"catalogue_hash": catalogue_hash(request), "schema_version": schema_version()}


def catalogue_hash(request: DraftRequest) -> str:
    """The SHA-256 of all that was offered: agents, tools with their schemas, servers, short ids, and example templates."""
    offered = usable(request)
    resources = shortlist(request.prompt, offered)
    templates = [template.to_json() for template in request.templates]
    return _sha256([offered.agents, offered.tools, offered.servers, resources, templates])


@cache
def schema_version() -> str:
    """The SHA-256 of the instructions and shapes that requests to a model have in common: all constants of these modules."""
    modules = (prompts, schemas, operations, with_model, explaining)
    return _sha256([_constants(module) for module in modules])


def _constants(module: ModuleType) -> dict[str, Any]:
    return {name: value for name, value in vars(module).items() if name.strip("_").isupper()}


def _sha256(value: Any) -> str:
    options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS
    return hashlib.sha256(orjson.dumps(value, default=_plain, option=options)).hexdigest()


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    return sorted(value) if isinstance(value, set | frozenset) else dict(value)
