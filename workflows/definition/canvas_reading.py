"""From the nodes and edges of an editor back to a definition; what does not fit is refused, with a place."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from workflows.definition.edge_slots import Json
from workflows.definition.flow import ON_ERROR_WORDS
from workflows.definition.normalise import normalise
from workflows.definition.problems import DefinitionError, EditRefused
from workflows.definition.raw_lists import opened
from workflows.definition.steps import END, Definition

# Told by nodes and edges, never by a node's data.
TOLD_BY_THE_CANVAS = ("next", "default", "steps", "entry_step")
# Fields of a node itself; the others stand in its `data`.
OF_NODES = (["id"], ["type"])
# What nodes and edges are written into, and what it has to be for that.
WRITTEN_INTO = {"branches": (list, "a list"), "conditional_branches": (dict, "an object")}


def definition_of_canvas(
    definition: Definition,
    nodes: Iterable[Mapping[str, Any]],
    edges: Iterable[Mapping[str, Any]],
    *,
    entry_step: str | None,
) -> Definition:
    """`definition` with the steps of a canvas (nodes and edges as `canvas_json` makes them) in the place of its own.

    A node needs `id`, `type` and `data`; an edge `source`, `target`, `kind`. The order of the nodes is that of the
    steps. Raises `EditRefused` (nodes and edges that don't fit together) and `DefinitionError`.
    """
    reading = _Reading([dict(node) for node in nodes])
    for number, edge in enumerate(edges):
        reading.connect(number, edge)
    raw = opened(definition)
    raw["steps"], raw["entry_step"] = reading.outermost, entry_step
    if entry_step is None:
        del raw["entry_step"]
    try:
        return normalise(raw)
    except DefinitionError as error:
        places = {step_id: number for number, step_id in enumerate(reading.steps)}
        found = [replace(one, path=_place(raw, one.path, places)) for one in error.problems]
        raise DefinitionError(found, pointer=found[0].path) from error


def _place(raw: Json, path: str, places: Mapping[str, int]) -> str:
    """A place in the definition as one in the canvas it was made of: that of the innermost node around it."""
    parts = path.split("/")[1:]
    value: Any = raw
    number, after = None, 0
    for count, part in enumerate(parts, start=1):
        value = _inside(value, part)
        if isinstance(value, dict) and "type" in value and value.get("id") in places:
            number, after = places[value["id"]], count
    if number is None:
        return path
    inside = parts[after:]
    return "/".join(["", "nodes", str(number), *([] if inside in OF_NODES else ["data"]), *inside])


def _inside(value: Any, part: str) -> Any:
    if isinstance(value, list):
        return value[int(part)] if part.isdecimal() and int(part) < len(value) else None
    return value.get(part) if isinstance(value, dict) else None


class _Reading:
    """The steps made of nodes, as raw JSON that edges are then written into."""

    def __init__(self, nodes: list[Json]) -> None:
        self.steps: dict[str, Json] = {}
        self.lists: dict[str, str] = {}
        for number, node in enumerate(nodes):
            if node["id"] in self.steps:
                raise _refused(f"/nodes/{number}/id", f"There are two nodes {node['id']!r}.")
            _require_kinds(f"/nodes/{number}/data", node["data"])
            self.steps[node["id"]] = _step(node)
        self.outermost: list[Json] = []
        for number, node in enumerate(nodes):
            self._place(number, node)
        self._require_roots(nodes)

    def connect(self, number: int, edge: Mapping[str, Any]) -> None:
        """Write one edge into its source."""
        pointer = f"/edges/{number}"
        source, target = self.steps.get(edge["source"]), edge["target"]
        if source is None:
            raise _refused(f"{pointer}/source", f"There is no node {edge['source']!r}.")
        if edge["kind"] == "body":
            self._enter(pointer, source, target, edge.get("label") or "")
            return
        if target != END and target not in self.steps:
            raise _refused(f"{pointer}/target", f"There is no node {target!r}.")
        if target != END and self.lists[target] != self.lists[source["id"]]:
            raise _refused(
                f"{pointer}/target",
                f"{source['id']!r} can't lead to {target!r}: they stand in different containers.",
            )
        if not _lead(source, edge["kind"], edge.get("label") or "", target):
            raise _refused(
                f"{pointer}/kind", f"A step of type {source['type']} has no edge {edge['kind']!r}."
            )

    def _place(self, number: int, node: Mapping[str, Any]) -> None:
        step, parent, branch = self.steps[node["id"]], node.get("parent"), node.get("branch")
        self.lists[step["id"]] = f"{parent or ''}/{branch or ''}"
        if parent is None:
            self.outermost.append(step)
            return
        around = self.steps.get(parent)
        if around is None:
            raise _refused(f"/nodes/{number}/parent", f"There is no node {parent!r}.")
        self._list(f"/nodes/{number}", around, branch or "")["steps"].append(step)

    def _list(self, pointer: str, around: Json, branch: str) -> Json:
        """The list of steps of a container: the loop itself, or a branch of the parallel."""
        if around["type"] == "loop" and not branch:
            return around
        branches: list[Json] = around["branches"] if around["type"] == "parallel" else []
        for own in branches:
            if own.get("id") == branch:
                return own
        where = f"branch {branch!r}" if branch else "steps inside"
        raise _refused(f"{pointer}/branch", f"{around['id']!r} has no {where}.")

    def _enter(self, pointer: str, around: Json, target: str, branch: str) -> None:
        self._list(pointer, around, branch)["entry_step"] = target

    def _require_roots(self, nodes: list[Json]) -> None:
        """Every node stands, by its parents, in the outermost list in the end."""
        parents = {node["id"]: node.get("parent") for node in nodes}
        for number, node in enumerate(nodes):
            seen, at = set[str](), node["id"]
            while at is not None:
                if at in seen:
                    raise _refused(f"/nodes/{number}/parent", f"{node['id']!r} contains itself.")
                seen.add(at)
                at = parents[at]


def _require_kinds(pointer: str, data: Mapping[str, Any]) -> None:
    for name, (kind, told) in WRITTEN_INTO.items():
        value = data.get(name)
        if value is not None and not isinstance(value, kind):
            raise _refused(f"{pointer}/{name}", f"`{name}` is {told}.")


def _step(node: Mapping[str, Any]) -> Json:
    """The raw step of a node without any way out; the steps inside follow."""
    data = {key: value for key, value in node["data"].items() if key not in TOLD_BY_THE_CANVAS}
    step = {**data, "id": node["id"], "type": node["type"]}
    if step["type"] == "loop":
        step["steps"] = []
    if step["type"] == "parallel":
        branches = step.get("branches")
        step["branches"] = [
            {**branch, "steps": []} for branch in branches or () if isinstance(branch, dict)
        ]
    for name in ("conditions", "conditional_branches"):
        if isinstance(step.get(name), list | dict):
            step[name] = type(step[name])()
    on_error = step.get("on_error")
    if isinstance(on_error, list):
        step["on_error"] = []
    elif isinstance(on_error, str) and on_error not in ON_ERROR_WORDS:
        step["on_error"] = "fail"
    if "on_reject" in step:
        step["on_reject"] = "fail"
    if step["type"] not in ("conditional", "end"):
        step["next"] = END
    return step


def _lead(step: Json, kind: str, label: str, target: str) -> bool:
    """Let the way out lead to `target`; false if such a step has none."""
    match kind:
        case "next" if "next" in step:
            step["next"] = target
        case "default" if step["type"] == "conditional":
            step["default"] = target
        case "choice" if step["type"] == "conditional":
            _choose(step, label, target)
        case "reject" if step["type"] == "approval":
            step["on_reject"] = target
        case "error" if step["type"] != "end":
            _catch(step, label, target)
        case _:
            return False
    return True


def _choose(step: Json, label: str, target: str) -> None:
    if isinstance(step.get("conditions"), list):
        step["conditions"].append({"when": label, "next": target})
        return
    step["conditional_branches"] = {**(step.get("conditional_branches") or {}), label: target}


def _catch(step: Json, label: str, target: str) -> None:
    """A list of arms where the data has one; else the one way for every error."""
    kinds = [] if label in ("", "error") else label.split(", ")
    if not kinds and not isinstance(step.get("on_error"), list):
        step["on_error"] = target
        return
    arms = step["on_error"] if isinstance(step.get("on_error"), list) else []
    step["on_error"] = [*arms, {"match": kinds, "next": target}]


def _refused(pointer: str, message: str) -> EditRefused:
    return EditRefused("invalid_canvas", message, pointer=pointer)
