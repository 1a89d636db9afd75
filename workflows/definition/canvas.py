"""Where each step stands in a drawing: layers from top to bottom, arms in declared order, containers as boxes.

Cards never overlap: within a list every layer has its own band of height, within a layer the centres keep their
distance, and a container is as large as what it holds. Lines run in the gaps between the layers and, where they skip
a layer or go back up, in lanes at the right of their list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from workflows.definition.layering import layers_of
from workflows.definition.routes import Exit, exits
from workflows.definition.steps import END, Definition, LoopStep, ParallelStep, Step

CARD_WIDTH = 240
CARD_HEIGHT = 64
DOT = 16
GAP_X = 32
GAP_Y = 56
PADDING = 24
HEADER = CARD_HEIGHT
BRANCH_HEADER = 24
LANE_GAP = 14
MAX_LANES = 12

Point = tuple[float, float]


class Box(NamedTuple):
    """A rectangle in drawing units (pixels at scale 1), from the top left of the whole drawing."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> float:
        """The middle of its width."""
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height

    def moved(self, dx: float, dy: float) -> "Box":
        """The same box elsewhere."""
        return Box(self.x + dx, self.y + dy, self.width, self.height)


class Line(NamedTuple):
    """A way from one step to another, with its corner points; `label_at` is where the label starts."""

    source: str
    target: str
    label: str
    kind: str
    points: tuple[Point, ...]
    label_at: Point
    label_anchor: str = "middle"

    def moved(self, dx: float, dy: float) -> "Line":
        """The same line elsewhere."""
        points = tuple((x + dx, y + dy) for x, y in self.points)
        x, y = self.label_at
        return self._replace(points=points, label_at=(x + dx, y + dy))


@dataclass
class Drawing:
    """Everything placed: cards by step id, branch frames with their names, end dots, lines."""

    width: float = 0
    height: float = 0
    cards: dict[str, Box] = field(default_factory=dict)
    parents: dict[str, str | None] = field(default_factory=dict)
    frames: list[tuple[str, Box]] = field(default_factory=list)
    dots: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def add(self, part: "Drawing", dx: float, dy: float) -> None:
        """Take over all of `part`, moved."""
        self.cards.update({key: box.moved(dx, dy) for key, box in part.cards.items()})
        self.parents.update(part.parents)
        self.frames += [(name, box.moved(dx, dy)) for name, box in part.frames]
        self.dots += [box.moved(dx, dy) for box in part.dots]
        self.lines += [line.moved(dx, dy) for line in part.lines]


def layout(definition: Definition) -> Drawing:
    """The whole drawing of a definition; a pure function of its steps, linear in their number."""
    inner = _place_list(definition.steps, definition.entry_step, parent=None)
    drawing = Drawing(width=inner.width + 2 * PADDING, height=inner.height + 2 * PADDING)
    drawing.add(inner, PADDING, PADDING)
    return drawing


def positions(definition: Definition) -> dict[str, dict[str, float]]:
    """`{step id: {x, y}}`, relative to the step's container, as `Workflow.layout` and the canvas keep them."""
    drawing = layout(definition)
    result = {}
    for step_id, box in drawing.cards.items():
        parent = drawing.parents[step_id]
        origin = drawing.cards[parent] if parent else Box(0, 0, 0, 0)
        result[step_id] = {"x": box.x - origin.x, "y": box.y - origin.y}
    return result


def _place_list(steps: Sequence[Step], entry: str | None, parent: str | None) -> Drawing:
    """One list of steps with its end dot, from (0, 0)."""
    if not steps:
        return Drawing(width=CARD_WIDTH, height=DOT)
    parts = {step.id: _place_step(step) for step in steps}
    sizes = {key: (part.width, part.height) for key, part in parts.items()}
    sizes[END] = (DOT, DOT)
    ways = {step.id: [way for way in exits(step) if way.target in sizes] for step in steps}
    layers = layers_of(ways, entry)
    boxes = _boxes(layers, ways, sizes)
    drawing = Drawing()
    for step in steps:
        box = boxes[step.id]
        drawing.add(parts[step.id], box.x, box.y)
        drawing.parents[step.id] = parent
    if END in boxes:
        drawing.dots.append(boxes[END])
    drawing.width = max(box.x + box.width for box in boxes.values())
    drawing.height = max(box.bottom for box in boxes.values())
    _draw_lines(drawing, layers, ways, boxes)
    return drawing


def _place_step(step: Step) -> Drawing:
    match step:
        case ParallelStep():
            return _container(
                step.id,
                [
                    (branch.id, _place_list(branch.steps, branch.entry_step, step.id))
                    for branch in step.branches
                ],
            )
        case LoopStep():
            return _container(step.id, [("", _place_list(step.steps, step.entry_step, step.id))])
        case _:
            card = Box(0, 0, CARD_WIDTH, CARD_HEIGHT)
            return Drawing(width=CARD_WIDTH, height=CARD_HEIGHT, cards={step.id: card})


