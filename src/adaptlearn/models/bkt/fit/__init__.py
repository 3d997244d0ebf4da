"""The two ways from a log's entries to a fitted model, of one signature.

`options` and `constraints` read the constructor's arguments; `by_em` fits skills whose histories
stand for themselves or belong to latent classes of students, `by_gradient` those that abilities or
shared responses couple; `doubts` says what to warn of.
"""
