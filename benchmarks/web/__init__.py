"""What requests cost: every figure beside that of a bare view with the same query, and lists at two sizes."""

NAMES = ("lists", "requests", "stats")
