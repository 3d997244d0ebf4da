"""Finished pieces of a matrix, kept in a file so that a killed run can go on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adaptlearn import __version__
from adaptlearn.errors import ParameterError
from adaptlearn.numerics import Floats
from adaptlearn.serialization import fingerprint
from adaptlearn.simulation.course import Course


class Means(NamedTuple):
    """What remains of an episode; arrays of shape (n_outcomes, n_seeds)."""

    same_family: bool
    everybody: Floats
    parts: dict[tuple[str, str], Floats]


class Checkpoint:
    """A file with a line for each finished piece, below a line with the setting of the run.

    A line that was not finished when the run was killed is left out, and written over.

    Parameters
    ----------
    path : path
    course : Course
    setting : mapping of str to JSON value
        What must be the same when the run goes on.

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
            self._found = {
                _key(*kept["piece"]): _restored(kept) for kept in map(json.loads, lines[1:])
            }
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
        except ValueError:
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


def _restored(kept: Mapping[str, Any]) -> Means:
    parts = {(group, part): np.array(values) for group, part, values in kept["parts"]}
    return Means(kept["same_family"], np.array(kept["everybody"]), parts)


def _fingerprint(course: Course) -> str:
    """Of what students practise and policies are told."""
    tables = {name: getattr(course, name).tolist() for name in ("practice", "tags", "minutes")}
    return fingerprint({"curriculum": course.curriculum.fingerprint, **tables})
