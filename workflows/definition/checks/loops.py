"""References to the loop around a step."""

from collections.abc import Iterator

from workflows.definition.references import Reference
from workflows.definition.uses import Use


def loop_problems(reference: Reference, use: Use) -> Iterator[tuple[str, str]]:
    """Message and hint for what a `loop` reference at `use` can never find."""
    path, depth = reference.path, 0
    while depth < len(path) and path[depth] == "parent":
        depth += 1
    shown = f"${{{reference.text}}}"
    if not use.loops:
        yield f"{shown} stands outside of any loop.", "`loop` is there only inside a loop's steps."
        return
    if depth >= len(use.loops):
        yield f"{shown}: there are {len(use.loops)} loops around this.", "Remove a `.parent`."
        return
    loop = use.loops[len(use.loops) - 1 - depth]
    name = path[depth] if depth < len(path) else None
    if name == "item" and loop.loop_mode != "foreach":
        yield (
            f"{shown}: the loop {loop.id!r} goes over no list.",
            "Use loop.index or loop.iteration.",
        )
    if name == "last" and loop.max_concurrency > 1:
        hint = "Set `max_concurrency` to 1."
        yield f"{shown}: iterations of {loop.id!r} run at the same time; none is last.", hint
