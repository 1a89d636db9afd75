"""Small catalogues to plan with."""

from typing import Any

from workflows.definition.catalogue import AgentEntry, Catalogue, ServerEntry, ToolEntry


def catalogue(*entries: AgentEntry | ToolEntry, **servers: str) -> Catalogue:
    """A catalogue of these entries; servers are made from the tools, `servers` describes them."""
    agents = {entry.id: entry for entry in entries if isinstance(entry, AgentEntry)}
    tools = {entry.id: entry for entry in entries if isinstance(entry, ToolEntry)}
    ids = {tool.server_id for tool in tools.values() if tool.server_id}
    return Catalogue(
        agents=agents,
        tools=tools,
        servers={i: ServerEntry(i, i.title(), servers.get(i, ""), "connected") for i in ids},
    )


def agent(agent_id: str, description: str, **fields: Any) -> AgentEntry:
    """An agent called like its id."""
    return AgentEntry(agent_id, agent_id.replace("_", " ").title(), description, **fields)


def tool(tool_id: str, description: str, **fields: Any) -> ToolEntry:
    """A tool; `native:` ones have no server."""
    server, _, name = tool_id.partition(":")
    server_id = None if server == "native" else server
    return ToolEntry(tool_id, name, description, server_id, **fields)


READ_TICKET = tool("zendesk:get_ticket", "Read a support ticket")
NOTE = tool("zendesk:add_internal_note", "Add an internal note to a support ticket")
LIST_TICKETS = tool("zendesk:list_open_tickets", "List unresolved support tickets")
JIRA = tool("jira:create_ticket", "Create a Jira ticket")
POST = tool("slack:post_message", "Post a message in a channel")
MAIL = tool("gmail:send_email", "Send an e-mail message to one or more recipients")
PAGE = tool("pagerduty:trigger_incident", "Page the on-call engineer with a new incident")
NEWS = tool("search:news_search", "Search recent news articles")
PUBLISH = tool("wordpress:publish_post", "Publish an article on the site")
IMAGE = tool("images:generate_image", "Generate an image from a text prompt")
TRIAGE = agent("triage_agent", "Labels a customer message with product area, urgency and intent")
REPLY = agent("reply_drafter", "Writes a reply to a customer e-mail")
SENTIMENT = agent("sentiment_analyzer", "Scores the emotional tone of a text")
SUMMARIZER = agent("summarizer", "Condenses long text into a short summary")
TRANSLATOR = agent("translator", "Translates text between languages")
WRITER = agent("blog_writer", "Writes long-form blog articles")
CRITIC = agent("copy_critic", "Reviews copy and gives a quality score from 0 to 10")

OFFICE = catalogue(
    READ_TICKET, NOTE, LIST_TICKETS, JIRA, POST, MAIL, PAGE, NEWS, PUBLISH, IMAGE,
    TRIAGE, REPLY, SENTIMENT, SUMMARIZER, TRANSLATOR, WRITER, CRITIC,
    zendesk="Customer support tickets", slack="Workspace messaging", jira="Issue tracking",
    gmail="Mailbox access", pagerduty="On-call alerting", wordpress="WordPress site",
)  # fmt: skip
