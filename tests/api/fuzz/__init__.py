"""What schemathesis needs beside the OpenAPI file: its settings and its hooks."""
