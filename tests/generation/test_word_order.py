"""What is said in another order or way than an English instruction: German, Spanish, French, inversions, arrows."""

import pytest

from generation.planning.language.languages import to_english
from generation.planning.reading.paraphrase import in_plain_words


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("Bitte die Rechnung prüfen und den Bericht verschicken.", "check the Invoice"),
        ("Lies den Bericht und lade ihn in den Ordner hoch.", "upload it"),
        ("Wenn eine Rechnung eingeht, soll sie geprüft und abgelegt werden.", "check it and save"),
        ("Der Vertrag ist bitte zu prüfen und die Adresse anzupassen.", "update the Address"),
        ("Die Kundenrechnung wird per E-Mail versendet.", "Customer Invoice"),
        ("Geh alle offenen Anträge durch und prüfe sie.", "for each open"),
        ("Lass den Vertrag von einem Anwalt prüfen.", "check the Contract"),
        ("Hole die Meldungen und geh sie einzeln durch.", "go through it one by one"),
        ("Lies die Liste und übersetze jeden davon.", "translate each of them"),
        ("Prüfe den Antrag; ist er vollständig, gib ihn frei.", "if it complete, approve it"),
        ("Fehlen Unterlagen, fordere sie nach.", "if Documents is missing, request"),
        ("Prüfe den Vertrag. Stimmt alles, leg ihn ab.", "if it is correct, save"),
        ("Prüfe den Zähler: ist er auffällig, schick ihn weg.", "if it suspicious, send"),
        (
            "Prüfe das Lager. Reicht der Bestand nicht, bestelle nach.",
            "stock not is enough, reorder",
        ),
        ("Lass die Kosten nach Monaten einordnen.", "classify the Costs"),
        ("Prüfe den Text. Slack benutzen wir nicht mehr.", "do not use Slack"),
        ("Lee la lista y manda un SMS a cada lector.", "to each reader"),
        ("Lee la lista. No envíes ningún correo.", "do not send"),
        ("Lis la liste dans la feuille et ajoute chacun d'eux à la base.", "add each of them"),
        ("Necesito que se envíe el informe y se guarde en la carpeta.", "send the report"),
        ("Hay que revisar el contrato y luego avisar al cliente.", "check the contract"),
        ("Merci de lire le contrat, puis de le faire traduire.", "translate"),
        ("Il faut vérifier la facture avant de l'envoyer.", "before sending"),
    ],
)
def test_the_verb_is_found_wherever_it_stands(said: str, understood: str) -> None:
    assert understood.lower() in to_english(said).lower()


def test_a_word_that_was_translated_is_not_translated_again() -> None:
    assert "creditworthiness" in to_english(
        "Calcula la solvencia de los clientes y avisa por correo."
    )


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        (
            "From the orders a plan and a list should be made.",
            "make a plan and a list from the orders",
        ),
        ("Every Monday at 8 read the report.", "read the report."),
        ("High risk → block the card. Low risk → write a letter.", "If it is low, write a letter."),
        ("The tour goes to the drivers by mail.", "The tour is sent to the drivers by mail."),
    ],
)
def test_inversions_schedules_and_arrows_are_instructions_too(said: str, understood: str) -> None:
    assert understood in in_plain_words(said)
