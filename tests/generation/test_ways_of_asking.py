"""Requests that are no plain instructions: who should do what, what goes where, who gets what."""

import pytest

from generation.planning.language.languages import to_english
from tests.generation.trees import told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Somebody (ideally an agent) should check the claim.", ["check the claim"]),
        ("It would be nice if it were also posted on LinkedIn.", ["post it on LinkedIn"]),
        ("Make sure the drugs don't interact.", ["check that the drugs don't interact"]),
        ("Write a reply, but leave the ticket alone.", ["Write a reply", "not touch the ticket"]),
        ("Escalate by creating an incident.", ["create an incident"]),
        ("Before ordering it check the price.", ["check the price", "ordering it"]),
        (
            "Page on-call, tell the team and post a note, all at once.",
            [{"together": [["Page on-call"], ["tell the team"], ["post a note"]]}],
        ),
        (
            "Urgent cases: page the doctor. Everything else: add a note.",
            [{"if": [("it is urgent", ["page the doctor"])], "else": ["add a note"]}],
        ),
        (
            "Check every claim, approve the small ones and reject the others.",
            [
                {
                    "foreach": "claim",
                    "do": [
                        "Check every claim",
                        {"if": [("it is small", ["approve it"])], "else": ["reject it"]},
                    ],
                }
            ],
        ),
        (
            "Run the query. Repeat that at most three times until rows come back.",
            [{"until": "rows come back", "do": ["Run the query"]}],
        ),
    ],
)
def test_it_is_read_as_an_instruction(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Informiere danach den Kunden und die Leitung.", "then notify the Customer"),
        (
            "Hole das Ticket und informiere bei schlechter Stimmung das Team.",
            "if bad Sentiment, notify",
        ),
        ("Escribe el resumen y envíalo al cliente por correo.", "send it"),
        ("Rédige le rapport et envoie-le à la direction.", "send"),
    ],
)
def test_word_order_and_hanging_pronouns_of_other_languages(text: str, expected: str) -> None:
    assert expected in to_english(text)
