"""Sums of what ended runs came to, so that statistics cost the same however many runs there were."""
