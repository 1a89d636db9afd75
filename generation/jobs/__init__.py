"""How a request becomes a job: its row, its events, its calls and their limits, and its end."""
