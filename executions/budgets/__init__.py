"""What may be spent: set aside before each call, settled after it."""
