"""What happened, read without loading what is large."""
