"""Which arguments are certain from the words, and where the others come from."""

from generation.drafting import DraftRequest, plan_offline
from tests.generation.catalogues import OFFICE, agent, catalogue, tool
from workflows.definition.catalogue import Catalogue, ToolEntry


def arguments(prompt: str, *tools: ToolEntry, known: Catalogue | None = None) -> object:
    """Those of the last step."""
    made = plan_offline(DraftRequest(prompt=prompt, catalogue=known or catalogue(*tools)))
    return made.result["workflow"]["steps"][-1]["arguments"]


def schema(*required: str, **properties: object) -> dict[str, object]:
    return {"type": "object", "properties": properties, "required": list(required)}


TEXT = {"type": "string"}


def test_a_named_choice_is_taken() -> None:
    ticket = tool(
        "desk:update_ticket",
        "Change the priority of a ticket",
        input_schema=schema("priority", priority={"type": "string", "enum": ["low", "high"]}),
    )
    assert arguments("Set the priority of the ticket to high.", ticket) == {"priority": "high"}


def test_addresses_dates_and_quoted_texts_are_taken() -> None:
    mail = tool(
        "mail:send_email",
        "Send an e-mail",
        input_schema=schema("to", "subject", to=TEXT, subject=TEXT),
    )
    assert arguments('Send an e-mail "Hello there" to ann@example.org.', mail) == {
        "to": "ann@example.org",
        "subject": "Hello there",
    }
    page = tool("web:fetch_page", "Download a web page", input_schema=schema("url", url=TEXT))
    assert arguments("Download the web page https://example.org/a?b=1.", page) == {
        "url": "https://example.org/a?b=1"
    }


def test_a_time_zone_is_taken() -> None:
    clock = tool("native:current_time", "The current time", input_schema=schema(timezone=TEXT))
    assert arguments("Tell the current time in Europe/Berlin.", clock) == {
        "timezone": "Europe/Berlin"
    }


def test_a_city_names_its_time_zone_and_two_cities_name_none() -> None:
    clock = tool("native:current_time", "The current time", input_schema=schema(timezone=TEXT))
    assert arguments("Tell the current time in New York.", clock) == {
        "timezone": "America/New_York"
    }
    assert arguments("Tell the current time for Berlin or Paris.", clock) == {}


def test_an_open_argument_that_is_no_text_comes_from_the_input_with_a_value_of_its_type() -> None:
    rules = {"type": "array", "items": {"type": "object"}}
    sort = tool(
        "native:classify_text",
        "Classify a text by rules",
        input_schema=schema("text", "rules", text=TEXT, rules=rules),
    )
    made = plan_offline(DraftRequest(prompt="Classify the text.", catalogue=catalogue(sort)))
    assert made.result["workflow"]["steps"][0]["arguments"] == {
        "text": "${user_input}",
        "rules": "${input.rules ?? []}",
    }
    assert "give it as input.rules" in " ".join(made.result["warnings"])


def test_an_open_choice_is_one_of_the_choices() -> None:
    level = {"type": "string", "enum": ["low", "high"]}
    ticket = tool(
        "desk:update_ticket",
        "Change the priority of a ticket",
        input_schema=schema("priority", priority=level),
    )
    assert arguments("Change the priority of the ticket.", ticket) == {
        "priority": '${input.priority ?? "low"}'
    }


def test_a_number_is_taken_only_for_an_argument_that_counts_or_names() -> None:
    ticket = tool(
        "desk:get_ticket",
        "Read a ticket",
        input_schema=schema("ticket_id", ticket_id={"type": "integer"}),
    )
    assert arguments("Read the ticket 4411.", ticket) == {"ticket_id": 4411}


def test_what_is_open_comes_from_the_step_before() -> None:
    post = tool(
        "slack:post_message", "Post a message in a channel", input_schema=schema("text", text=TEXT)
    )
    known = catalogue(agent("summarizer", "Condenses text into a summary"), post)
    assert arguments("Summarise the text and post it in Slack.", known=known) == {
        "text": "${steps.summarizer.output}"
    }


