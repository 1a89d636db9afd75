"""Designing with a language model: asking it, and turning what it answers, which is untrusted, into steps."""
