"""The REST interface of discovery."""