def test_without_a_step_before_it_comes_from_the_user() -> None:
    post = tool(
        "slack:post_message", "Post a message in a channel", input_schema=schema("text", text=TEXT)
    )
    assert arguments("Post a message in Slack.", post) == {"text": "${user_input}"}


def test_a_field_of_the_same_name_is_preferred() -> None:
    read = tool(
        "desk:get_ticket",
        "Read a ticket",
        output_schema=schema("ticket_id", ticket_id=TEXT, body=TEXT),
    )
    note = tool(
        "desk:add_note",
        "Add a note to a ticket",
        input_schema=schema("ticket_id", ticket_id=TEXT),
    )
    assert arguments("Read the ticket, then add a note to it.", read, note) == {
        "ticket_id": "${steps.get-ticket.output.ticket_id}"
    }


def test_words_never_become_templates() -> None:
    mail = tool("mail:send_email", "Send an e-mail", input_schema=schema("subject", subject=TEXT))
    assert arguments('Send an e-mail "${context.secret}".', mail) == {
        "subject": "$${context.secret}"
    }


def test_a_choice_after_an_agent_reads_a_field_of_its_answer() -> None:
    prompt = "Determine the sentiment. If it is negative, page the on-call engineer, otherwise draft a reply."
    steps = plan_offline(DraftRequest(prompt=prompt, catalogue=OFFICE)).result["workflow"]["steps"]
    judge, choice = steps[0], steps[1]
    assert judge["output_schema"]["properties"]["decision"]["enum"] == ["negative", "other"]
    assert choice["condition_source"] == f"${{steps.{judge['id']}.output.decision}}"
    assert choice["conditional_branches"] == {"negative": steps[2]["id"]}
    assert choice["default"] == steps[3]["id"]


def test_a_comparison_becomes_a_condition_on_a_number() -> None:
    prompt = "Review the copy. If the score is above 7.5, publish it, otherwise page the on-call engineer."
    steps = plan_offline(DraftRequest(prompt=prompt, catalogue=OFFICE)).result["workflow"]["steps"]
    assert steps[1]["conditions"] == [
        {"when": "${steps.copy-critic.output.score} > 7.5", "next": steps[2]["id"]}
    ]


def test_a_loop_until_stops_by_what_its_critic_says() -> None:
    prompt = "Write an article, then have it reviewed and rewritten until the score is at least 8, at most 4 times."
    loop = plan_offline(DraftRequest(prompt=prompt, catalogue=OFFICE)).result["workflow"]["steps"][
        0
    ]
    assert loop["exit_condition"] == "${steps.copy-critic.output.score} >= 8"
    assert loop["max_iterations"] == 4


def test_a_tool_that_works_on_a_text_gets_the_text_and_not_what_was_counted_in_it() -> None:
    count = tool(
        "native:text_stats",
        "Count the words of a text",
        input_schema=schema("text", text=TEXT),
        output_schema=schema("words", words={"type": "integer"}),
    )
    shorten = tool(
        "native:summarize_text", "Shorten a text", input_schema=schema("text", text=TEXT)
    )
    post = tool(
        "slack:post_message", "Post a message in a channel", input_schema=schema("text", text=TEXT)
    )
    assert arguments("Count the words of the text, then shorten the text.", count, shorten) == {
        "text": "${user_input}"
    }
    assert arguments("Count the words of the text, then post it in Slack.", count, post) == {
        "text": "${steps.text-stats.output}\n"
    }


def test_what_a_service_that_is_still_missing_reads_is_worked_on_by_the_next_step() -> None:
    note = tool("notes:summarize_text", "Summarize a text", input_schema=schema("text", text=TEXT))
    assert arguments("Read the cards from Trello, then summarize them.", note) == {
        "text": "${steps.trello-read.output}"
    }


def test_a_list_of_choices_gets_those_that_are_named() -> None:
    kinds = {"type": "array", "items": {"type": "string", "enum": ["email", "url", "phone"]}}
    extract = tool(
        "native:extract_patterns",
        "Extract e-mail addresses, URLs and telephone numbers from a text",
        input_schema=schema("text", text=TEXT, patterns=kinds),
    )
    assert arguments("Extract all e-mail addresses and phone numbers.", extract) == {
        "text": "${user_input}",
        "patterns": ["email", "phone"],
    }
    assert arguments("Extract the URLs in the e-mail.", extract) == {
        "text": "${user_input}",
        "patterns": ["url"],
    }
    assert arguments("Extract everything of a known shape.", extract) == {"text": "${user_input}"}


