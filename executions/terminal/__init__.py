"""Runs on a terminal: lines, tables, and what the commands share."""
