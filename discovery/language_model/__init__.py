"""Talking to language models over the chat-completions protocol."""
