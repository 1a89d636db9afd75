"""What the offline planner makes of words: each construct, and what it leaves alone."""

import pytest

from generation.drafting import DraftRequest, plan_offline
from generation.plan import (
    AgentUse,
    Approval,
    Choice,
    Loop,
    NewAgent,
    NewTool,
    Node,
    Parallel,
    ToolUse,
    Wait,
    key,
    leaves,
)
from generation.planner import plan
from generation.planning.coverage import tasks
from generation.planning.matching.titles import agent_title
from tests.generation.catalogues import (
    MAIL,
    NEWS,
    OFFICE,
    PAGE,
    POST,
    PUBLISH,
    SUMMARIZER,
    agent,
    catalogue,
    tool,
)
from workflows.definition.catalogue import Catalogue


def planned(prompt: str, known: Catalogue = OFFICE) -> object:
    """The plan as nested lists of what it uses."""
    return [shape(node) for node in plan(prompt, known).nodes]


def shape(node: Node) -> object:
    match node:
        case Parallel():
            return {"parallel": [[shape(n) for n in branch] for branch in node.branches]}
        case Choice():
            cases = [[shape(n) for n in case.body] for case in node.cases]
            return {"choice": cases, "otherwise": [shape(n) for n in node.otherwise]}
        case Loop():
            return {node.mode: [shape(n) for n in node.body]}
        case Approval() | Wait():
            return type(node).__name__.lower()
        case NewAgent() | NewTool():
            return f"new {key(node)}"
        case AgentUse() | ToolUse():
            return key(node).partition(":")[2]


def test_clauses_become_steps_in_their_order() -> None:
    assert planned("Read the support ticket, draft a reply and e-mail it to the customer.") == [
        "zendesk:get_ticket",
        "reply_drafter",
        "gmail:send_email",
    ]


def test_arrows_are_a_sequence() -> None:
    assert planned("news -> summary -> slack") == [
        "search:news_search",
        "summarizer",
        "slack:post_message",
    ]


def test_before_turns_the_order_round() -> None:
    assert planned("Before publishing the article, translate it into French.") == [
        "translator",
        "wordpress:publish_post",
    ]


def test_after_turns_the_order_round() -> None:
    assert planned("Post it in Slack after translating the text.") == [
        "translator",
        "slack:post_message",
    ]


def test_at_the_same_time_is_a_parallel() -> None:
    assert planned(
        "At the same time translate the text and generate an image, then publish it."
    ) == [
        {"parallel": [["translator"], ["images:generate_image"]]},
        "wordpress:publish_post",
    ]


def test_in_parallel_at_the_end_reaches_back_to_the_last_order_word() -> None:
    prompt = "Write an article, then translate it and generate an image in parallel."
    assert planned(prompt) == [
        "blog_writer",
        {"parallel": [["translator"], ["images:generate_image"]]},
    ]


def test_meanwhile_joins_the_step_before() -> None:
    prompt = "Translate the text into German. Meanwhile, generate an image. Then publish both."
    assert planned(prompt) == [
        {"parallel": [["translator"], ["images:generate_image"]]},
        "wordpress:publish_post",
    ]


def test_if_and_otherwise_are_a_choice() -> None:
    prompt = (
        "Determine the sentiment of the message. If it is negative, page the on-call engineer, "
        "otherwise draft a reply. Finally add an internal note."
    )
    assert planned(prompt) == [
        "sentiment_analyzer",
        {"choice": [["pagerduty:trigger_incident"]], "otherwise": ["reply_drafter"]},
        "zendesk:add_internal_note",
    ]


def test_a_condition_behind_its_instruction_governs_only_that() -> None:
    prompt = "Classify the ticket and page the on-call engineer if it is urgent."
    assert planned(prompt) == [
        "triage_agent",
        {"choice": [["pagerduty:trigger_incident"]], "otherwise": []},
    ]


def test_depending_on_lists_alternatives() -> None:
    prompt = (
        "Classify the ticket. Depending on the urgency page the on-call engineer or draft a reply."
    )
    assert planned(prompt) == [
        "triage_agent",
        {"choice": [["pagerduty:trigger_incident"]], "otherwise": ["reply_drafter"]},
    ]


def test_a_condition_nobody_has_judged_gets_its_judge() -> None:
    assert planned("If the sentiment is negative, page the on-call engineer.") == [
        "sentiment_analyzer",
        {"choice": [["pagerduty:trigger_incident"]], "otherwise": []},
    ]


