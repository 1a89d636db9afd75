"""The workflow definition language; see docs/definition-language.md."""
