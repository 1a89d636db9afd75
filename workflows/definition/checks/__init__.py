"""The checks of docs/definition-language.md, 5, one module per concern; each yields problems."""
