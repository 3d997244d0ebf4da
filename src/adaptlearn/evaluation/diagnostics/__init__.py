"""Closer looks at a model's errors."""
