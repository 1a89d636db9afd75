"""How a choice or a loop learns what it decides on: a field in the answer of the agent before it, or a known value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from generation.planning.data import Source
from generation.planning.language.words import stems, tokens

_COMPARE = (
    (r"(?:at least|>=|≥|(?:is )?(?:no|not) (?:less|lower|below|under) (?:than )?|min(?:imum)?(?: of)?)\s*", ">="),
    (r"(?:at most|<=|≤|(?:no|not) (?:more|higher|above|over) (?:than )?|max(?:imum)?(?: of)?|up to)\s*", "<="),
    (r"(?:more than|over|above|greater than|higher than|exceeds?|exceeding|bigger than|larger than|longer than|older than|later than|>)\s*", ">"),
    (r"(?:less than|under|below|lower than|fewer than|smaller than|shorter than|younger than|newer than|<)\s*", "<"),
    (r"(?:reaches|reach|scores?|equals|is|gives|gets)\s+(?:a |an )?", ">="),
)  # fmt: skip
_AMOUNT = r"(?:[$€£]\s?)?(\d{1,9}(?:[.,]\d{1,6})?)\s?(%|k\b)?"
_SUBJECT = re.compile(
    r"^(?:whether |if |that )?(?:(?:it|this|that|they|he|she|the|a|an|our|its|their|any|message|text|result|answer)\s+)*"
    r"(?:(?:\w+\s+){0,3}?(?:is|are|was|were|looks|seems|sounds|gets|has been|have been)\s+)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Way:
    """How a conditional decides: by labels of a text, or by conditions; `source` replaces the newest data."""

    labels: tuple[str, ...] = ()
    text: str = ""
    conditions: tuple[str, ...] = ()
    source: Source | None = None
    warning: str = ""

    def fields(self, targets: list[str]) -> dict[str, Any]:
        """The fields of the conditional step, with a target for each case."""
        if self.conditions:
            pairs = zip(self.conditions, targets, strict=True)
            return {"conditions": [{"when": when, "next": target} for when, target in pairs]}
        pairs = zip(self.labels, targets, strict=True)
        return {"condition_source": self.text, "conditional_branches": dict(pairs)}


@dataclass(frozen=True)
class Verdict:
    """How a loop knows that it is done, and what comes out of it."""

    condition: str
    text_path: str = ""
    output: dict[str, str] = field(default_factory=dict)
    warning: str = ""


def choose_by(last: dict[str, Any] | None, conditions: list[str], newest: Source) -> Way:
    """The way to decide between `conditions` (in words) after the step `last`; null when that was no single step."""
    labels = labels_of(conditions)
    if last is not None and last["type"] == "agent":
        numeric = [comparison(condition) for condition in conditions]
        answer = Source(f"${{steps.{last['id']}.output.answer}}", newest.label, {"type": "string"})
        if all(numeric):
            reference = answer_field(
                last, "score", {"type": "number", "description": _asked(conditions)}
            )
            return Way(
                conditions=tuple(f"{reference} {c[0]} {c[1]}" for c in numeric if c), source=answer
            )
        described = {
            "type": "string",
            "enum": [*labels, "other"],
            "description": _asked(conditions),
        }
        reference = answer_field(last, "decision", described)
        return Way(labels=labels, text=reference, source=answer)
    known = _known_field(newest, conditions)
    if known:
        return Way(conditions=known)
    warning = (
        f"Whether {'; '.join(conditions)[:150]!r} is compared with the text of {newest.template}: "
        "say how to decide it, or let an agent judge first."
    )
    return Way(labels=labels, text=newest.template, warning=warning)


def judged_until(steps: list[dict[str, Any]], phrase: str, times: int) -> Verdict:
    """How the loop over `steps` ends: its last agent says whether what `phrase` asks for holds."""
    agents = [step for step in steps if step["type"] == "agent"]
    if not agents:
        return Verdict(
            condition=f"${{loop.iteration}} >= {times}",
            warning=f"Nothing in the loop tells whether {phrase[:120]!r} holds: it ends after {times} rounds.",
        )
    judge, writer = agents[-1], agents[0]
    numeric = comparison(phrase)
    if numeric:
        reference = answer_field(
            judge, "score", {"type": "number", "description": _asked([phrase])}
        )
        condition = f"{reference} {numeric[0]} {numeric[1]}"
    else:
        reference = answer_field(
            judge, "is_done", {"type": "boolean", "description": _asked([phrase])}
        )
        condition = f"{reference} == true"
    if writer is judge:
        text = f"${{steps.{judge['id']}.output.answer}}"
        return Verdict(condition, ".text", {"text": text})
    output = {
        "text": f"${{steps.{writer['id']}.output}}",
        "review": f"${{steps.{judge['id']}.output.answer}}",
    }
    return Verdict(condition, ".text", output)


def answer_field(step: dict[str, Any], name: str, described: dict[str, Any]) -> str:
    """Make the agent step `step` answer with a field `name` beside its `answer`; the reference to that field."""
    schema = step.setdefault(
        "output_schema",
        {
            "type": "object",
            "properties": {"answer": {"type": "string", "description": "The answer itself."}},
            "required": ["answer"],
            "additionalProperties": False,
        },
    )
    free = name
    while free in schema["properties"]:
        free = f"{free}_2"
    schema["properties"][free] = described
    schema["required"].append(free)
    return f"${{steps.{step['id']}.output.{free}}}"


def comparison(text: str) -> tuple[str, float | int] | None:
    """'the critic gives at least 8 out of 10' → ('>=', 8); null when no number is compared."""
    for pattern, operator in _COMPARE:
        match = re.search(pattern + _AMOUNT, text, re.IGNORECASE)
        if match:
            return operator, _value(match.group(1), match.group(2))
    match = re.search(
        _AMOUNT + r"\s*(?:or|and) (more|higher|better|above|less|lower|below|fewer)",
        text,
        re.IGNORECASE,
    )
    if match:
        operator = ">=" if match.group(3).lower() in ("more", "higher", "better", "above") else "<="
        return operator, _value(match.group(1), match.group(2))
    return None


def _value(digits: str, unit: str | None) -> float | int:
    plain = (
        digits.replace(",", "") if re.fullmatch(r"\d+,\d{3}", digits) else digits.replace(",", ".")
    )
    number = float(plain) * (1000 if (unit or "").lower() == "k" else 1)
    return int(number) if number.is_integer() else number


def labels_of(conditions: list[str]) -> tuple[str, ...]:
    """A short text for each condition, all different: 'it is negative' → 'negative'."""
    found: list[str] = []
    for number, condition in enumerate(conditions, start=1):
        text = _SUBJECT.sub("", condition.partition(":")[2] or condition) or condition
        label = " ".join(tokens(text)[:5])[:60].strip()
        taken = {other.casefold() for other in (*found, "other")}
        found.append(label if label and label.casefold() not in taken else f"case {number}")
    return tuple(found)


def _asked(conditions: list[str]) -> str:
    asked = "; ".join(conditions)[:300].replace("${", "$ {")
    return f"Decide: {asked}"


def _known_field(newest: Source, conditions: list[str]) -> tuple[str, ...]:
    """CEL conditions on a number that the newest data surely has, else ()."""
    properties = (newest.schema or {}).get("properties")
    if not isinstance(properties, dict):
        return ()
    found: list[str] = []
    for condition in conditions:
        compared, name = comparison(condition), _named_number(properties, condition)
        if compared is None or not name:
            return ()
        found.append(f"{newest.template[:-1]}.{name}}} {compared[0]} {compared[1]}")
    return tuple(found)


def _named_number(properties: Mapping[str, Any], condition: str) -> str:
    """The one number that `condition` names, the most exactly named of several, else ''."""
    said = set(stems(condition))
    numbers = {
        name: set(stems(name))
        for name, described in properties.items()
        if isinstance(described, dict)
        and described.get("type") in ("number", "integer")
        and re.fullmatch(r"[A-Za-z]\w*", name)
    }
    whole = [name for name, words in numbers.items() if words <= said]
    longest = max((len(numbers[name]) for name in whole), default=0)
    best = [name for name in whole if len(numbers[name]) == longest]
    best = best or [name for name, words in numbers.items() if words & said]
    return best[0] if len(best) == 1 else ""
