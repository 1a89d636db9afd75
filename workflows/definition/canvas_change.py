"""What an edit changed on the canvas, so that an editor need not draw everything anew."""

from dataclasses import asdict, dataclass
from typing import Any

from workflows.definition.canvas_json import CanvasEdge, CanvasNode, Positions, canvas
from workflows.definition.steps import Definition


@dataclass(frozen=True)
class CanvasChange:
    """Nodes and edges that are new or differ (in content or place), and the ids of those that are gone."""

    entry_step: str | None
    nodes: tuple[CanvasNode, ...]
    edges: tuple[CanvasEdge, ...]
    removed_nodes: tuple[str, ...]
    removed_edges: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}


def canvas_change(
    before: Definition, after: Definition, *, stored_before: Positions, stored_after: Positions
) -> CanvasChange:
    """How the canvas of `after` differs from that of `before`; linear in both."""
    old, new = canvas(before, stored_before), canvas(after, stored_after)
    old_nodes = {node.id: node for node in old.nodes}
    old_edges = {edge.id: edge for edge in old.edges}
    node_ids, edge_ids = {node.id for node in new.nodes}, {edge.id for edge in new.edges}
    return CanvasChange(
        entry_step=new.entry_step,
        nodes=tuple(node for node in new.nodes if old_nodes.get(node.id) != node),
        edges=tuple(edge for edge in new.edges if old_edges.get(edge.id) != edge),
        removed_nodes=tuple(node_id for node_id in old_nodes if node_id not in node_ids),
        removed_edges=tuple(edge_id for edge_id in old_edges if edge_id not in edge_ids),
    )
