"""What the catalogue lacks: names of services that are not configured, and experts that do not exist."""

import re

import numpy as np

from generation.plan import NewAgent, NewTool
from generation.planning.language.verbs import DETERMINERS, actions, verb_at
from generation.planning.language.words import STOP, known_products, stem, tokens, word_set
from generation.planning.matching.index import Index
from generation.planning.meaning.vectors import likeness, vectors
from workflows.definition.catalogue import Catalogue

_EXPERT = re.compile(
    r"\b(?:an?|our|the|some|another|by)\s+(?:new\s+|dedicated\s+|special\s+)?((?:[\w/&-]+\s+){1,3}?)"
    r"(agent|specialist|expert|assistant|bot|advisor|adviser|consultant|reviewer|analyst|inspector|coach|auditor)\b",
    re.IGNORECASE,
)
# 'an expert in web accessibility'
_EXPERT_IN = re.compile(
    r"\b(?:an?|another)\s+(?:new\s+)?(?:agent|specialist|expert|adviser|advisor|consultant)\s+(?:in|on|for)\s+((?!(?:the|this|that|it|my|our|an?)\b)(?:[\w-]+ ){0,1}?[\w-]+)"
    r"(?=\s+(?:to\b|and\b|who\b|for\b|in\b|[a-z]+\s+(?:it|them|the|this|that|our|my|its)\b)|[.,;!?]|$)",
    re.IGNORECASE,
)
# 'an agent that knows rent-control law'
_ABLE = re.compile(
    r"\b(?:an?|some)\s+(?:new\s+)?(?:agent|expert|specialist|assistant|bot|somebody|someone)\s+(?:that|who|which)\s+(?:\w+s|can|is able to)\s+"
    r"((?:(?!to\b|and\b|for\b|so\b)[\w'-]+ ?){1,4})",
    re.IGNORECASE,
)
# 'we have no such agent yet': an existing one that is somewhat alike is not meant.
_LACKING = re.compile(
    r"\b(?:(?:do|does)(?: not|n't) (?:have|exist)|have(?: no|n't got)|there is no|there's no|is missing|(?:set up|create|add|make) a new (?:one|agent))\b",
    re.IGNORECASE,
)
# 'have a nutritionist review the menu': a profession that is asked to do something.
_PROFESSION = re.compile(
    r"^(?:have|let|get|ask) (?:an?|our|the|some) ((?:[\w/&-]+ ){0,2}?(?:\w+(?:ist|ian|yer|eer|ologist)|accountant|doctor|nurse|teacher|"
    r"editor|translator|developer|designer|judge|actuary|(?!oper|administr|coordin|collabor|cre)\w{3,}ator|architect|notary|chemist|chef|broker|surveyor|controller))(?: agent)? "
    r"(?:to )?(\w+(?: \w+){0,2})",
    re.IGNORECASE,
)
# "post it to Mastodon", "in our Trello board": a capitalised name behind one of these is a place or a service.
# 'let an essay grader mark it': who does a work that nobody in the catalogue does.
_DOER = re.compile(
    r"^(?:have|let|get|ask) (an? (?:[\w-]+ ){1,2}?(?!manager|customer|partner|user|supplier|member|officer|leader|owner|engineer|driver|buyer|seller|worker)"
    r"[a-z]{3,}(?:er|or)) (?:to )?(\w+)",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\b(?:to|into|in|on|via|from|with|through|using|at|over|as an?|an?|our|the|my|new)\s+(?:our |the |my |an? |new )?"
    r"((?:[A-Z][\w.]*[a-zA-Z0-9]|[a-z]+[A-Z]\w*)(?:\s+[A-Z][a-z]\w+)?)"
)
# 'mail that to Dr. Okafor'
_TITLES = frozenset({"dr", "mr", "mrs", "ms", "prof", "professor", "sir", "madame", "herr", "frau"})
_CAMEL = re.compile(r"[a-z][A-Z]")
_THING = re.compile(
    r"^\s*(?:account|board|card|channel|list|workspace|project|page|task|table|base|crm|record|entry|database|server|"
    r"instance|app|group|folder|inbox|space|document|doc|dashboard|queue|ticket|store|feed|integration|api)?s?\b",
    re.IGNORECASE,
)
_NO_SERVICE = word_set("no_services")
_TOOL_NAMES = {
    "read": "read", "create": "create", "update": "update", "delete": "delete", "send": "send", "run": "run",
    "make": "convert", "analyse": "query", "compose": "create",
}  # fmt: skip
_BY_WAY = re.compile(
    r"\b(?:by|via|as an?|per|over the) (?:sms|text message|fax|phone call|voice call|phone|e-?mail)\b",
    re.IGNORECASE,
)
# A clause of so few words tells things, not sentences.
TERSE = 3
# How much nearer a name is to towns than to software, if it is one.
TOWN = 0.07
_ORDER = ("send", "create", "update", "read", "delete", "run", "make", "analyse", "compose")
# Plain needs that only a tool can meet: (words that say so, the name of such a server, what it is).
_NEEDS = (
    (r"\b(?:sms|text message)\b", "SMS", "Sends text messages to phone numbers", ("sms",)),
    (r"\b(?:e-?)?mail(?:s|ing)?\b", "E-mail", "Reads and sends e-mail", ("email",)),
    (r"\bfax\b", "Fax", "Sends faxes", ()),
    (r"\b(?:phone call|voice call)\b", "Telephony", "Places voice calls", ("phonecall",)),
    (r"\bcalendar\b", "Calendar", "Reads and creates calendar events", ("calendar",)),
    (r"\bspreadsheet\b", "Spreadsheet", "Reads and writes spreadsheets", ("spreadsheet",)),
    (r"\bcrm\b", "CRM", "Contacts and deals", ("crm",)),
    (r"\bprint(?:er)?\b", "Printer", "Prints documents", ()),
)  # fmt: skip


