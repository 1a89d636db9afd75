"""Workflows in words: plans and definitions in sentences made by code, and explanations that a model writes."""
