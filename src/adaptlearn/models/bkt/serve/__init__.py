"""A fitted BKT: predictions, reports, files."""