def identifier(text: str, *, fallback: str) -> str:
    """`text` as an id of the language: letters, digits and hyphens, starting with a letter, at most 60 long."""
    words = [w for w in re.findall(r"[a-z0-9]+", text.lower().replace("ß", "ss")) if w]
    slug = "-".join(words)[:60].strip("-")
    return slug if slug and slug[0].isalpha() else fallback


def unconfigured_products(text: str, index: Index, *, is_translated: bool) -> list[tuple[str, str]]:
    """Services named in `text` that no server or tool of the catalogue knows: (name, what it is).

    In a text that was translated word by word capitals tell nothing: only well-known names count.
    """
    found: list[tuple[str, str]] = []
    words = tokens(text)
    products = known_products()
    taken: set[str] = set()
    for length in (2, 1):
        for start in range(len(words) - length + 1):
            spelling = tuple(words[start : start + length])
            if (
                spelling in products
                and not _is_known(spelling, index)
                and not taken & set(spelling)
            ):
                is_address = re.search(
                    rf"\b{re.escape(spelling[0])}\.(?:com|io|ai|app|dev)\b", text
                )
                is_capital = re.search(rf"(?<![a-z]){re.escape(spelling[0][0].upper())}", text)
                is_told = is_capital or is_address or _is_told(spelling[0], text)
                if length == 1 and not is_told:
                    continue
                if length == 1 and not _is_name(spelling[0], text):
                    continue
                found.append(products[spelling])
                taken |= set(spelling)
    for match in () if is_translated else _PLACE.finditer(text):
        name = match.group(1).strip()
        plain = tuple(tokens(name))
        if taken & set(plain) or set(plain) & _NO_SERVICE or any(word in STOP for word in plain):
            continue
        if not plain or _is_known(plain, index) or not _looks_like_service(match, text):
            continue
        if plain[0] in _TITLES:
            continue
        found.append((name, f"{name}, as the request names it"))
        taken |= set(plain)
    return found


def is_town(name: str) -> bool:
    """Whether a name is rather one of a town or a country than one of a service; unknown ones are neither."""
    rows = vectors([name, "a city", "a country", "software", "an app"])
    if rows is None:
        return True
    town, country, software, app = likeness(rows[:1].astype(np.float32), rows[1:])[0]
    return bool(max(town, country) >= max(software, app) + TOWN)


def _is_known(words: tuple[str, ...], index: Index) -> bool:
    return "".join(words) in index.server_names or all(
        f"={stem(word)}" in index.holders or word in index.server_names for word in words
    )


def _is_told(word: str, text: str) -> bool:
    """Whether a name in small letters is meant: 'post it in discord', 'summary -> telegram'."""
    place = rf"\b(?:to|into|in|on|via|from|through|using)\s+(?:our |the |my )?{re.escape(word)}\b"
    return len(tokens(text)) <= TERSE or bool(re.search(place, text))


def _is_name(word: str, text: str) -> bool:
    """A service's name that is also a plain word ('linear', 'segment', 'box') counts only when capitalised."""
    if re.search(rf"\b{re.escape(word)}\.(?:com|io|ai|app|dev)\b", text, re.IGNORECASE):
        return True
    forms = re.findall(rf"\b{re.escape(word)}\b", text, re.IGNORECASE)
    if any(form[:1].isupper() for form in forms):
        return not re.match(rf"{re.escape(word)}\b", text, re.IGNORECASE) or not actions(word)
    return word not in (
        "linear", "segment", "buffer", "medium", "ghost", "lever", "greenhouse", "elastic", "looker", "hue", "sentry",
        "monday", "box", "front", "drift", "sap", "zoom", "amazon", "docker", "miro", "workday", "mongo", "amplitude",
    )  # fmt: skip


