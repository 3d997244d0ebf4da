"""A curriculum's content: read from tables and files, checked, written."""
