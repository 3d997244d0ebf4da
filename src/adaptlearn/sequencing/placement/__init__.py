"""A short diagnostic that finds where a student stands."""
