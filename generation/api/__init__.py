"""The REST interface of generation."""
