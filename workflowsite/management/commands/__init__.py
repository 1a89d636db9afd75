"""`dev`, `prepare` and `doctor`."""
