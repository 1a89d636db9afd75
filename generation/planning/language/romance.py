"""Spanish and French ways of asking that word-for-word translation would miss: 'hay que …', 'se envíe', 'il faut …', 'de le faire …'."""

import re
from collections.abc import Callable

from generation.planning.language.verbs import verb_at
from generation.planning.language.words import stem

_IMPERSONAL = re.compile(
    r"(?P<before>^|[\s,;.])(?:que,? )?se (?:l[eo]s? |las? )?(?P<verb>\w+)", re.IGNORECASE
)
_ASKING = {
    "es": re.compile(
        r"\b(?:(?:necesito|quiero|quisiera|necesitamos|queremos|me gustaría|hace falta|es necesario|pido)(?: que)?|"
        r"hay que|se debe(?:n)?|(?:puedes|podrías|puede|podría)(?= \w+[aei]r)) (?!un)",
        re.IGNORECASE,
    ),
    "fr": re.compile(
        r"\b(?:il (?:faut|faudrait)|merci de|veuillez|(?:je|nous) (?:veux|voulons|voudrais|voudrions|souhaite|souhaitons)|"
        r"j['\u2019]aimerais|(?:peux-tu|pouvez-vous|pourrais-tu|pourriez-vous)|on doit|nous devons) (?!une?\b)",
        re.IGNORECASE,
    ),
}
_FRENCH_INFINITIVE = re.compile(
    r"\b(?:de |d['\u2019])?(?:(?:le|la|les|lui|leur|en|y) |l['\u2019])?(?:(?:faire|faites|fais) )(?=\w+(?:er|ir|re)\b)|"
    r"(?<!avant )\b(?:de |d['\u2019])(?:(?:le|la|les|lui|leur|en|y) |l['\u2019])?(?=\w+(?:er|ir|re)\b)|"
    r"(?<=avant )de l['\u2019](?=\w+(?:er|ir|re)\b)",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"\bl['\u2019](?=\w)", re.IGNORECASE)
_OBJECT_BEHIND = re.compile(r"(?<!fais)(?<!faites)-(?:l[ae]s?|lui|leur)\b")
_CASE_OF = re.compile(r"\ben cas d(?:e |['\u2019])", re.IGNORECASE)
_AS_SOON = re.compile(r"\b(?:dès|aussitôt) qu['\u2019]", re.IGNORECASE)
_PASSIVE = re.compile(r"\b(?P<be>is|are|should be|be) (?P<verb>[a-z]+)\b")
_BEFORE = re.compile(r"\b(?P<word>[Bb]efore|[Aa]fter) (?P<verb>[a-z]+)\b")
_UNCHANGED = frozenset({"open", "read", "put", "set", "is"})
Known = Callable[[str], bool]


def in_plain_order(text: str, *, language: str, is_verb: Known) -> str:
    """`text` with indirect and impersonal requests as plain verbs; `is_verb` knows the verbs of the dictionary."""
    text = _ASKING[language].sub("", text)
    if language == "es":
        return _IMPERSONAL.sub(lambda match: _personal(match, is_verb), text)
    text = _CASE_OF.sub("in case of ", _AS_SOON.sub("dès que ", text))
    text = _FRENCH_INFINITIVE.sub(lambda match: "de " if _is_avant(match) else "", text)
    return _ARTICLE.sub("la ", _OBJECT_BEHIND.sub(" it", text))


def with_english_forms(text: str) -> str:
    """'should be save' → 'should be saved', 'before send' → 'before sending': the dictionary knows base forms only."""
    text = _PASSIVE.sub(lambda match: f"{match['be']} {with_ending(match['verb'], 'ed')}", text)
    return _BEFORE.sub(lambda match: f"{match['word']} {with_ending(match['verb'], 'ing')}", text)


def _is_avant(match: re.Match[str]) -> bool:
    return match.string[: match.start()].lower().endswith("avant ")


def _personal(match: re.Match[str], is_verb: Known) -> str:
    """'si incumple las normas se oculta' → '…, oculta': what happens to it is what is to be done."""
    if not is_verb(match["verb"].lower()):
        return match.group()
    clause = re.split(r"[.;,]", match.string[: match.start()])[-1].strip().lower()
    is_condition = re.match(r"(?:y |pero )?(?:si|cuando|en caso)\b", clause) is not None
    return f"{',' if is_condition else ''}{match['before'] or ''}{match['verb']}"


def with_ending(verb: str, ending: str) -> str:
    """'save' → 'saved', 'saving'; what is no known verb comes back unchanged."""
    if verb.endswith(("ed", "ing")) or not verb_at([stem(verb)], 0)[0]:
        return verb
    if verb in _UNCHANGED:
        return verb
    return f"{verb.removesuffix('e')}{ending}"
