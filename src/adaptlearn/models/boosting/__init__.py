"""Boosted trees over the history features of each response.

`growth` grows `trees`, which are scored without scikit-learn; `inputs` are other models whose
predictions are features beside, and `state` holds theirs. `tracer` is the model; wired together
with its default inputs it is `adaptlearn.models.BoostedTracer`.
"""
