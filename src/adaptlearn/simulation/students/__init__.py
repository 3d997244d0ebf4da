"""Simulated students, by equations of their own."""
