"""Reading the text of a condition before CEL does: tokens, bound references, macros, and what is not allowed.

No CEL library limits what an expression costs, so the costly forms are refused here (docs/definition-language.md, 3).
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from workflows.definition.references import (
    Expression,
    Reference,
    TemplateSyntaxError,
    parse_expression,
)

MAX_CHARACTERS = 2_000
MAX_MACROS = 20
# Joining lists copies them: n signs cost n² elements.
MAX_PLUS_SIGNS = 20
MACROS = frozenset({"exists", "all"})
REFUSED_MACROS = frozenset(
    {"map", "filter", "exists_one", "existsOne", "has", "optMap", "optFlatMap"}
    | {"transformList", "transformMap", "transformMapEntry", "sortBy", "cel"}
)
FUNCTIONS = frozenset(
    {"size", "contains", "startsWith", "endsWith", "matches"}
    | {"string", "int", "uint", "double", "bool", "type", "dyn", "timestamp", "duration"}
)
VARIABLE_PREFIX = "_ref"

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n\f]+)
      | (?P<comment>//[^\n]*)
      | (?P<string>(?:[rR][bB]?|[bB][rR]?)?(?:\"\"\"|'''|"|'))
      | (?P<escaped>\$\$\{)
      | (?P<reference>\$\{)
      | (?P<number>(?:0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)[uU]?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>&&|\|\||==|!=|<=|>=|.)
    """,
    re.VERBOSE | re.DOTALL,
)


class ConditionSyntaxError(ValueError):
    """Text that is no condition; the message is a sentence."""


@dataclass(frozen=True)
class Token:
    """A piece of the text; `depth` counts the brackets around it."""

    kind: str
    text: str
    depth: int


@dataclass(frozen=True)
class Macro:
    """An `exists` or `all`: the text it ranges over, its variable, and whether its body joins with `+`."""

    receiver: str
    variable: str
    has_plus: bool


@dataclass(frozen=True)
class CelText:
    """A condition whose references are variables: `source` goes to CEL, `variables` says what each stands for."""

    source: str
    variables: tuple[tuple[str, Expression], ...]
    macros: tuple[Macro, ...]
    tokens: tuple[Token, ...]

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """Each once, in order."""
        found = (ref for _, expression in self.variables for ref in expression.references)
        return tuple(dict.fromkeys(found))

    @property
    def macro_variables(self) -> frozenset[str]:
        return frozenset(macro.variable for macro in self.macros)


@lru_cache(maxsize=4_096)
def read(text: str) -> CelText:
    """Split `text` and bind its references. Raises `ConditionSyntaxError`; linear in the text's length."""
    if len(text) > MAX_CHARACTERS:
        raise ConditionSyntaxError(
            f"A condition has at most {MAX_CHARACTERS} characters; this one has {len(text)}."
        )
    tokens, variables = _Reader(text).read()
    if sum(token.text == "+" for token in tokens) > MAX_PLUS_SIGNS:
        raise ConditionSyntaxError(f"At most {MAX_PLUS_SIGNS} plus signs may stand in a condition.")
    return CelText(
        source=_joined(tokens),
        variables=tuple(variables.items()),
        macros=tuple(_macros(tokens)),
        tokens=tuple(tokens),
    )


