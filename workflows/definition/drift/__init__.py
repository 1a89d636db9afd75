"""What changes of agents and tools mean for the steps of a published definition; plain Python."""