def _container(step_id: str, lists: list[tuple[str, Drawing]]) -> Drawing:
    """A box with a header around its lists, which stand side by side, each in a frame where it has a name."""
    drawing = Drawing()
    x, height = float(PADDING), 0.0
    for name, part in lists:
        top = HEADER + BRANCH_HEADER
        if name:
            width, inner = part.width + 2 * PADDING, part.height + BRANCH_HEADER + PADDING
            drawing.frames.append((name, Box(x, HEADER, width, inner)))
            drawing.add(part, x + PADDING, top)
        else:
            width, inner = part.width, part.height + BRANCH_HEADER
            drawing.add(part, x, top)
        x += width + GAP_X / 2
        height = max(height, inner)
    drawing.width = max(x - GAP_X / 2 + PADDING, CARD_WIDTH)
    drawing.height = HEADER + height + PADDING
    # First in the order of drawing, so that what it holds lies on top of it.
    drawing.cards = {step_id: Box(0, 0, drawing.width, drawing.height)} | drawing.cards
    return drawing


def _boxes(
    layers: list[list[str]],
    ways: Mapping[str, Sequence[Exit]],
    sizes: Mapping[str, tuple[float, float]],
) -> dict[str, Box]:
    """A box for every step: each layer below the one before, each step as near below its sources as its row allows."""
    sources: dict[str, list[str]] = {}
    for source, outgoing in ways.items():
        for way in outgoing:
            sources.setdefault(way.target, []).append(source)
    boxes: dict[str, Box] = {}
    y = 0.0
    for row in layers:
        wanted = []
        for rank, key in enumerate(row):
            above = [boxes[source].centre for source in sources.get(key, ()) if source in boxes]
            wanted.append((sum(above) / len(above) if above else 0.0, rank, key))
        wanted.sort()
        widths = [sizes[key][0] for _, _, key in wanted]
        centres = _spread([centre for centre, _, _ in wanted], widths)
        for (_, _, key), centre in zip(wanted, centres, strict=True):
            width, height = sizes[key]
            boxes[key] = Box(centre - width / 2, y, width, height)
        y += max(sizes[key][1] for key in row) + GAP_Y
    left = min(box.x for box in boxes.values())
    return {key: box.moved(-left, 0) for key, box in boxes.items()}


def _spread(wanted: list[float], widths: list[float]) -> list[float]:
    """Centres nearest to the wanted ones (ascending) that keep `GAP_X` between neighbours.

    Least squares under order constraints: the pool-adjacent-violators algorithm, linear in the row.
    """
    offsets = [0.0]
    for left, right in pairwise(widths):
        offsets.append(offsets[-1] + (left + right) / 2 + GAP_X)
    blocks: list[tuple[float, int]] = []
    for centre, offset in zip(wanted, offsets, strict=True):
        total, count = centre - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            before, number = blocks.pop()
            total, count = total + before, count + number
        blocks.append((total, count))
    shifts = [total / count for total, count in blocks for _ in range(count)]
    return [shift + offset for shift, offset in zip(shifts, offsets, strict=True)]


def _draw_lines(
    drawing: Drawing,
    layers: list[list[str]],
    ways: Mapping[str, Sequence[Exit]],
    boxes: Mapping[str, Box],
) -> None:
    """Lines between the boxes of one list; widens the drawing by the lanes it needs."""
    layer = {key: number for number, row in enumerate(layers) for key in row}
    floor = [max(boxes[key].bottom for key in row) for row in layers]
    lanes: dict[str, float] = {}
    content = drawing.width
    for source, outgoing in ways.items():
        detours = 0
        for way in outgoing:
            start, end, bottom = boxes[source], boxes[way.target], floor[layer[source]]
            if layer[way.target] == layer[source] + 1:
                drawing.lines.append(_straight(source, way, start, end, bottom))
                continue
            number = len(lanes) % MAX_LANES
            lane = lanes.setdefault(way.target, content + GAP_X / 2 + number * LANE_GAP)
            y = bottom + 10 + 15 * (detours % 3)
            detours += 1
            drawing.lines.append(_detour(source, way, start, end, lane, y))
            drawing.width = max(drawing.width, lane + LANE_GAP)
            drawing.height = max(drawing.height, y)


def _straight(source: str, way: Exit, start: Box, end: Box, bottom: float) -> Line:
    middle = bottom + GAP_Y / 2
    points = (
        (start.centre, start.bottom),
        (start.centre, middle),
        (end.centre, middle),
        (end.centre, end.y),
    )
    at = (end.centre, end.y - 14)
    return Line(source, way.target, way.label, way.kind, points, at)


def _detour(source: str, way: Exit, start: Box, end: Box, lane: float, y: float) -> Line:
    above = end.y - 8
    points = (
        (start.centre, start.bottom),
        (start.centre, y),
        (lane, y),
        (lane, above),
        (end.centre, above),
        (end.centre, end.y),
    )
    return Line(source, way.target, way.label, way.kind, points, (lane - 4, y - 3), "end")
