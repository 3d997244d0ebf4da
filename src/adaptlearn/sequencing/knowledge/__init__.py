"""What a policy may know of students, and what counts as mastered."""
