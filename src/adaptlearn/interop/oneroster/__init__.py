"""Rosters as OneRoster CSV files, read and written."""
