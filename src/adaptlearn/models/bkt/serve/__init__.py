"""A fitted BKT at work: predictions, live states, reports, files.

`beliefs` are the filter along answers, and `mixing` weighs classes of students; `passes` go along a
log or answer for a state, `reports` tell of parameters and their intervals, `fitted_bkt` is all of
this as methods. `manifest` is a model as its file holds it, `tables` are parameters that the caller
brings.
"""
