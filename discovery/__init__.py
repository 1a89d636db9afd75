"""What a workflow can use, and the clients for it."""