def _looks_like_service(match: re.Match[str], text: str) -> bool:
    """A capitalised name: behind a preposition of place, or before a thing that services have ('card', 'board')."""
    head = re.match(r"\w+", match.group())
    following = _THING.match(text[match.end() :])
    has_thing = bool(following and following.group().strip())
    rest = text[match.end() :].strip()
    told = head.group() if head else ""
    hands_on = bool(actions(text) & {"create", "update", "send"})
    is_way = told in ("to", "into", "via", "through", "using", "on") or (told == "in" and hands_on)
    # 'search flights to Lisbon'
    is_target = is_way and (bool(_CAMEL.search(match.group(1))) or not is_town(match.group(1)))
    return has_thing or (
        is_target
        and (not rest or rest[0] in ".,;" or rest.split(" ")[0] in ("and", "with", "for", "so"))
    )


def suggested_tool(name: str, about: str, task: str, catalogue: Catalogue) -> NewTool:
    """A call of a server that is to be configured first; its id is free in the catalogue."""
    base = identifier(name, fallback="service")
    server_id = f"{base}-server"
    while server_id in catalogue.servers:
        server_id += "-2"
    asked = actions(task)
    kind = next((kind for kind in _ORDER if kind in asked), "read")
    return NewTool(server_id, name, about, _TOOL_NAMES[kind], task)


def plain_need(text: str, index: Index) -> tuple[str, str] | None:
    """A need that only a tool can meet and that no entry of the catalogue meets: (server name, what it is)."""
    known = index.tool_terms
    for pattern, name, about, concepts in _NEEDS:
        said = re.search(pattern, text, re.IGNORECASE)
        if said and not known & {*concepts, *(f"={stem(word)}" for word in tokens(said.group()))}:
            return name, about
    return None


def missing_channel(text: str, index: Index) -> tuple[str, str] | None:
    """'send it as a fax': the way that is asked for, where nothing in the catalogue goes it."""
    way = _BY_WAY.search(text)
    return plain_need(way.group(), index) if way else None


def named_expert(text: str) -> str:
    """'pay-equity specialist' in 'have a pay-equity specialist agent examine it'; '' when no expert is named."""
    asked = _PROFESSION.match(text)
    if asked and verb_at([stem(word) for word in tokens(asked.group(2))], 0)[0]:
        return asked.group(1)
    doer = _DOER.match(text)
    if doer and verb_at([stem(doer.group(2))], 0)[0]:
        return doer.group(1).partition(" ")[2]
    if match := _EXPERT_IN.search(text):
        return f"{match.group(1).strip()} expert"
    match = _EXPERT.search(text)
    if not match:
        able = _ABLE.search(text)
        return f"{able.group(1).strip()} expert" if able else ""
    described = match.group(1).strip()
    if all(word in STOP or word in DETERMINERS for word in tokens(described)):
        return ""
    return f"{described} {match.group(2)}"


def is_lacking(text: str) -> bool:
    """Whether the request itself says that nobody does this yet."""
    return bool(_LACKING.search(text))


def suggested_agent(title: str, task: str, catalogue: Catalogue) -> NewAgent:
    """An agent to be created for `task`; its id is free in the catalogue."""
    words = [w for w in re.findall(r"[\w&/-]+", title) if w.lower() not in DETERMINERS]
    name = " ".join(word[:1].upper() + word[1:] for word in words[:6]) or "Assistant"
    if not re.search(
        r"(?:agent|specialist|expert|assistant|bot|er|or|ist|advis[eo]r|coach)$",
        name,
        re.IGNORECASE,
    ):
        name = f"{name} Agent"
    base = identifier(name, fallback="assistant")
    agent_id = base
    number = 2
    while agent_id in catalogue.agents:
        agent_id = f"{base}-{number}"
        number += 1
    task = task.strip()
    sentence = task[:1].upper() + task[1:]
    return NewAgent(
        id=agent_id,
        name=name[:200],
        description=f"{sentence.rstrip('.')}."[:1000],
        instructions=(
            f"You are the {name}. Your task: {sentence.rstrip('.')}. "
            "Work only with what you are given, say what is missing, and answer with the result alone."
        ),
        task=task,
    )
