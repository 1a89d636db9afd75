"""native:classify_text: which of several labels fits a text, by keywords given as arguments."""

import re
from dataclasses import dataclass

from pydantic import JsonValue

from discovery.native_tools.tool import Arguments, NativeTool, closed_object
from discovery.native_tools.words import MAX_TEXT_LENGTH

_MAX_RULES = 50
_MAX_KEYWORDS = 50


@dataclass(frozen=True)
class _Match:
    label: str
    score: float
    keywords: list[str]


def classify_text(arguments: Arguments) -> JsonValue:
    """The rule with the highest score (keywords found times weight); the earlier one where two are equal."""
    text = _folded(arguments["text"])
    matches = [_match(rule, text) for rule in arguments["rules"]]
    best = max(matches, key=lambda match: match.score)
    if best.score <= 0:
        best = _Match(arguments.get("default", "other"), 0, [])
    return {
        "label": best.label,
        "score": best.score,
        "matched": list(best.keywords),
        "scores": _sums(matches),
    }


def _match(rule: Arguments, text: str) -> _Match:
    found = [word for word in dict.fromkeys(rule["keywords"]) if _contains(text, _folded(word))]
    return _Match(rule["label"], len(found) * rule.get("weight", 1), found)


def _sums(matches: list[_Match]) -> dict[str, JsonValue]:
    """Several rules may give one label; the best of them counts."""
    scores: dict[str, float] = {}
    for match in matches:
        scores[match.label] = max(match.score, scores.get(match.label, 0))
    return dict(scores)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _contains(text: str, keyword: str) -> bool:
    """Whether the keyword stands in the text as whole words; 'art' is not in 'party', but 'c++' is in 'c++ code'."""
    if not keyword or keyword not in text:
        return False
    return re.search(rf"(?<!\w){re.escape(keyword)}(?!\w)", text) is not None


TOOL = NativeTool(
    name="classify_text",
    description=(
        "Classify a text by keyword rules: choose the label whose keywords it contains, else a default. "
        "Use it to categorize, tag, triage or route tickets, e-mails, feedback and messages by topic, urgency or "
        "sentiment without a language model."
    ),
    input_schema=closed_object(
        {
            "text": {
                "type": "string",
                "maxLength": MAX_TEXT_LENGTH,
                "description": "The text to classify.",
            },
            "rules": {
                "type": "array",
                "minItems": 1,
                "maxItems": _MAX_RULES,
                "description": "The labels to choose from; the first wins where scores are equal.",
                "items": {
                    "type": "object",
                    "properties": {
                        "label": {"type": "string", "minLength": 1, "maxLength": 100},
                        "keywords": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": _MAX_KEYWORDS,
                            "items": {"type": "string", "minLength": 1, "maxLength": 100},
                            "description": "Words or phrases; upper and lower case are alike.",
                        },
                        "weight": {
                            "type": "number",
                            "exclusiveMinimum": 0,
                            "maximum": 1000,
                            "default": 1,
                            "description": "What each keyword found counts.",
                        },
                    },
                    "required": ["label", "keywords"],
                    "additionalProperties": False,
                },
            },
            "default": {
                "type": "string",
                "minLength": 1,
                "maxLength": 100,
                "default": "other",
                "description": "The label if no keyword is found.",
            },
        },
        required=("text", "rules"),
    ),
    output_schema=closed_object(
        {
            "label": {"type": "string", "description": "The chosen label."},
            "score": {"type": "number", "minimum": 0},
            "matched": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The keywords found for the chosen label.",
            },
            "scores": {
                "type": "object",
                "additionalProperties": {"type": "number"},
                "description": "The score of every label.",
            },
        },
        required=("label", "score", "matched", "scores"),
    ),
    compute=classify_text,
)
