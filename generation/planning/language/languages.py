"""Other languages: word for word into English control words and concepts, which is enough to find clauses and tools."""

import re
import unicodedata
from functools import cache, lru_cache

from generation.planning.language import german, romance
from generation.planning.language.guessing import likely_meaning, read
from generation.planning.language.verbs import verb_at
from generation.planning.language.words import stem, vocabulary_lines, word_set

# Function words that tell the languages apart; none of them is an English word.
_MARKS = {language: word_set(f"marks_{language}") for language in ("de", "es", "fr")}
_ENGLISH = word_set("marks_en")
_WORDS = re.compile(r"\w+(?:[-'\u2019]\w+)*")
# 'Ist sie in Ordnung, …' is a condition.
_VERB_FIRST = re.compile(
    r"(?P<start>^|[.!?;:]\s+|\s[-\u2013\u2014]\s+)(?:(?:Ist|Sind|Wird|Hat|Haben|Liegt|Lag|War|Waren|Steht|Kommt|Gibt|Fällt|Scheitert|Schlägt|Enthält|Übersteigt|Überschreitet|Passt|Lautet|Sollte|Sollten)|"
    r"(?<=[;:]\s)(?:ist|sind|wird|hat|haben|liegt|passt|sollte)|"
    r"(?P<verb>Werden|Wurden?|Liegen|Stehen|Kommen|Fehlt|Fehlen|Enthalten|Unterschreitet|Passen|Stimmt|Stimmen|Besteht|Bestehen|Reicht|Reichen|Klappt|Gelingt|Bleibt|Bleiben|Kann|Können|Darf|Braucht|"
    r"Findet|Zeigt|Ergibt|Meldet|Antwortet|Reagiert|Stößt|Dauert|Erreicht|Gefällt|Genügt|Existiert|Unterschreibt|Bestätigt|"
    r"(?<=[;:]\s)(?:fehlt|fehlen|gibt|stimmt|enthält|übersteigt|kann|braucht|bleibt|findet|zeigt|meldet|reicht))) "
    r"(?!Sie\b)(?P<rest>[^?.!;,]*)(?=,)"
)
# 'Informiere bei schlechter Stimmung das Team' → 'wenn schlechter Stimmung, informiere das Team'.
_BEI = re.compile(
    r"(?P<start>^|[.!?;,]\s+|\bund\s+)(?P<verb>\w+)? ?bei (?!alle)(?P<what>(?:\w+(?:er|em|en) )\w+|[A-Z]\w+ (?:über|unter) [\d.,]+ ?\w*|[A-ZÄÖÜ]\w+(?= (?:soll|sollen|wird|werden|muss|müssen)\b))(?P<rest>,? )",
)
# 'envíalo', 'envoie-le': the object hangs on the verb.
_CLITIC = {"es": re.compile(r"[aeiáéí](?:me|nos|se)?l[oa]s?$"), "fr": re.compile(r"-l(?:e|a|es)$")}
_PARTICIPLE = {"es": re.compile(r"\w{3}[ai]d[oa]s?$"), "fr": re.compile(r"\w{3}ée?s?$")}
# 'Informiere danach den Einkauf' → 'then notify the purchasing'
_THEN_INSIDE = re.compile(
    r"(?P<start>^|[.!?;,]\s+|\band )(?P<verb>[A-Za-z]+) then (?=(?:the|an?|it|them|its|my|our)\b)"
)
# 'No envíes nada', 'nicht mailen': what must not be done
_NOT_TO = re.compile(
    r"(?P<start>^|[.!?;,]\s+|\b(?:and|but) )(?:not|never) (?:it |them )?(?=[a-z]+(?: |$|[.!?]))",
    re.IGNORECASE,
)
# Letters behind a stem that are still its inflection.
LONGEST_ENDING = 4
_ELISION = re.compile(r"\b(?:[ldjmntcs]|qu)['\u2019](?=\w)", re.IGNORECASE)


def to_english(text: str, language: str = "") -> str:
    """`text` with the known words of its language replaced; English and unknown languages come back unchanged.

    `language` is for a few words that do not tell it themselves.
    """
    language = language or language_of(text)
    if not language:
        return text
    text = unicodedata.normalize("NFC", text)
    read(_WORDS.findall(text))
    replaced, prefixes = _dictionary(language)
    text = _in_plain_order(text, language)
    text = _word_by_word(text, *replaced, prefixes=prefixes, language=language)
    text = text if language == "de" else romance.with_english_forms(text)
    text = _NOT_TO.sub(r"\g<start>do not ", text)
    return _THEN_INSIDE.sub(lambda match: f"{match['start']}then {match['verb'].lower()} ", text)


