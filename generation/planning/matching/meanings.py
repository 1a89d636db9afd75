"""How near a clause is in meaning to each entry of a catalogue, beside the words that they share."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generation.planning.matching.entries import Entry
from generation.planning.meaning.vectors import likeness, vectors

# Any two texts of this trade are somewhat alike; as if that many more entries of no relevance were in the catalogue.
_BACKGROUND, _PRIOR_ENTRIES = 0.25, 8
# The nearest entries are looked at even if they share no word.
NEAREST = 8
# How alike a clause and its translation are at least.
_SAME = 0.4
_PARTS = re.compile(r"(?<=[.!?;:])\s+|\s*(?:->|→|\n)\s*|,\s+|\s+(?:und|dann|y|luego|et|puis)\s+")

Nearness = NDArray[np.float32]


class Meanings:
    """The entries' vectors, and what was asked about them in this request."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        rows = vectors([entry.about for entry in entries]) if entries else None
        self._rows = None if rows is None else rows.astype(np.float32)
        self._asked: dict[str, Nearness] = {}
        self._originals: list[str] = []

    @property
    def is_ready(self) -> bool:
        """Whether there are meanings at all."""
        return self._rows is not None

    def read(self, texts: list[str], *, translated_from: str = "") -> None:
        """Take the meaning of all `texts` at once, which is faster than one by one.

        What is asked about from then on is a rough translation of `translated_from`, if that is given.
        """
        if translated_from:
            self._originals = [part for part in _PARTS.split(translated_from) if part.strip()]
        new = [text for text in dict.fromkeys(texts) if text not in self._asked]
        if self._rows is None or not new:
            return
        for text, near in zip(new, self._nearness(new).T, strict=True):
            self._asked[text] = near
        if self._originals:
            self._read_originals(new)

    def _read_originals(self, texts: list[str]) -> None:
        """What was translated word by word means at least what the clause that it comes from means."""
        rows, originals = vectors(texts), vectors(self._originals)
        if rows is None or originals is None:
            return
        alike = likeness(rows.astype(np.float32), originals)
        near = self._nearness(self._originals)
        for at, text in enumerate(texts):
            best = int(alike[at].argmax())
            if alike[at, best] >= _SAME:
                self._asked[text] = np.maximum(self._asked[text], near[:, best])

    def _nearness(self, texts: list[str]) -> Nearness:
        """Entries by texts."""
        rows = vectors(texts)
        if rows is None or self._rows is None:
            raise AssertionError("An encoder does not go away.")
        alike = likeness(self._rows, rows)
        size = len(self._rows) + _PRIOR_ENTRIES
        usual = (alike.sum(axis=0) + _BACKGROUND * _PRIOR_ENTRIES) / size
        nearness: Nearness = np.round(alike - usual, 3)
        return nearness

    def nearness(self, text: str) -> Nearness | None:
        """For each entry how much nearer to `text` it is than usual (0: as any other; 0.3: near; 0.6: the same); None without an encoder."""
        if self._rows is None:
            return None
        self.read([text])
        return self._asked.get(text)


def nearest(near: Nearness) -> list[int]:
    """The positions of the entries that are nearest, in no particular order."""
    if len(near) <= NEAREST:
        return list(range(len(near)))
    return [int(at) for at in np.argpartition(-near, NEAREST, kind="introselect")[:NEAREST]]
