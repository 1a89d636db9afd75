"""Words and sentences of a text: what several text tools count and weigh."""

import re

MAX_TEXT_LENGTH = 200_000

_WORD = re.compile(r"[^\W_]+(?:['\u2019\-][^\W_]+)*")
# A sentence ends at . ! ? … before white space, or at an empty line; closing quotes and brackets belong to it.
_SENTENCE_END = re.compile(
    r"(?<=[.!?\u2026])[\"'\u201d\u2019)\]]{0,3}\s+|\n\s*\n|(?<=[\u3002\uff01\uff1f])"
)
_ABBREVIATION = re.compile(
    r"(?:^|\s)(?:[A-Za-z]\.|(?:[A-Za-z]\.){2,4}|(?:mr|mrs|ms|dr|prof|st|no|vs|etc|approx|fig|inc|ltd|bzw|ca|nr)\.)$",
    re.IGNORECASE,
)

# The most frequent words of English, German, French and Spanish say nothing about what a text is about.
_STOP_WORDS = """
    a about after all also am an and any are as at be because been before being but by can could did do does for from
    had has have he her him his how i if in into is it its itself just like may me more most my no nor not of on once
    only or other our out over own same she should so some such than that the their them then there these they this
    those through to too under until up us very was we were what when where which while who whom why will with would
    you your
    aber alle als am an auch auf aus bei bin bis das dass dem den der des die doch du durch ein eine einem einen einer
    eines er es für hat hatte ich ihr im in ist ja kann mit nach nicht noch nur oder sein sich sie sind so um und uns
    vom von vor war was wenn wer wie wir wird zu zum zur über
    au aux avec ce ces cette dans de des du elle en est et il ils je la le les leur mais ne nous on ou par pas pour
    que qui sa se ses son sont sur un une vous
    como con del el ella ellos en era es esta este fue la las lo los más no para pero por que se sin su sus un una y
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


def words_of(text: str) -> list[str]:
    """The words in order; what an apostrophe or a hyphen joins is one word."""
    return _WORD.findall(text)


def sentences_of(text: str) -> list[str]:
    """The sentences in order, stripped; abbreviations such as 'Dr.' and initials end none."""
    sentences: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(text):
        # The separator's closing quotes belong to the sentence before it.
        closing = end.group().rstrip() if end.group().strip() else ""
        candidate = text[start : end.start()] + closing
        if _ABBREVIATION.search(candidate[-12:]):
            continue
        sentences.append(candidate.strip())
        start = end.end()
    sentences.append(text[start:].strip())
    return [sentence for sentence in sentences if words_of(sentence)]


def content_words_of(text: str) -> list[str]:
    """The words that carry meaning, case-folded."""
    folded = (word.casefold() for word in words_of(text))
    return [word for word in folded if word not in STOP_WORDS and len(word) > 1]
