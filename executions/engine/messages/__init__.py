"""What travels between services, workflow and activities: plain dataclasses, small enough for Temporal's history."""
