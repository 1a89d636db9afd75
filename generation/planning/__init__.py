"""The offline planner's parts: words, clauses, matching and arguments. Pure Python, no Django, no network."""
