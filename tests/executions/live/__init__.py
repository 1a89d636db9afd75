"""Following runs over real HTTP."""
