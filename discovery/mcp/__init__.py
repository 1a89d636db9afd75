"""Talking to MCP servers, which are strangers: addresses, connections, lists, results."""
