"""Individualised BKT: students and items that differ, skills that share a response.

`equations` are the model: the filter along each student. `layout` brings a log into the order
they go in, `gradient` differentiates them, `search` climbs; `model` holds what is found and goes
between it and logs, states and files.
"""
