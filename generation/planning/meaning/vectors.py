"""Vectors of texts, kept per process, and how alike two lists of texts are.

Vectors are rounded to whole numbers that 32-bit floats add up without loss: the same texts are equally alike in
every process, in whatever order and company they were encoded.
"""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from generation.planning.meaning.encoder import DIMENSIONS, encoder

Rows = NDArray[np.int8]
# Sums of 512 products of at most 127 times 127 stay below 2 to the 24th, up to which floats count exactly.
_STEPS = 512.0
# 512 bytes each: 15 MB.
_KEPT = 30_000
_kept: OrderedDict[str, Rows] = OrderedDict()
_lock = Lock()
LONGEST = 300


def vectors(texts: Sequence[str]) -> Rows | None:
    """One row for each text (of its first `LONGEST` characters), None where there is no encoder."""
    encode = encoder()
    if encode is None:
        return None
    # Halves of characters, which the encoder would refuse, mean nothing.
    cut = [text[:LONGEST].encode(errors="replace").decode() for text in texts]
    with _lock:
        new = [text for text in dict.fromkeys(cut) if text not in _kept]
        if new:
            for text, row in zip(new, _rounded(encode(new)), strict=True):
                _kept[text] = row
        found = np.empty((len(cut), DIMENSIONS), dtype=np.int8)
        for at, text in enumerate(cut):
            found[at] = _kept[text]
            _kept.move_to_end(text)
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return found


def likeness(some: NDArray[np.float32], others: Rows) -> NDArray[np.float32]:
    """How alike each of `some` (as floats) and `others` are: -1 to 1, 0.25 for any two texts, 1 for the same."""
    products = some @ others.astype(np.float32).T
    return products / np.float32(_STEPS * _STEPS)


def _rounded(rows: NDArray[np.float32]) -> Rows:
    whole: NDArray[np.float32] = np.clip(np.rint(rows * _STEPS), -127, 127)
    return whole.astype(np.int8)
