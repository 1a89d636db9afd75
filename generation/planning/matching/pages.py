"""'Sum up https://…': what an address holds is fetched first, where what works on it takes no address itself."""

from generation.plan import ToolUse
from generation.planning.language.addresses import hidden_address
from generation.planning.language.verbs import HANDING_ON, actions
from generation.planning.language.words import tokens
from generation.planning.matching.entries import Entry, tool_kinds
from generation.planning.matching.index import Index
from generation.planning.matching.sources import Memory
from workflows.definition.catalogue import Catalogue, ToolEntry

ADDRESS_WORDS = frozenset({"url", "uri", "link", "address", "website"})
_FETCH = "fetch the web page at a url"


def page_reader(
    catalogue: Catalogue, index: Index, memory: Memory, text: str, chosen: Entry
) -> list[ToolUse]:
    """The tool that fetches the address in the clause `text` for `chosen`; [] where nothing has to or nothing can."""
    address = hidden_address(text)
    # A clause that sends or makes something names an address for others to read.
    if not address or actions(text) & HANDING_ON:
        return []
    if _takes_addresses(catalogue, chosen):
        return []
    for match in index.rank(_FETCH, banned=memory.banned, kinds=frozenset({"read"})):
        tool = catalogue.tools.get(match.entry.id)
        if tool is not None and _fetches(tool) and f"tool:{tool.id}" not in memory.used:
            return [ToolUse(tool.id, f"Fetch {address}")]
    return []


def _takes_addresses(catalogue: Catalogue, chosen: Entry) -> bool:
    """Whether it has an argument for an address, or is an agent with a tool that fetches."""
    if not chosen.is_agent:
        return bool(_address_arguments(catalogue.tools[chosen.id]))
    agent = catalogue.agents[chosen.id]
    return any(_fetches(tool) for name in agent.tools if (tool := catalogue.tools.get(name)))


def _fetches(tool: ToolEntry) -> bool:
    """Whether an address is all that it needs to read something."""
    required = tool.input_schema.get("required") or ()
    return "read" in tool_kinds(tool) and [*required] == _address_arguments(tool)[:1] != []


def _address_arguments(tool: ToolEntry) -> list[str]:
    properties = tool.input_schema.get("properties") or ()
    return [name for name in properties if ADDRESS_WORDS & set(tokens(name))]
