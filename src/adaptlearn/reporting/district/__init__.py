"""Counts of a district, and which of them a public page leaves out."""
