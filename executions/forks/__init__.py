"""Retries and forks: runs that take over what another run has done."""
