"""What runs ask people: opened, decided, expired."""
