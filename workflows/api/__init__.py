"""The REST interface of workflows."""
