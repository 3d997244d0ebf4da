"""What was decided, for whom and why."""
