"""A simulated school and its response log."""
