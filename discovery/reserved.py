"""Ids that no MCP server may take."""

# 'native:tool' names the built-in tools.
RESERVED_SERVER_IDS = frozenset({"native"})
