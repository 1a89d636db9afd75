"""From text to a tree of what is asked for: clauses, passives, decisions, loops, order."""
