"""Facts about the whole REST interface: who sees what, what the OpenAPI file says, what hostile input does."""
