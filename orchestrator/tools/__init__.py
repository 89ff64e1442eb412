"""Other programs, the registry and the disk."""
