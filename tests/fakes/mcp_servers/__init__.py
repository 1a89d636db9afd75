"""Real MCP servers for tests: well-behaved ones made with the SDK, misbehaving ones by hand."""
