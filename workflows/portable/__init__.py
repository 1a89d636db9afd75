"""Workflows as one portable JSON document: written without secrets, read without overwriting anything."""
