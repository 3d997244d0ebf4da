"""Honest splits, and models compared on them."""
