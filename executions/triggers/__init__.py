"""What starts runs by itself: schedules and webhooks."""
