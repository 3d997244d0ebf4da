"""Individualised BKT: students and items that differ."""
