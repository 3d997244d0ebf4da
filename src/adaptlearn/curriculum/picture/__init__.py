"""A curriculum drawn as a graph."""
