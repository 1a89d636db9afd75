"""Addresses of the web in a request: out of the way while it is read, whatever dots and colons they have in them."""

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any

from generation.plan import Plan

# Punctuation behind an address is none of it.
URL = re.compile(r"https?://[^\s\"'<>)\]]+[^\s\"'<>)\].,;:!?]")
# A character that no text has, so that 'url' and it stand for one address; for the planner it is the word 'url'.
_FIRST, _MOST = 0xE000, 500
_STANDS_FOR = re.compile(rf"url([{chr(_FIRST)}-{chr(_FIRST + _MOST - 1)}])")


def without_addresses(text: str) -> tuple[str, list[str]]:
    """`text` with a word in the place of each address, and the addresses; beyond the 500th they stay."""
    found: list[str] = []

    def hide(match: re.Match[str]) -> str:
        if len(found) == _MOST:
            return match.group()
        found.append(match.group())
        return f"url{chr(_FIRST + len(found) - 1)}"

    return URL.sub(hide, _STANDS_FOR.sub("url", text)), found


def hidden_address(text: str) -> str:
    """The word that stands for the one address in `text`; '' where there is none, or more than one."""
    found = {match.group() for match in _STANDS_FOR.finditer(text)}
    return found.pop() if len(found) == 1 else ""


def with_addresses(plan: Plan, found: list[str]) -> Plan:
    """`plan` with the addresses where they were."""
    shown: Plan = _shown(plan, found) if found else plan
    return shown


def _shown(value: Any, found: list[str]) -> Any:
    if isinstance(value, str):
        return _STANDS_FOR.sub(lambda match: found[ord(match.group(1)) - _FIRST], value)
    if isinstance(value, tuple):
        return tuple(_shown(item, found) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{f.name: _shown(getattr(value, f.name), found) for f in fields(value)}
        )
    return value