def test_an_event_is_no_condition() -> None:
    assert planned("When a new ticket arrives, classify it.") == ["triage_agent"]


def test_for_each_is_a_loop_over_what_is_read_first() -> None:
    prompt = "For each open support ticket draft a reply. At the end post a summary in Slack."
    assert planned(prompt) == [
        "zendesk:list_open_tickets",
        {"foreach": ["reply_drafter"]},
        "summarizer",
        "slack:post_message",
    ]


def test_until_takes_the_writer_into_the_loop() -> None:
    prompt = "Write an article, then have it reviewed and rewritten until the score is at least 8."
    assert planned(prompt) == [{"until": ["blog_writer", "copy_critic"]}]


def test_a_number_of_times_is_a_counted_loop() -> None:
    made = plan("Generate an image 3 times.", OFFICE).nodes
    assert [shape(node) for node in made] == [{"count": ["images:generate_image"]}]
    assert isinstance(made[0], Loop)
    assert made[0].times == 3


def test_what_is_forbidden_is_not_used() -> None:
    assert planned("Create a ticket for the bug. Do not touch Jira.") != ["jira:create_ticket"]
    assert planned("Translate the text and e-mail it, but do not post it in Slack.") == [
        "translator",
        "gmail:send_email",
    ]


def test_a_named_server_beats_a_similar_one() -> None:
    known = catalogue(
        tool("github:create_issue", "Open a new issue in a repository"),
        tool("gitlab:create_issue", "Create an issue"),
    )
    assert planned("Open an issue in GitLab about the crash.", known) == ["gitlab:create_issue"]


def test_handing_on_a_thing_presupposes_its_maker() -> None:
    assert planned("Post a summary of the meeting in Slack.") == [
        "summarizer",
        "slack:post_message",
    ]


def test_a_thing_that_was_made_is_not_made_again() -> None:
    assert planned("Summarise the text and post the summary in Slack.") == [
        "summarizer",
        "slack:post_message",
    ]


def test_an_unknown_service_becomes_a_suggestion() -> None:
    assert planned("Translate the text and post it on Mastodon.") == [
        "translator",
        "new tool:mastodon-server:send",
    ]


def test_a_missing_expert_becomes_a_suggestion() -> None:
    assert planned("Have a tax law specialist check the message and e-mail the result.") == [
        "new agent:tax-law-specialist",
        "gmail:send_email",
    ]


def test_one_of_several_places_may_be_an_unknown_service() -> None:
    found = planned("Announce the release at the same time in Slack and in our Discord.")
    assert found == [{"parallel": [["slack:post_message"], ["new tool:discord-server:send"]]}]


def test_an_unknown_service_in_small_letters_is_one_behind_an_arrow() -> None:
    assert planned("news -> summary -> telegram")[2] == "new tool:telegram-server:read"  # type: ignore[index]


def test_an_expert_who_exists_is_not_suggested() -> None:
    known = catalogue(agent("tax_lawyer", "Answers questions about tax law"))
    assert planned("Have a tax law specialist check the message.", known) == ["tax_lawyer"]


def test_a_request_that_nothing_covers_is_a_job_for_a_new_agent() -> None:
    made = plan("Compose a haiku about the sea.", Catalogue())
    assert len(made.nodes) == 1
    assert isinstance(made.nodes[0], NewAgent)


def test_inactive_agents_and_missing_tools_are_not_used() -> None:
    known = catalogue(
        agent("translator", "Translates text between languages", is_active=False),
        tool("deepl:translate", "Translate a text", is_available=False),
    )
    assert planned("Translate the text into German.", known) != ["translator"]
    assert planned("Translate the text into German.", known) != ["deepl:translate"]


def test_other_languages_are_understood() -> None:
    expected = ["summarizer", "slack:post_message"]
    assert planned("Fasse den Text zusammen und poste die Zusammenfassung in Slack.") == expected
    assert planned("Resume el texto y publica el resumen en Slack.") == expected
    assert planned("Résume le texte puis publie le résumé dans Slack.") == expected


def test_the_same_prompt_gives_the_same_plan() -> None:
    prompt = "Read the ticket, draft a reply and e-mail it."
    assert plan(prompt, OFFICE) == plan(prompt, OFFICE)


def test_what_happens_to_things_is_an_instruction() -> None:
    prompt = "The ticket is read, a reply is drafted and the customer informed by e-mail."
    assert planned(prompt) == ["zendesk:get_ticket", "reply_drafter", "gmail:send_email"]


