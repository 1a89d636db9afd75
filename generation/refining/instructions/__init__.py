"""What an instruction asks for, read from its words."""
