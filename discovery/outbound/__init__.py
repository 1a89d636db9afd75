"""The guard on every outgoing call: which addresses, how much, which headers."""
