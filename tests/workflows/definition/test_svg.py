"""Drawings and trees show every step, and no text of theirs can break out."""

from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.definition.steps import Definition
from workflows.definition.svg import draw_svg
from workflows.definition.tree import text_tree

SVG = "{http://www.w3.org/2000/svg}"


def named(text: str) -> Definition:
    """A definition with `text` wherever a person may write."""
    call = {"id": "call", "type": "tool", "tool": text, "name": text[:200], "next": "choose"}
    choose = {
        "id": "choose",
        "type": "conditional",
        "condition_source": text,
        "conditional_branches": {text: "call"},
        "default": "end",
    }
    return Definition.model_validate(
        {"id": "drawn", "name": text[:200], "entry_step": "call", "steps": [call, choose]}
    )


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_gives_a_well_formed_drawing_without_foreign_elements(text: str) -> None:
    root = ElementTree.fromstring(draw_svg(named(text)))
    allowed = [
        "svg",
        "title",
        "desc",
        "style",
        "defs",
        "marker",
        "path",
        "g",
        "rect",
        "circle",
        "text",
        "polyline",
    ]
    assert {element.tag for element in root.iter()} <= {SVG + tag for tag in allowed}


def test_markup_in_a_name_is_shown_as_text() -> None:
    drawing = draw_svg(named("<script>alert('1')</script>"))
    assert "<script" not in drawing
    assert "&lt;script&gt;" in drawing


def test_a_status_is_a_colour_and_a_word() -> None:
    drawing = draw_svg(named("x"), statuses={"call": "FAILED"})
    root = ElementTree.fromstring(drawing)
    words = [node.text for node in root.iter(SVG + "text") if node.get("class") == "wd-status"]
    assert words == ["FAILED"]
    assert 'class="wd-tool wd-FAILED"' in drawing


def test_a_hostile_status_cannot_leave_its_attribute() -> None:
    drawing = draw_svg(named("x"), statuses={"call": '"><script>'})
    assert "<script" not in drawing


def test_a_drawing_has_a_title_and_the_tree_as_description() -> None:
    root = ElementTree.fromstring(draw_svg(named("Triage")))
    title, description = root.find(SVG + "title"), root.find(SVG + "desc")
    assert title is not None
    assert title.text == "Triage"
    assert description is not None
    assert description.text == "\n".join(text_tree(named("Triage")))


def test_the_tree_shows_branches_iterations_and_arms() -> None:
    inner = {"id": "look", "type": "tool", "tool": "git:git_log"}
    steps = [
        {
            "id": "fan",
            "type": "parallel",
            "branches": [{"id": "news", "steps": [inner]}],
            "next": "again",
        },
        {
            "id": "again",
            "type": "loop",
            "loop_mode": "count",
            "max_iterations": 3,
            "steps": [],
            "next": "ask",
        },
        {"id": "ask", "type": "conditional", "condition_source": "${user_input}", "default": "fan"},
    ]
    drawn = Definition.model_validate(
        {"id": "all", "name": "All", "entry_step": "fan", "steps": steps}
    )
    assert text_tree(drawn) == [
        "All (all)",
        "├─ fan  [parallel] 1 branch, all",
        "│  └─ branch news",
        "│     └─ look  [tool] git:git_log",
        "├─ again  [loop] 3 times",
        "└─ ask  [conditional] ${user_input}",
        "   └─ otherwise -> fan",
    ]


def test_the_tree_of_a_draft_says_that_it_is_empty() -> None:
    assert text_tree(Definition(id="draft", name="draft")) == ["draft", "└─ (no steps yet)"]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
@settings(deadline=None)
def test_no_text_can_steer_a_terminal(text: str) -> None:
    assert all(line.isprintable() for line in text_tree(named(text + "\x1b[2J")))


def test_no_class_of_the_drawing_can_meet_a_rule_of_the_page_around_it() -> None:
    """A page's own `.container {width: 100%}` would stretch the boxes."""
    root = ElementTree.fromstring(draw_svg(named("x"), statuses={"call": "FAILED"}))
    classes = {name for node in root.iter() for name in node.get("class", "").split()}
    assert classes - {"workflow-drawing"} == {name for name in classes if name.startswith("wd-")}
