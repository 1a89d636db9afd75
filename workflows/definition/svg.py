"""A definition as an SVG drawing, for the admin and for reports; every text in it is escaped."""

import html
import re
from collections.abc import Iterator, Mapping

from workflows.definition.canvas import (
    BRANCH_HEADER,
    CARD_HEIGHT,
    CARD_WIDTH,
    PADDING,
    Box,
    Line,
    layout,
)
from workflows.definition.caption import caption, one_line
from workflows.definition.steps import Definition, Step, walk
from workflows.definition.tree import text_tree

LETTERS = {
    "agent": "A",
    "tool": "T",
    "parallel": "P",
    "conditional": "C",
    "loop": "L",
    "approval": "?",
    "wait": "W",
    "set": "S",
    "workflow": "F",
    "end": "E",
}
NAME_LENGTH = 24
CAPTION_LENGTH = 32
LABEL_LENGTH = 28

# XML 1.0 has no way to write these, escaped or not.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# Every class is prefixed: the drawing stands inside other pages, whose `.container` or `.card` would resize its boxes.
# Light colours first; a reader's dark preference replaces them.
_STYLE = """
.workflow-drawing{--paper:#ffffff;--box:#f6f7f9;--ink:#1c2330;--soft:#5a6475;--line:#8a94a6;
--agent:#6b4fbb;--tool:#0f7b6c;--parallel:#1f6fd0;--conditional:#a15c00;--loop:#a8325e;--end:#4a5568;
--approval:#8a4b08;--wait:#55606e;--set:#2f6f4f;--workflow:#3f51b5;
--ok:#187a3c;--bad:#b3261e;--busy:#1f6fd0;--idle:#6a7484;max-width:100%;height:auto;font-family:system-ui,sans-serif}
@media (prefers-color-scheme:dark){.workflow-drawing{--paper:#151a21;--box:#1e252f;--ink:#e8ecf2;--soft:#a9b3c3;
--line:#7d899c;--agent:#b09cf0;--tool:#5fd0bd;--parallel:#7fb4f5;--conditional:#f0b25c;--loop:#f08db3;--end:#b6c0cf;
--approval:#f2b36b;--wait:#aab6c4;--set:#86d3a8;--workflow:#a3b0f7;
--ok:#6fd394;--bad:#ff8a80;--busy:#7fb4f5;--idle:#9aa5b6}}
.workflow-drawing .wd-card{fill:var(--paper);stroke:var(--line);stroke-width:1.5}
.workflow-drawing .wd-container{fill:var(--box)}
.workflow-drawing .wd-frame{fill:none;stroke:var(--line);stroke-dasharray:4 4}
.workflow-drawing .wd-line{fill:none;stroke:var(--line);stroke-width:1.5}
.workflow-drawing .wd-error{stroke-dasharray:5 4}
.workflow-drawing .wd-dot,.workflow-drawing .wd-tip{fill:var(--line)}
.workflow-drawing text{fill:var(--ink);font-size:14px}
.workflow-drawing .wd-caption,.workflow-drawing .wd-label{fill:var(--soft);font-size:12px}
.workflow-drawing .wd-label{paint-order:stroke;stroke:var(--paper);stroke-width:4px}
.workflow-drawing .wd-letter{fill:var(--paper);font-weight:700;text-anchor:middle}
.workflow-drawing .wd-status{font-size:11px;font-weight:600;text-anchor:end}
""" + "\n".join(
    [f".workflow-drawing .wd-{name} .wd-badge{{fill:var(--{name})}}" for name in LETTERS]
    + [
        f".workflow-drawing .wd-{word} .wd-status{{fill:var(--{colour})}}"
        f".workflow-drawing .wd-{word} .wd-card{{stroke:var(--{colour});stroke-width:2.5}}"
        for word, colour in {
            "COMPLETED": "ok",
            "FAILED": "bad",
            "RUNNING": "busy",
            "WAITING": "busy",
            "PENDING": "idle",
            "SKIPPED": "idle",
            "CANCELLED": "idle",
        }.items()
    ]
)

