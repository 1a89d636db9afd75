"""How much may travel, and when a run continues as new."""

# An activity's result above this is kept in PostgreSQL and travels as a key; a condition refuses to look at more.
MAX_INLINE_BYTES = 64 * 1024
# Many of these may leave in one workflow task, whose total Temporal caps at 4 MB.
MAX_TASK_BYTES = 16 * 1024
# Temporal's own limits are 51,200 events and 50 MB; calls that are under way when a run reaches ours still end in it.
CONTINUE_AFTER_EVENTS = 8_000
CONTINUE_AFTER_BYTES = 2 * 1024 * 1024
