"""Policies: candidates, scores, choices, reasons."""
