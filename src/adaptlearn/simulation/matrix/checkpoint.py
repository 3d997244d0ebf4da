"""Finished pieces of a matrix, kept in a file so that a killed run can go on."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from adaptlearn import __version__
from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Floats
from adaptlearn.serialization import MALFORMED, fingerprint
from adaptlearn.simulation.course import Course
from adaptlearn.validation import Numbers, number_array


class Means(NamedTuple):
    """What remains of an episode; arrays of shape (n_outcomes, n_seeds)."""

    same_family: bool
    everybody: Floats
    parts: dict[tuple[str, str], Floats]


class Checkpoint:
    """A file with a line for each finished piece, below a line with the setting of the run.

    A line that was not finished when the run was killed is left out, and written over. What a
    damaged line held is run again.

    Parameters
    ----------
    path : path
    course : Course
    setting : mapping of str to JSON value
        What must be the same when the run goes on; with the names of the ``outcomes``.

    Raises
    ------
    ParameterError
        The file was begun with another setting, or is no checkpoint.
    """

    def __init__(
        self, path: str | os.PathLike[str], course: Course, setting: Mapping[str, Any]
    ) -> None:
        self._path = Path(path)
        self._found: dict[str, Means] = {}
        begin = {**setting, "version": __version__, "course": _fingerprint(course)}
        lines = self._whole_lines()
        if lines:
            self._compare(lines[0], begin)
            pieces = (_restored(line, len(setting["outcomes"])) for line in lines[1:])
            self._found = dict(piece for piece in pieces if piece is not None)
            os.truncate(self._path, sum(map(len, lines)))
        else:
            self._path.write_bytes(_line(begin))

    def _whole_lines(self) -> list[bytes]:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return []
        return [line for line in content.splitlines(keepends=True) if line.endswith(b"\n")]

    def _compare(self, line: bytes, begin: Mapping[str, Any]) -> None:
        try:
            old = dict(json.loads(line))
        except MALFORMED:
            old = {}
        problems = [
            f"{name} is {begin[name]!r:.80}, there it is {old.get(name)!r:.80}"
            for name in begin
            if old.get(name) != begin[name]
        ]
        if problems:
            remedy = "delete the file to start anew, or name another one"
            raise ParameterError(f"{self._path}: it was begun by another run; {remedy}", problems)

    def get(self, policy: str, simulator: str, seeds: tuple[int, ...]) -> Means | None:
        """What was kept of some seeds of a cell, if anything was."""
        return self._found.get(_key(policy, simulator, seeds))

    def add(self, policy: str, simulator: str, seeds: tuple[int, ...], means: Means) -> None:
        """Keep what some seeds of a cell came to."""
        kept = {
            "piece": [policy, simulator, seeds],
            "same_family": means.same_family,
            "everybody": means.everybody.tolist(),
            "parts": [[*key, values.tolist()] for key, values in means.parts.items()],
        }
        with self._path.open("ab") as stream:
            stream.write(_line(kept))


def _line(content: Mapping[str, Any]) -> bytes:
    # Floats are written so that they are read as the same; nan is written as NaN.
    return (json.dumps(content) + "\n").encode()


def _key(policy: str, simulator: str, seeds: Any) -> str:
    return json.dumps([policy, simulator, list(seeds)])


def _restored(line: bytes, n_outcomes: int) -> tuple[str, Means] | None:
    """A finished piece and its key; None if the line is damaged."""
    try:
        kept = json.loads(line)
        policy, simulator, seeds = kept["piece"]
        shape = Numbers((n_outcomes, len(seeds)), -math.inf, math.inf, gaps=True)
        everybody = number_array(kept["everybody"], "everybody", shape)
        parts = {
            (group, part): number_array(values, part, shape)
            for group, part, values in kept["parts"]
        }
        return _key(policy, simulator, seeds), Means(kept["same_family"] is True, everybody, parts)
    except MALFORMED:
        return None


def _fingerprint(course: Course) -> str:
    """Of what students practise and policies are told."""
    tables = {name: getattr(course, name).tolist() for name in ("practice", "tags", "minutes")}
    return fingerprint({"curriculum": course.curriculum.fingerprint, **tables})
