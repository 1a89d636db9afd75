"""Following what grows: many viewers, few reads, one subscription."""
