"""``adaptlearn report``: pages of students and classes."""
