"""An instruction in its single parts, without what is only polite."""

import re

_COMMANDS = (
    r"(?:please\s+)?(?:add|insert|append|remove|delete|drop|replace|rename|move|swap|set|change|ask me|wait|retry|run|put|"
    r"give|skip|duplicate|let me|tell the|call the workflow)\b"
)
_SPLIT = re.compile(
    r"\s*(?:;(?!\s*(?:otherwise|else|if not|sonst|andernfalls|si no|de lo contrario|sinon)\b)|(?<=[\w)'\"\x01])[.!](?=\s|$)(?!\s*(?:otherwise|else|if not|sonst|andernfalls|si no|de lo contrario|sinon)\b)|\n)\s*|"
    rf",?\s+and\s+(?=also\s)|,?\s+(?:and then|then|and|but)\s+(?={_COMMANDS})",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"^(?:please|pls|kindly|hey|hi|hello|ok|okay|(?:can|could|would|will) you(?: please)?|i want you to|i(?:'d| would) like (?:you )?to(?! (?:check|approve|see|review|confirm|look|sign|read|release|be asked)\b)|"
    r"now|then|and|(?:make sure|ensure) (?:to|that(?: you)?)|let's)\s+",
    re.IGNORECASE,
)
_ASKS_POLITELY = re.compile(r"^(?:please|(?:can|could|would|will) you)\b", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|(?<!\w)'[^']*'(?!\w)")


def parts_of(instruction: str) -> list[str]:
    """The single instructions, in order; what stands in quotes is never cut, and a question keeps its mark."""
    kept: list[str] = []

    def hide(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\x01{len(kept) - 1}\x01"

    hidden = _QUOTED.sub(hide, instruction)
    found = [_plain(part) for part in _SPLIT.split(hidden)]
    shown = [re.sub("\x01(\\d+)\x01", lambda m: kept[int(m[1])], part) for part in found]
    return [part.strip() for part in shown if part.strip()]


def _plain(part: str) -> str:
    part = part.strip(" ,.!")
    if _ASKS_POLITELY.match(part):
        part = part.rstrip("? ")
    while (shorter := _POLITE.sub("", part)) != part:
        part = shorter
    return re.sub(r",?\s+please$", "", part, flags=re.IGNORECASE)