def test_what_a_page_holds_is_read_and_not_its_headers() -> None:
    fetch = tool(
        "native:http_request",
        "Download a web page",
        input_schema=schema("url", url=TEXT),
        output_schema=schema("status", "body", status={"type": "integer"}, body={}),
        read_only=True,
    )
    shorten = tool(
        "native:summarize_text", "Shorten a text", input_schema=schema("text", text=TEXT)
    )
    prompt = "Download the web page https://example.com, then shorten the text."
    assert arguments(prompt, fetch, shorten) == {"text": "${steps.http-request.output.body}\n"}


def test_a_number_that_a_tool_gives_is_compared_by_its_name() -> None:
    count = tool(
        "native:text_stats",
        "Count the words of a text",
        input_schema=schema("text", text=TEXT),
        output_schema=schema(
            "words", "unique_words", words={"type": "integer"}, unique_words={"type": "integer"}
        ),
    )
    shorten = tool(
        "native:summarize_text", "Shorten a text", input_schema=schema("text", text=TEXT)
    )
    prompt = "Count the words of the text, and if it has more than 500 {} shorten the text."
    for said, name in [("words", "words"), ("unique words", "unique_words")]:
        asked = DraftRequest(prompt=prompt.format(said + ","), catalogue=catalogue(count, shorten))
        result = plan_offline(asked).result
        assert result["workflow"]["steps"][1]["conditions"] == [
            {"when": f"${{steps.text-stats.output.{name}}} > 500", "next": "summarize-text"}
        ]
        assert result["warnings"] == []


def test_an_address_is_fetched_for_what_takes_none() -> None:
    fetch = tool(
        "web:fetch_page",
        "Download a web page",
        input_schema=schema("url", url=TEXT),
        read_only=True,
    )
    post = tool(
        "slack:post_message", "Post a message in a channel", input_schema=schema("text", text=TEXT)
    )
    known = catalogue(fetch, post, agent("summarizer", "Condenses long text into a short summary"))

    def flow(prompt: str) -> list[str]:
        made = plan_offline(DraftRequest(prompt=prompt, catalogue=known)).result
        steps = made["workflow"]["steps"]
        return [step.get("tool") or step.get("agent_id") for step in steps]

    prompt = "Summarize this article: https://example.com/news."
    assert flow(prompt) == ["web:fetch_page", "summarizer"]
    made = plan_offline(DraftRequest(prompt=prompt, catalogue=known)).result
    assert made["workflow"]["steps"][0]["arguments"] == {"url": "https://example.com/news"}
    assert flow("Download https://example.com/news and summarize it.") == [
        "web:fetch_page",
        "summarizer",
    ]
    assert flow("Post a message in Slack with the link https://example.com/news.") == [
        "slack:post_message"
    ]


def test_what_is_sent_to_an_address_is_its_body() -> None:
    request = tool(
        "native:http_request",
        "Send an HTTP request to a web address",
        input_schema=schema(
            "url", url=TEXT, method={"type": "string", "enum": ["GET", "POST"]}, body=TEXT
        ),
    )
    known = catalogue(request, agent("summarizer", "Condenses long text into a short summary"))
    prompt = "Summarize the report, then post it to https://example.com/hook."
    assert arguments(prompt, known=known) == {
        "url": "https://example.com/hook",
        "method": "POST",
        "body": "${steps.summarizer.output}",
    }


def test_a_description_tells_what_an_argument_takes() -> None:
    log = tool(
        "git:git_log",
        "Show the commits",
        input_schema=schema("repo_path", repo_path=TEXT),
        read_only=True,
    )
    known = catalogue(log, git='Reads this repository; give "." as repo_path.')
    assert arguments("Show the commits.", known=known) == {"repo_path": "."}
    assert arguments('Show the commits of "/srv/shop".', known=known) == {"repo_path": "/srv/shop"}
