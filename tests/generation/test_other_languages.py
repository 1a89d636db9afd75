"""What German, Spanish and French say where English says it elsewhere: verbs at the end, in two parts, or implied."""

import pytest

from generation.planning.language.languages import to_english


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("Bitte die Rechnung prüfen und den Bericht verschicken.", "check the Invoice"),
        ("Lies den Bericht und lade ihn in den Ordner hoch.", "upload it"),
        ("Wenn eine Rechnung eingeht, soll sie geprüft und abgelegt werden.", "check it and save"),
        ("Der Vertrag ist bitte zu prüfen und die Adresse anzupassen.", "update the Address"),
        ("Die Kundenrechnung wird per E-Mail versendet.", "Customer Invoice"),
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
