"""The custom day: each student's minutes, filled with lessons."""
