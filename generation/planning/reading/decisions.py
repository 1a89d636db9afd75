"""The arms of a decision: further cases, opposites ('when it is not') and alternatives that borrow a verb."""

import re
from dataclasses import replace

from generation.planning.language.words import tokens
from generation.planning.reading.clauses import has_verb
from generation.planning.reading.tree import Act, Choose, Node, Repeat, is_about_it

# "when it is not": the opposite of the condition before.
_ELLIPSIS = re.compile(
    r"^(?:it|they|this|that|he|she)\s+"
    r"(?:(?:is|are|was|does|do|has|have)\s*(?:not|n't)|isn't|doesn't|aren't|fails?)$",
    re.IGNORECASE,
)


# 'if on top of that it is dangerous': a decision within the case before.
_MOREOVER = re.compile(
    r"^(?:on top(?: of (?:that|this|it))?|in addition(?: to that)?|additionally|also|moreover|furthermore|besides|even)\b,? ?|"
    r"(?<=is) (?:also|even|moreover|on top of that|in addition)\b",
    re.IGNORECASE,
)
# What 'if so' behind a check becomes.
_SO = ("it is so", "so", "yes")
_WHETHER = re.compile(r"\b(?:whether|check|see|find out|verify)\b", re.IGNORECASE)
# 'unless he needs a visa, …; if he does, …'
_AFFIRMED = re.compile(
    r"^(?:it|they|this|that|he|she|there)\s+(?:is|are|was|were|does|do|did|has|have)$",
    re.IGNORECASE,
)


def merged(last: Choose, head: Choose) -> Choose:
    """One decision from two that follow each other."""
    condition, body = head.arms[0]
    if len(head.arms) == 1 and head.otherwise is None and _is_opposite(condition, last):
        return replace(last, otherwise=body)
    if condition in _SO and _asks(last.arms[-1][1][-1:]):
        told, before = last.arms[-1]
        return replace(last, arms=(*last.arms[:-1], (told, (*before, head))))
    if _MOREOVER.search(condition):
        inner = replace(head, arms=((_MOREOVER.sub("", condition), body), *head.arms[1:]))
        told, before = last.arms[-1]
        return replace(last, arms=(*last.arms[:-1], (told, (*before, inner))))
    return Choose(arms=last.arms + head.arms, otherwise=head.otherwise)


def _asks(nodes: tuple[Node, ...]) -> bool:
    """Whether the last thing to do is to find out whether something is so."""
    return any(isinstance(node, Act) and bool(_WHETHER.search(node.text)) for node in nodes)


def _is_opposite(condition: str, last: Choose) -> bool:
    is_affirmed = bool(_AFFIRMED.match(condition)) and last.arms[-1][0].startswith("not ")
    return is_affirmed or bool(_ELLIPSIS.match(condition))


def with_otherwise(node: Node, body: tuple[Node, ...]) -> Node | None:
    """`node` with `body` as the alternative of its decision, within a loop too; null where no decision waits for one."""
    if isinstance(node, Choose) and node.otherwise is None:
        told, inner_body = node.arms[-1]
        inner = inner_body[-1] if inner_body else None
        if isinstance(inner, Choose) and inner.otherwise is None and inner.arms[0][0] in _SO:
            decided = replace(inner, otherwise=body)
            return replace(node, arms=(*node.arms[:-1], (told, (*inner_body[:-1], decided))))
        return replace(node, otherwise=body)
    if isinstance(node, Repeat) and node.mode == "foreach" and node.body:
        inner = with_otherwise(node.body[-1], body)
        return None if inner is None else replace(node, body=(*node.body[:-1], inner))
    return None


def add_arm(nodes: list[Node], condition: str, body: tuple[Node, ...]) -> None:
    """Add a case to the decision that ends `nodes`, or a new decision."""
    last = nodes[-1] if nodes else None
    if not isinstance(last, Choose) or last.otherwise is not None:
        if body:
            nodes.append(Choose(arms=((condition, body),)))
    else:
        nodes[-1] = merged(last, Choose(arms=((condition, body),)))


def decide_last(nodes: list[Node], condition: str) -> None:
    """'text the customer if it is late': the last thing hangs on the condition, within the loop if that speaks of its item."""
    body = tuple(nodes[-1:])
    del nodes[-1:]
    if not body:
        return
    decision = Choose(arms=((condition, body),))
    last = nodes[-1] if nodes else None
    if isinstance(last, Repeat) and last.mode == "foreach" and is_about_it(condition):
        nodes[-1] = replace(last, body=(*last.body, decision))
    else:
        nodes.append(decision)


def completed(text: str, before: list[Node]) -> str:
    """'put it into one list, otherwise into another': the alternative borrows the verb and its object."""
    first = tokens(text)[:1]
    last = before[0] if before else None
    if not first or first[0] not in ("into", "to", "in", "on", "with", "as", "by", "via", "at"):
        return text
    if not isinstance(last, Choose) or not last.arms[-1][1] or has_verb(text):
        return text
    model = last.arms[-1][1][0]
    head = re.split(rf"\b{first[0]}\b", model.text, maxsplit=1)[0] if isinstance(model, Act) else ""
    return f"{head.strip()} {text}" if head.strip() else text
