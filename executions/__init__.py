"""What happened: durable runs and their history."""
