"""Plans for many students at once: tomorrow's day, groups, learning plans, promotion."""