class _Reader:
    """Walks the text once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[Token] = []
        self.variables: dict[str, Expression] = {}
        self.names: dict[Expression, str] = {}
        self.depth = 0

    def read(self) -> tuple[list[Token], dict[str, Expression]]:
        position = 0
        while position < len(self.text):
            match = _TOKEN.match(self.text, position)
            assert match, "the last alternative takes any character"
            position = self._take(match)
        return self.tokens, self.variables

    def _take(self, match: re.Match[str]) -> int:
        kind, found, position = str(match.lastgroup), match.group(), match.end()
        match kind:
            case "space":
                pass
            case "comment":
                raise ConditionSyntaxError("A condition can't hold comments.")
            case "reference":
                return self._bind(match.start())
            case "escaped":
                raise ConditionSyntaxError("$${ may stand only inside quotes in a condition.")
            case "string":
                return self._take_string(match)
            case "name" if found.startswith(VARIABLE_PREFIX):
                raise ConditionSyntaxError(f"Names can't start with {VARIABLE_PREFIX}.")
            case _:
                self._add(kind, found)
        return position

    def _add(self, kind: str, text: str) -> None:
        if text in ("(", "[", "{"):
            self.tokens.append(Token(kind, text, self.depth))
            self.depth += 1
            return
        if text in (")", "]", "}"):
            self.depth -= 1
        self.tokens.append(Token(kind, text, self.depth))

    def _bind(self, start: int) -> int:
        try:
            expression, end = parse_expression(self.text, start)
        except TemplateSyntaxError as error:
            raise ConditionSyntaxError(str(error)) from error
        name = self.names.setdefault(expression, f"{VARIABLE_PREFIX}{len(self.names)}")
        self.variables[name] = expression
        self._add("variable", name)
        return end

    def _take_string(self, opening: re.Match[str]) -> int:
        prefix = opening.group().rstrip("\"'")
        quotes = opening.group()[len(prefix) :]
        position = opening.end()
        is_raw = "r" in prefix.lower()
        while not self.text.startswith(quotes, position):
            if position >= len(self.text) or (len(quotes) == 1 and self.text[position] in "\r\n"):
                raise ConditionSyntaxError("A quoted text does not end.")
            if self.text.startswith("$${", position):
                position += 3
                continue
            if self.text.startswith("${", position):
                raise ConditionSyntaxError(
                    "A reference can't stand inside quotes in a condition; write ${…} without them."
                )
            position += 2 if self.text[position] == "\\" and not is_raw else 1
        position += len(quotes)
        self._add("string", self.text[opening.start() : position].replace("$${", "${"))
        return position


def _joined(tokens: list[Token]) -> str:
    return " ".join(token.text for token in tokens)


def _macros(tokens: list[Token]) -> list[Macro]:
    """The macros in `tokens`. Raises `ConditionSyntaxError` for other macros and for nested ones."""
    found: list[Macro] = []
    border = 0
    for index, token in enumerate(tokens[:-1]):
        if token.kind != "name" or tokens[index + 1].text != "(":
            continue
        if token.text in REFUSED_MACROS:
            raise ConditionSyntaxError(
                f"{token.text}() is not available in conditions; only exists() and all() are."
            )
        if token.text not in MACROS:
            continue
        start = _receiver_start(tokens, index)
        if start < border:
            raise ConditionSyntaxError("exists() and all() can't be nested.")
        border = _closing(tokens, index + 1)
        found.append(_macro(tokens, start, index, border))
    if len(found) > MAX_MACROS:
        raise ConditionSyntaxError(f"At most {MAX_MACROS} exists() and all() may stand together.")
    return found


def _macro(tokens: list[Token], start: int, index: int, end: int) -> Macro:
    name = tokens[index].text
    head = tokens[index + 2 : index + 4]
    if start == index or len(head) < 2 or head[0].kind != "name" or head[1].text != ",":
        raise ConditionSyntaxError(
            f"Write {name} as LIST.{name}(x, CONDITION), with a name for each item."
        )
    body = [token.text for token in tokens[index + 4 : end]]
    if "matches" in body:
        raise ConditionSyntaxError(f"matches() can't stand inside {name}(): it could take minutes.")
    receiver = _joined(tokens[start : index - 1])
    return Macro(receiver, head[0].text, has_plus="+" in body)


def _receiver_start(tokens: list[Token], index: int) -> int:
    """Where the value begins that the macro named at `index` ranges over; `index` itself if there is none."""
    position = index
    while position >= 2 and tokens[position - 1].text == ".":
        position -= 2
        while tokens[position].text in (")", "]", "}"):
            position = _opening(tokens, position)
            if position == 0 or not _ends_value(tokens[position - 1]):
                return position
            position -= 1
    return position


def _ends_value(token: Token) -> bool:
    """Whether a bracket after `token` is an index or a call, not a list or a group."""
    return (token.kind in ("name", "variable", "string") and token.text != "in") or (
        token.text in (")", "]", "}")
    )


def _opening(tokens: list[Token], closing: int) -> int:
    depth = tokens[closing].depth
    for index in range(closing - 1, -1, -1):
        if tokens[index].depth == depth and tokens[index].text in ("(", "[", "{"):
            return index
    raise ConditionSyntaxError("A closing bracket has no opening one.")


def _closing(tokens: list[Token], opening: int) -> int:
    depth = tokens[opening].depth
    for index in range(opening + 1, len(tokens)):
        if tokens[index].depth == depth and tokens[index].text in (")", "]", "}"):
            return index
    raise ConditionSyntaxError("An opening bracket has no closing one.")
