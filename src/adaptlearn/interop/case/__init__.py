"""Frameworks of standards as CASE packages, read and written."""
