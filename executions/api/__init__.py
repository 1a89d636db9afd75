"""The REST interface of executions."""
