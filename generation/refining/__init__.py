"""Changing a workflow that exists: words become operations, operations a definition, and both can be explained."""
