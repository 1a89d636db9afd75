"""Prompt to workflow."""
