"""Mastery thresholds, from what came after mastery."""
