"""What a run costs: every figure beside that of a hand-written Temporal workflow of the same shape. `make bench`."""
