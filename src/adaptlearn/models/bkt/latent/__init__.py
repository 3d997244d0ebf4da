"""Latent classes of students, who differ in what they know at the start and in how they learn.

`expectation` gives the expected counts by class, `maximisation` the best shifts for them, and
`search` repeats both, from the fit without classes.
"""
