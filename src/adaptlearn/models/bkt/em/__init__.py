"""Expectation-maximisation over the histories that students share.

`trie` holds the distinct histories of every skill, and `sweeps` pass along them forward and
backward (`odds` where nothing is forgotten, `logarithms` where numbers would not reach). `steps`
are the E and the M step, and `climb` repeats these, with `acceleration`, until nothing is gained.
`information` and `identification` say what the answers determine, `groups` goes from starting
points to the parameters of skills and classes, and `uncertainty` makes intervals.
"""
