"""Which of several tools of one service, or of several services, a clause means."""

import pytest

from generation.plan import AgentUse, ToolUse, leaves
from generation.planner import plan
from tests.generation.catalogues import agent, catalogue, tool
from workflows.definition.catalogue import Catalogue

LIBRARY = catalogue(
    tool("library:get_loan", "Read one loan"),
    tool("library:list_loans", "List the loans of a day"),
    tool("library:search_loans", "Search loans"),
    tool("library:forbid_loan", "Forbid a loan"),
    tool("library:update_loan", "Change a loan"),
    tool("library:get_loan_history", "Show what was lent before"),
    tool("warehouse:run_sql", "Run a SQL statement"),
    tool("warehouse:get_query_history", "Show past queries"),
    tool("warehouse:copy_into", "Load files into a table"),
    tool("post-office:get_letter", "Read one e-mail in full"),
    tool("post-office:search_letters", "Search all e-mails for words"),
    tool("post-office:send_letter", "Send an e-mail"),
    library="Loans of the town library", warehouse="SQL warehouse",
)  # fmt: skip
CONTACT = catalogue(
    tool("mailbox:send_email", "Send an e-mail"),
    tool("mailbox:read_email", "Read an e-mail"),
    tool("texter:send_sms", "Send a text message to a phone number"),
    tool("texter:get_delivery_log", "See which text messages arrived"),
    tool("dialer:call_number", "Ring a phone number and play a message"),
    tool("billing:create_invoice", "Create and send a customer invoice"),
    tool("chat:post_message", "Post a message for the team in a channel"),
    agent("lease_lawyer", "Reviews lease contracts"),
    agent("thank_you_writer", "Writes thank-you notes to guests by e-mail"),
)  # fmt: skip


def used(prompt: str, entries: Catalogue) -> list[str]:
    """The ids of what a prompt uses, in order."""
    return [
        leaf.tool_id if isinstance(leaf, ToolUse) else leaf.agent_id
        for leaf in leaves(plan(prompt, entries).nodes)
        if isinstance(leaf, ToolUse | AgentUse)
    ]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        # A noun that is a verb elsewhere ('order', 'quote', 'loan') is what is got.
        ("Get yesterday's loans from the town library.", "library:list_loans"),
        ("Get the loan from the library.", "library:get_loan"),
        # A verb that nobody knows changes something, whatever it is.
        ("Pull loan 88-12.", "library:get_loan"),
        ("Show me the details of loan 7781.", "library:get_loan"),
        # What runs queries reads.
        ("Query the warehouse for the refunds of last week.", "warehouse:run_sql"),
        # Where a place is searched it does not matter that it is one.
        (
            "Search the mailbox for the e-mail from the county about the bridge.",
            "post-office:search_letters",
        ),
    ],
)
def test_what_brings_things(prompt: str, expected: str) -> None:
    assert used(prompt, LIBRARY) == [expected]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Text the customer.", "texter:send_sms"),
        ("Mail the customer why.", "mailbox:send_email"),
        ("E-mail the team lead a short message.", "mailbox:send_email"),
        ("Tell the team by e-mail.", "mailbox:send_email"),
        ("Call the customer.", "dialer:call_number"),
        ("The neighbours have to get a text message.", "texter:send_sms"),
        ("She gets an e-mail.", "mailbox:send_email"),
        ("Post a message in the channel.", "chat:post_message"),
    ],
)
def test_it_is_sent_in_the_way_that_is_told(prompt: str, expected: str) -> None:
    assert used(prompt, CONTACT) == [expected]


def test_who_only_judges_makes_nothing_that_is_sent() -> None:
    assert used("E-mail the lease contract to the tenant.", CONTACT) == ["mailbox:send_email"]


def test_what_is_there_is_not_written_again() -> None:
    assert used("E-mail it to the guest.", CONTACT) == ["mailbox:send_email"]


BOOKS = catalogue(
    tool("northbank:list_bills", "List the bills of a month"),
    tool("northbank:search_bills", "Search bills"),
    tool("northbank:mail_bill_reminder", "Send the reminder for one bill"),
    tool("southbank:send_bill", "Send a bill"),
    tool("southbank:list_payments", "List payments"),
    tool("tables:create_sheet", "Create a new sheet"),
    tool("tables:append_row", "Add a row to a sheet"),
)


def test_work_goes_on_in_the_service_that_it_began_in() -> None:
    prompt = "List the bills in Northbank and send the payment reminder for each of them."
    assert used(prompt, BOOKS)[-1] == "northbank:mail_bill_reminder"


def test_all_are_listed_and_not_searched() -> None:
    assert used("Get the open bills of May.", BOOKS) == ["northbank:list_bills"]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Record it in the spreadsheet.", "tables:append_row"),
        ("Put it in a new sheet.", "tables:create_sheet"),
    ],
)
def test_what_is_there_is_not_created(prompt: str, expected: str) -> None:
    assert used(prompt, BOOKS) == [expected]


def test_who_finds_one_kind_of_thing_is_not_who_finds_another() -> None:
    entries = catalogue(
        tool("mailbox:search_mails", "Search all mails for words"),
        agent("grant_finder", "Finds grants that a town may apply for"),
    )
    assert used("Find the mail from the bridge authority.", entries) == ["mailbox:search_mails"]