def test_some_and_the_others_are_a_choice_for_each() -> None:
    prompt = (
        "Triage the tickets: urgent ones are escalated to on-call, for the others draft a reply."
    )
    assert planned(prompt) == [
        "zendesk:list_open_tickets",
        {
            "foreach": [
                "triage_agent",
                {"choice": [["pagerduty:trigger_incident"]], "otherwise": ["reply_drafter"]},
            ]
        },
    ]


def test_the_first_instruction_of_a_loop_is_not_taken_for_what_it_goes_through() -> None:
    known = catalogue(agent("word_counter", "Counts words"), SUMMARIZER)
    assert planned("For each line count its words, then summarize.", known) == [
        {"foreach": ["word_counter", "summarizer"]}
    ]


def test_it_behind_each_stays_in_the_loop() -> None:
    assert planned("Draft a reply to every ticket and e-mail it.") == [
        "zendesk:list_open_tickets",
        {"foreach": ["reply_drafter", "gmail:send_email"]},
    ]


def test_a_trade_that_nobody_knows_is_a_new_agent_and_no_near_one() -> None:
    known = catalogue(agent("tone_editor", "Makes a text friendlier, more polite or more formal"))
    assert planned("Translate the text into Polish.", known) == ["new agent:translator"]


def test_misspelt_words_are_understood() -> None:
    assert planned("Sumarise the artcile and psot it in Slcak") == [
        "summarizer",
        "slack:post_message",
    ]


def test_a_part_that_nothing_covers_is_told() -> None:
    made = plan("Translate the text, then frobnicate the gizmo.", OFFICE)
    assert any("frobnicate the gizmo" in warning for warning in made.warnings)


def test_a_specialist_of_something_else_is_not_preferred() -> None:
    known = catalogue(agent("legal_summarizer", "Summarises court decisions"), SUMMARIZER)
    assert planned("Summarise the report.", known) == ["summarizer"]


def test_addresses_stay_whole_whatever_is_asked_about_them() -> None:
    web = catalogue(tool("native:http_request", "Fetch or call a page of the web by its URL"))
    made = plan(
        "Check whether https://status.example.com/a,b?x=1 is up; if it is not, fetch https://example.org.",
        web,
    )
    told = " ".join(tasks(made.nodes))
    assert "https://status.example.com/a,b?x=1" in told
    assert "https://example.org" in told


