"""Temporal workflow code: deterministic, knows no Django."""