_OPENING = (
    '<svg xmlns="http://www.w3.org/2000/svg" class="workflow-drawing" role="img" '
    'width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
)
_TIP = (
    '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
    '<path class="wd-tip" d="M0 0 8 4 0 8z"/></marker></defs>'
)


def draw_svg(definition: Definition, *, statuses: Mapping[str, str] | None = None) -> str:
    """A complete `<svg>` element; `statuses` (step id to status word) colours the cards and writes the word on them."""
    drawing = layout(definition)
    steps = {step.id: step for _, step in walk(definition.steps)}
    width, height = f"{drawing.width:.0f}", f"{drawing.height:.0f}"
    parts = [
        _OPENING.format(width=width, height=height),
        f"<title>{_safe(definition.name or definition.id)}</title>",
        f"<desc>{_safe(chr(10).join(text_tree(definition)))}</desc>",
        f"<style>{_STYLE}</style>",
        _TIP,
    ]
    # Containers come before what they hold; lines and frames lie on the containers, under no card.
    for step_id, box in drawing.cards.items():
        parts += _card(steps[step_id], box, (statuses or {}).get(step_id))
    for name, box in drawing.frames:
        parts += _frame(name, box)
    parts += [_line(line) for line in drawing.lines]
    parts += [_dot(box) for box in drawing.dots]
    parts += [_label(line) for line in drawing.lines if line.label]
    return "".join([*parts, "</svg>"])


def _card(step: Step, box: Box, status: str | None) -> Iterator[str]:
    """A card, or the box of a container, with all of its text in a tooltip."""
    line = caption(step)
    is_container = box.height > CARD_HEIGHT or box.width > CARD_WIDTH
    word = re.sub(r"[^A-Za-z_]", "", status or "")
    classes = f"wd-{step.type} wd-{word}" if word else f"wd-{step.type}"
    yield f'<g class="{classes}" transform="translate({box.x:.1f} {box.y:.1f})">'
    yield f"<title>{_safe(f'{step.name or step.id} ({step.type}): {line}')}</title>"
    yield (
        f'<rect class="wd-card{" wd-container" if is_container else ""}" '
        f'width="{box.width:.1f}" height="{box.height:.1f}" rx="8"/>'
    )
    yield '<circle class="wd-badge" cx="26" cy="32" r="14"/>'
    yield f'<text class="wd-letter" x="26" y="37">{LETTERS[step.type]}</text>'
    yield f'<text x="50" y="28">{_safe(one_line(step.name or step.id, NAME_LENGTH))}</text>'
    yield f'<text class="wd-caption" x="50" y="48">{_safe(one_line(line, CAPTION_LENGTH))}</text>'
    if word:
        yield f'<text class="wd-status" x="{box.width - 8:.1f}" y="13">{word}</text>'
    yield "</g>"


def _frame(name: str, box: Box) -> Iterator[str]:
    yield (
        f'<rect class="wd-frame" x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="6"/>'
    )
    label = _safe(one_line(name, NAME_LENGTH))
    x, y = box.x + PADDING / 2, box.y + BRANCH_HEADER - 8
    yield f'<text class="wd-caption" x="{x:.1f}" y="{y:.1f}">{label}</text>'


def _line(line: Line) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in line.points)
    return f'<polyline class="wd-line wd-{line.kind}" points="{points}" marker-end="url(#tip)"/>'


def _dot(box: Box) -> str:
    y = box.y + box.height / 2
    return f'<circle class="wd-dot" cx="{box.centre:.1f}" cy="{y:.1f}" r="{box.width / 2:.1f}"/>'


def _label(line: Line) -> str:
    x, y = line.label_at
    text = _safe(one_line(line.label, LABEL_LENGTH))
    return f'<text class="wd-label" x="{x:.1f}" y="{y:.1f}" text-anchor="{line.label_anchor}">{text}</text>'


def _safe(text: str) -> str:
    """Escaped, without the characters that XML can't carry."""
    return html.escape(_NOT_XML.sub("\ufffd", text))
