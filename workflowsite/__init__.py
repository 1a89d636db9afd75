"""Wiring: settings, URLs, the servers' entry points and the local stack."""
