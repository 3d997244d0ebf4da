"""Learning plans: weeks of lessons until the goal, and when each standard is expected to be met."""
