"""Following runs live: many viewers, few reads, one subscription."""
