"""Policies against simulated students, as one matrix."""
