"""Foreign words that stand in no vocabulary: the English word that means the same, if the encoder is sure of one."""

from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from generation.planning.language.verbs import verb_words
from generation.planning.language.words import noun_words, word_set
from generation.planning.meaning.vectors import likeness, vectors

# How alike the words have to be; shorter words are mostly function words.
SURE = 0.68
SHORTEST = 5


def read(words: list[str]) -> None:
    """Take the meaning of all `words` at once, which is faster than one by one."""
    vectors([word.lower() for word in words if len(word) >= SHORTEST])


@lru_cache(maxsize=10_000)
def likely_meaning(word: str, language: str) -> str:
    """The English word for `word`, '' where none is sure."""
    lower = word.lower()
    # In German nouns look like names too; what their clause means is asked of its own words.
    is_name = word != lower
    if (
        len(word) < SHORTEST
        or is_name
        or not word.isalpha()
        or lower in word_set(f"marks_{language}")
    ):
        return ""
    row, (words, rows) = vectors([lower]), _english()
    if row is None or rows is None:
        return ""
    alike = likeness(row.astype(np.float32), rows)[0]
    best = int(alike.argmax())
    return words[best] if alike[best] >= SURE else ""


@cache
def _english() -> tuple[list[str], NDArray[np.int8] | None]:
    words = sorted(verb_words() | {word for word in noun_words() if len(word) > 2})
    return words, vectors(words)