def _word_by_word(
    text: str,
    pattern: re.Pattern[str],
    known: dict[str, str],
    *,
    prefixes: tuple[tuple[str, str], ...],
    language: str,
) -> str:
    """Each word once: what was replaced is English and no longer looked up."""
    found: list[str] = []
    position = 0

    def rest(part: str) -> str:
        part = _ELISION.sub("", part) if language == "fr" else part
        return _WORDS.sub(lambda match: _by_prefix(match.group(), prefixes, language), part)

    for match in pattern.finditer(text):
        found += [rest(text[position : match.start()])]
        found += [_cased(known[match.group().lower()], match.group())]
        position = match.end()
    return "".join([*found, rest(text[position:])])


def _in_plain_order(text: str, language: str) -> str:
    """`text` with its verbs where English has them, and compound nouns in their parts."""

    def is_verb(word: str) -> bool:
        english = _meaning(word, language) or likely_meaning(word, language)
        roots = [stem(part) for part in english.split()]
        return bool(roots) and verb_at(roots, 0)[0] > 0

    if language != "de":
        return romance.in_plain_order(text, language=language, is_verb=is_verb)
    text = _BEI.sub(_condition_first, _VERB_FIRST.sub(_verb_last, text))
    text = german.without_compounds(
        text,
        is_known=lambda word: bool(_meaning(word.lower(), language)),
        is_whole=lambda word: bool(_meaning(word, language)),
    )
    return german.in_plain_order(text, is_verb=is_verb)


@lru_cache(maxsize=5_000)
def _meaning(word: str, language: str) -> str:
    """What the dictionary has for one word in any of its forms, '' for nothing; a stem has at most four letters more."""
    (_, whole), prefixes = _dictionary(language)
    found = (english for prefix, english in prefixes if word.startswith(prefix))
    longest = next((p for p, _ in prefixes if word.startswith(p)), "")
    is_form = longest and len(word) - len(longest) <= LONGEST_ENDING
    return whole.get(word, "") or (next(found, "") if is_form else "")


def _verb_last(match: re.Match[str]) -> str:
    """'Fehlen Unterlagen' → 'wenn Unterlagen fehlen', 'Ist sie vollständig' → 'wenn sie vollständig'."""
    verb = f" {match['verb'].lower()}" if match["verb"] else ""
    return f"{match['start']}wenn {match['rest']}{verb}"


def _condition_first(match: re.Match[str]) -> str:
    start = re.sub(r"\bund\s+$", "", match["start"]) or match["start"]
    joint = ", " if match["start"].startswith("und") else ""
    return f"{joint or start}wenn {match['what']}, {match['verb'] or ''} "


def language_of(text: str) -> str:
    """'de', 'es', 'fr', or '' for English and everything else."""
    words = [word.lower() for word in _WORDS.findall(text)]
    english = sum(word in _ENGLISH for word in words)
    counts = {language: sum(w in marks for w in words) for language, marks in _MARKS.items()}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] >= 2 and counts[best] > 2 * english else ""


@cache
def _dictionary(
    language: str,
) -> tuple[tuple[re.Pattern[str], dict[str, str]], tuple[tuple[str, str], ...]]:
    whole: dict[str, str] = {}
    prefixes: list[tuple[str, str]] = []
    for line in vocabulary_lines(f"{language}.txt"):
        forms, _, english = line.partition("=")
        for form in (part.strip() for part in forms.split(",")):
            if form.endswith("*"):
                prefixes.append((form[:-1], english.strip()))
            elif form:
                whole.setdefault(form, english.strip())
    longest = sorted(whole, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)", re.IGNORECASE)
    return (pattern, whole), tuple(sorted(prefixes, key=lambda pair: -len(pair[0])))


def _by_prefix(word: str, prefixes: tuple[tuple[str, str], ...], language: str) -> str:
    lower = word.lower()
    english = next((english for prefix, english in prefixes if lower.startswith(prefix)), "")
    english = english or likely_meaning(word, language)
    if not english:
        return word
    if language in _PARTICIPLE and _PARTICIPLE[language].search(lower):
        return _cased(romance.with_ending(english, "ed"), word)
    it = " it" if language in _CLITIC and _CLITIC[language].search(lower) else ""
    return _cased(english, word) + it


def _cased(english: str, original: str) -> str:
    return english[:1].upper() + english[1:] if original[:1].isupper() else english
