"""What is told of every thing, and of one thing after the other, is a loop."""

import pytest

from tests.generation.trees import told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'Every one of the photos in the folder "Attic" must be tagged and stored in the archive.',
            [
                {
                    "foreach": 'the photos in the folder "Attic"',
                    "do": ["tag it", "store it in the archive"],
                }
            ],
        ),
        (
            "Each of these e-mails should get a label and be archived.",
            [{"foreach": "these e-mails", "do": ["make it a label", "archive it"]}],
        ),
        (
            "Every invoice received this week has to be checked and the amount entered in the sheet.",
            [
                {
                    "foreach": "invoice received this week",
                    "do": ["check it", "enter the amount in the sheet"],
                }
            ],
        ),
        (
            "Each lead is to be enriched and scored.",
            [{"foreach": "lead", "do": ["enrich it", "score it"]}],
        ),
        (
            "Everybody who signed up gets a confirmation by e-mail.",
            [{"foreach": "those who signed up", "do": ["send it a confirmation by e-mail"]}],
        ),
    ],
)
def test_what_every_thing_should_get_is_done_for_each(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Per order: print the label and text the buyer.",
            [{"foreach": "order", "do": ["print the label", "text the buyer"]}],
        ),
        (
            "Per claim, estimate the damage and write a letter.",
            [{"foreach": "claim", "do": ["estimate the damage", "write a letter"]}],
        ),
        (
            "Read the report. Create one ticket per finding.",
            ["Read the report", {"foreach": "finding", "do": ["Create one ticket"]}],
        ),
    ],
)
def test_per_thing_is_for_each_thing(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "each open bug: severity and component, then assign",
            [{"foreach": "open bug", "do": ["severity and component", "assign"]}],
        ),
        (
            "With each of them do this: check the amount, pay it.",
            [{"foreach": "them", "do": ["check the amount", "pay it"]}],
        ),
        (
            "Fetch the invoices, do this for each of them: check the amount, pay it.",
            ["Fetch the invoices", {"foreach": "them", "do": ["check the amount", "pay it"]}],
        ),
    ],
)
def test_a_heading_over_each_thing_is_a_loop(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Ward after ward: read the roster, check it.",
            [{"foreach": "Ward", "do": ["read the roster", "check it"]}],
        ),
        (
            "For all guests one after another, assign a room and print a badge.",
            [{"foreach": "the guests", "do": ["assign a room", "print a badge"]}],
        ),
        (
            "File by file: convert it to PDF and upload it.",
            [{"foreach": "File", "do": ["convert it to PDF", "upload it"]}],
        ),
    ],
)
def test_one_after_another_is_for_each(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Read the lease, write the notice and save it as a draft. Repeat this for every tenant.",
            [
                {
                    "foreach": "tenant",
                    "do": ["read the lease", "write the notice", "save it as a draft"],
                }
            ],
        ),
        (
            "Walk through the sensors like this: read the value, log it.",
            [{"foreach": "the sensors", "do": ["read the value", "log it"]}],
        ),
        (
            "Open the file, sign it and file it; and that for each contract.",
            [{"foreach": "contract", "do": ["open the file", "sign it", "file it"]}],
        ),
    ],
)
def test_that_for_every_thing_takes_in_what_was_told_before(
    text: str, expected: list[object]
) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Get the reviews and find the sentiment of each.",
            ["Get the reviews", {"foreach": "them", "do": ["find the sentiment"]}],
        ),
        (
            "Determine the risk of each applicant and send them a letter.",
            [
                {
                    "foreach": "applicant",
                    "do": ["Determine the risk of each applicant", "send them a letter"],
                }
            ],
        ),
        (
            "List today's arrivals, give each guest a room and let housekeeping prepare it.",
            [
                "List today's arrivals",
                {
                    "foreach": "guest",
                    "do": ["assign a room to each guest", "let housekeeping prepare it"],
                },
            ],
        ),
    ],
)
def test_what_follows_with_the_thing_stays_in_the_loop(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Once per supplier, compare the price with last year's and note it in the sheet.",
            [
                {
                    "foreach": "supplier",
                    "do": ["compare the price with last year's", "note it in the sheet"],
                }
            ],
        ),
    ],
)
def test_once_per_thing_is_for_each_thing(text: str, expected: list[object]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "For all overdue books: send the borrower a reminder, note it in the record.",
            [
                {
                    "foreach": "the overdue books",
                    "do": ["send the borrower a reminder", "note it in the record"],
                }
            ],
        ),
        (
            "For all open claims in the folder, check the damage and write a letter.",
            [
                {
                    "foreach": "the open claims in the folder",
                    "do": ["check the damage", "write a letter"],
                }
            ],
        ),
    ],
)
def test_for_all_things_of_a_kind_is_a_loop(text: str, expected: list[object]) -> None:
    assert told(text) == expected
