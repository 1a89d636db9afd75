"""Designing with a language model."""