HOUSE = catalogue(
    agent("writer", "Writes clear, friendly texts: replies, articles, release notes."),
    agent("classifier", "Sorts tickets, e-mails and reports into given categories."),
    tool("native:summarize_text", "Summarize a long text without a language model: pick its most important sentences. Use it to make a summary of a report in any language."),
    tool("native:current_time", "Tell the current date and time. Use it to stamp a report or compare dates."),
    tool("native:http_request", "Send an HTTP request to a web address. Use it to fetch a page or call an API."),
    tool("git:git_diff_unstaged", "Shows changes in the working directory that are not yet staged"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("prompt", "uses"),
    [
        # A verb that a description happens to have, the stem of 'note' in 'not', a summariser for a translation.
        ("Compare their prices.", ["new agent price-comparer"]),
        ("Translate the message into Spanish.", ["new agent translator"]),
        # Who writes texts of all kinds writes a poem too, rather than who sorts reports.
        ("Write a haiku about autumn.", ["writer"]),
        ("Write a status report.", ["writer"]),
        ("Summarize the text.", ["native:summarize_text"]),
        ("For each address fetch it.", None),
    ],
)
def test_a_small_catalogue_is_used_for_what_it_is_there_for(
    prompt: str, uses: list[str] | None
) -> None:
    made = plan(prompt, HOUSE)
    found = [
        f"new agent {leaf.id}" if isinstance(leaf, NewAgent) else key(leaf).partition(":")[2]
        for leaf in leaves(made.nodes)
    ]
    assert found == (uses or ["native:http_request"])


@pytest.mark.parametrize(
    ("task", "title"),
    [
        ("Generate three different slogans", "slogan generator"),
        ("estimate the repair cost", "cost estimator"),
        ("plan the route", "route planner"),
        ("filter the orders over 100 euros", "order filter"),
        ("work out the fares", "fare specialist"),
        ("summarise what was said", "summariser"),
        ("check it", "checker"),
    ],
)
def test_new_agents_are_called_by_what_they_do(task: str, title: str) -> None:
    assert agent_title(task) == title


ZONES = {
    "type": "object",
    "required": ["source_timezone", "time", "target_timezone"],
    "properties": {name: {"type": "string"} for name in ("source_timezone", "time", "target_timezone")},
}  # fmt: skip
CLOCKS = catalogue(
    tool("time:get_current_time", "Get current time in a specific timezone", input_schema={"type": "object", "required": ["timezone"], "properties": {"timezone": {"type": "string"}}}),
    tool("time:convert_time", "Convert time between timezones", input_schema=ZONES),
)  # fmt: skip


def test_each_of_several_time_zones_is_asked_for() -> None:
    made = plan("Tell me the time in Tokyo, London and in New York", CLOCKS)
    assert isinstance(made.nodes[0], Parallel)
    assert [leaf.task for leaf in leaves(made.nodes)] == [
        "Tell me the time in Tokyo",
        "Tell me the time in London",
        "Tell me the time in New York",
    ]


def test_a_time_is_converted_from_its_zone_to_the_others() -> None:
    request = DraftRequest(prompt="Convert 3 pm in Berlin to Tokyo time", catalogue=CLOCKS)
    (step,) = plan_offline(request).result["workflow"]["steps"]
    assert step["arguments"] == {
        "source_timezone": "Europe/Berlin",
        "time": "15:00",
        "target_timezone": "Asia/Tokyo",
    }
    assert planned("Convert 15:00 in Berlin to Tokyo and New York time", CLOCKS) == [
        {"parallel": [["time:convert_time"], ["time:convert_time"]]}
    ]


GIT = catalogue(
    agent("summarizer", "Shortens long texts and lists to what matters."),
    agent("reviewer", "Judges texts and answers, and says how to make them better."),
    tool("git:git_log", "Shows the commit logs", input_schema={"type": "object", "properties": {"max_count": {"type": "integer"}}}),
    tool("git:git_diff_unstaged", "Shows changes in the working directory that are not yet staged"),
    tool("git:git_status", "Shows the working tree status"),
    tool("native:current_time", "Tell the current date and time."),
    tool("native:http_request", "Send an HTTP request to a web address."),
    tool("native:render_text", "Fill a text template with values."),
    tool("native:text_stats", "Count the words, sentences and lines of a text."),
)  # fmt: skip


def test_what_is_of_late_is_read_first() -> None:
    request = DraftRequest(prompt="Summarize the last 20 commits", catalogue=GIT)
    read, told = plan_offline(request).result["workflow"]["steps"]
    assert (read["tool"], read["arguments"]) == ("git:git_log", {"max_count": 20})
    assert told["agent_id"] == "summarizer"


def test_an_agent_that_is_called_by_its_name_is_the_one() -> None:
    assert planned("Show the unstaged diff and have the reviewer look at the changes", GIT) == [
        "git:git_diff_unstaged",
        "reviewer",
    ]


def test_mail_that_nothing_sends_needs_a_server_and_no_agent() -> None:
    known = catalogue(agent("classifier", "Sorts tickets, e-mails and reports into categories."))
    assert planned("Mail a report about all open bugs", known) == ["new tool:e-mail-server:send"]


def test_towns_are_no_services_and_known_ones_are() -> None:
    known = catalogue(tool("air:search_flights", "Search flights"))
    assert planned("Search flights to Lisbon.", known) == ["air:search_flights"]
    assert planned("Upload the file to Moodle.", Catalogue())[0].startswith("new ")  # type: ignore[index]


def test_a_channel_that_nothing_serves_is_suggested_though_others_are_there() -> None:
    known = catalogue(tool("mail:send_email", "Send an e-mail"))
    (suggested,) = plan("Send the offer as a fax.", known).nodes
    assert isinstance(suggested, NewTool)
    assert suggested.server_name == "Fax"


def test_who_is_called_after_the_verb_does_it() -> None:
    known = catalogue(
        agent("copy_editor", "Corrects spelling, grammar and style"),
        tool("news:list_drafts", "List drafts waiting for editing"),
    )
    assert planned("Edit the draft.", known) == ["copy_editor"]


def test_a_condition_that_nobody_looked_into_gets_who_finds_it_out() -> None:
    known = catalogue(
        agent("visa_advisor", "Tells which visa a traveller needs"),
        tool("air:book_flight", "Book a flight"),
        *(MAIL, POST, NEWS, PUBLISH, PAGE),
    )
    assert planned("Unless Mr Osei needs a visa, book his flight.", known) == [
        "visa_advisor",
        {"choice": [["air:book_flight"]], "otherwise": []},
    ]
