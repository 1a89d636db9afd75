"""What every app needs and no app owns: the domain errors and the gate for JSON from outside."""
