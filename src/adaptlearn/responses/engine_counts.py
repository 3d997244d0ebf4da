"""Distinct answer sequences, counted inside the engine that holds the log.

One Narwhals expression runs on DuckDB, Polars, pandas and Spark alike. Up to `CHUNK`
answers are packed into one integer, the first answer in the lowest bit, so that a sequence
is its length and a few integers, which every engine can group by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.errors import ResponseDataError
from adaptlearn.labels import is_missing
from adaptlearn.responses.frames import Column, columns_of, narwhals_frame
from adaptlearn.validation import some

# Some engines raise to a power, and sum, in floating point: exact up to 53 bits.
CHUNK = 31
_PAIR = ("student", "skill")


class EngineCounts(NamedTuple):
    """Sequences in no particular order.

    Attributes
    ----------
    skill : array, shape (n,)
        The label of each sequence's skill.
    lengths, counts : int64 arrays, shape (n,)
        How many answers a sequence has, and how many students have the sequence.
    answers : int8 array, shape (lengths.sum(),)
        The answers, sequence after sequence.
    """

    skill: Column
    lengths: NDArray[np.int64]
    answers: NDArray[np.int8]
    counts: NDArray[np.int64]


def count_in_engine(frame: Any, names: Mapping[str, str], order: Sequence[str]) -> EngineCounts:
    """Check and count where the frame lives; only the counts reach Python.

    Parameters
    ----------
    frame : DuckDB relation, Polars, pandas or PySpark frame
    names : mapping
        The columns of ``"student"``, ``"skill"`` and ``"correct"``.
    order : sequence of str
        Columns that order a student's answers on a skill.

    Raises
    ------
    ResponseDataError
        Lists every problem of every column.
    """
    roles = {**names, **{f"order_{place}": name for place, name in enumerate(order)}}
    keys = [role for role in roles if role.startswith("order_")]
    problems: list[str] = []
    log, readable = _selected(frame, roles, problems)
    if readable:
        marked = _marked(log, readable)
        facts = _facts(marked, readable)
        problems += _problems_of_values(marked, facts, roles)
        if problems and set(readable) == set(roles):
            problems += _ties(marked, roles, keys)
    if problems:
        raise ResponseDataError("response log", problems)
    result = _collected(_counted(log, keys, -(-facts["longest"] // CHUNK)))
    # A number that floating point cannot tell from the next one looks like a tie, so look closer.
    if result.pop("ties").any() and (problems := _ties(marked, roles, keys)):
        raise ResponseDataError("response log", problems)
    skill, lengths, counts = (result.pop(name) for name in ("skill", "length", "count"))
    if (found := int((lengths * counts).sum())) != facts["rows"]:
        problem = (
            f"it had {facts['rows']} rows when it was checked and {found} when it was counted; "
            "store what is read from a source that changes"
        )
        raise ResponseDataError("response log", [problem])
    return EngineCounts(skill, lengths, _unpacked(lengths, list(result.values())), counts)


def _selected(
    frame: Any, roles: Mapping[str, str], problems: list[str]
) -> tuple[Any, dict[str, Any]]:
    """The frame with a column per role, and the types of those that can be read."""
    import narwhals as nw

    if isinstance(frame, Mapping) or (given := narwhals_frame(frame)).implementation.is_pyarrow():
        kind = f"{type(frame).__module__}.{type(frame).__qualname__}"
        problems.append(f"a {kind} has no engine that counts; use SequenceCounts.from_log")
        return None, {}
    lazy = given.lazy()
    schema = lazy.collect_schema()
    have = ", ".join(map(repr, schema.names()[:20]))
    readable = {}
    for role, name in roles.items():
        where = _where(role, name)
        if name not in schema:
            problems.append(f"{where} is missing; the columns are {have}")
        elif expected := _unfit(role, schema[name]):
            problems.append(f"{where}: holds {schema[name]} values; expected {expected}")
        else:
            readable[role] = schema[name]
    columns = [
        nw.col(roles[role]).cast(nw.String).alias(role)
        if dtype in (nw.Categorical, nw.Enum)
        else nw.col(roles[role]).alias(role)
        for role, dtype in readable.items()
    ]
    return lazy.select(columns) if columns else None, readable


def _where(role: str, name: str) -> str:
    told = role.partition("_")[0]
    return f"column {name!r}" if told == name else f"column {name!r} ({told})"


def _unfit(role: str, dtype: Any) -> str | None:
    """What a column of this role should hold instead of values of this type."""
    import narwhals as nw

    if role == "correct":
        return None if dtype == nw.Boolean or dtype.is_numeric() else "0 and 1, or booleans"
    if role in _PAIR:
        if dtype in (nw.List, nw.Array):
            return "one integer or string per row; unnest the lists"
        wide = dtype in (nw.Int128, nw.UInt128)
        fit = dtype.is_integer() or dtype in (nw.String, nw.Categorical, nw.Enum)
        return None if fit and not wide else "integers of up to 64 bits, or strings"
    fit = dtype.is_numeric() or dtype.is_temporal() or dtype == nw.String
    return None if fit else "numbers, times or strings, which have an order"


def _marked(log: Any, readable: Mapping[str, Any]) -> Any:
    """The log with a 0 or 1 per row for each thing that may be wrong with it."""
    import narwhals as nw

    marks = {}
    for role, dtype in readable.items():
        missing = nw.col(role).is_null()
        if dtype.is_float():
            missing = missing | nw.col(role).is_nan()
        if role in _PAIR and not dtype.is_integer():
            missing = missing | (nw.col(role) == "")
        marks[f"missing_{role}"] = missing.cast(nw.Int64)
        if role == "correct" and dtype != nw.Boolean:
            other = (nw.col(role) != 0) & (nw.col(role) != 1)
            marks["wrong"] = (~missing & other).cast(nw.Int64)
    return log.with_columns(**marks)


def _facts(marked: Any, readable: Mapping[str, Any]) -> dict[str, int]:
    """How many rows there are, in all and of the longest sequence, and with each mark."""
    import narwhals as nw

    marks = [name for name in marked.collect_schema().names() if name not in readable]
    pair = [role for role in _PAIR if role in readable]
    per_pair = marked.with_columns(rows=nw.lit(1).cast(nw.Int64))
    if pair:
        per_pair = per_pair.group_by(pair).agg(nw.col("rows", *marks).sum())
    facts = per_pair.select(
        nw.col("rows").max().alias("longest"),
        *(nw.col(name).sum().cast(nw.Int64) for name in ("rows", *marks)),
    )
    return {name: _number(column) for name, column in _collected(facts).items()}


def _number(column: Column) -> int:
    """The one number of a column; an engine's sum of no rows is a gap."""
    value = column[0]
    return 0 if is_missing(value) else int(value)


def _problems_of_values(
    marked: Any, facts: Mapping[str, int], roles: Mapping[str, str]
) -> list[str]:
    import narwhals as nw

    if not facts["rows"]:
        return ["it has no rows; expected at least one response"]
    problems = []
    for role, name in roles.items():
        if missing := facts.get(f"missing_{role}", 0):
            empty = " or empty" if role in _PAIR else ""
            hint = "; leave rows without an answer out" if role == "correct" else ""
            problems.append(
                f"{_where(role, name)}: {_rows(missing)} missing{empty}; "
                f"every response needs one{hint}"
            )
        if role == "correct" and (wrong := facts.get("wrong", 0)):
            found = marked.filter(nw.col("wrong") == 1).select("correct").head(3)
            examples = _collected(found)["correct"]
            problems.append(
                f"{_where(role, name)}: {_rows(wrong)} neither 0 nor 1, as {some(examples)}"
            )
    return problems


def _ties(marked: Any, roles: Mapping[str, str], keys: Sequence[str]) -> list[str]:
    """Whether the order leaves open which of a student's answers on a skill came first."""
    import narwhals as nw

    whole = marked
    for role in (*_PAIR, *keys):
        whole = whole.filter(nw.col(f"missing_{role}") == 0)
    groups = whole.group_by(*_PAIR, *keys).agg(nw.len().alias("rows")).filter(nw.col("rows") > 1)
    total = groups.select(nw.col("rows").sum().cast(nw.Int64))
    if not (rows := _number(_collected(total)["rows"])):
        return []
    example = _collected(groups.select(_PAIR).head(1))
    student, skill = (example[role].tolist()[0] for role in _PAIR)
    named = ", ".join(repr(roles[key]) for key in keys)
    return [
        f"order ({named}): {_rows(rows)} of one student and skill at the same place, as those of "
        f"student {student!r} on skill {skill!r}; name a further column that decides, or drop "
        "what is repeated"
    ]


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _counted(log: Any, keys: Sequence[str], n_chunks: int) -> Any:
    """The counts, not yet collected: ``skill``, ``length``, the chunks, ``count``, ``ties``."""
    import narwhals as nw

    def along(expression: Any) -> Any:
        return expression.over(*_PAIR, order_by=keys)

    tie = nw.col(keys[0]) == along(nw.col(keys[0]).shift(1))
    for key in keys[1:]:
        tie = tie & (nw.col(key) == along(nw.col(key).shift(1)))
    place = along(nw.col("correct").cum_count()).cast(nw.Int64) - 1
    placed = log.with_columns(place=place, tie=nw.when(tie).then(nw.lit(1)).otherwise(nw.lit(0)))
    # The base decides the type of a power; left to themselves, some engines take 32 bits.
    weight = nw.lit(2).cast(nw.Int64) ** (nw.col("place") % CHUNK)
    packed = (
        placed.with_columns(
            chunk=(nw.col("place") // CHUNK).cast(nw.Int64),
            code=weight * nw.col("correct").cast(nw.Int64),
        )
        .group_by(*_PAIR, "chunk")
        .agg(nw.col("code", "tie").sum(), nw.len().alias("length"))
        .with_columns(nw.col("code", "tie", "length").cast(nw.Int64))
    )
    chunks = [f"chunk_{number}" for number in range(n_chunks)]
    sequences = (
        packed.with_columns(
            nw.when(nw.col("chunk") == number)
            .then(nw.col("code"))
            .otherwise(nw.lit(0).cast(nw.Int64))
            .alias(name)
            for number, name in enumerate(chunks)
        )
        .group_by(*_PAIR)
        .agg(nw.col("length", "tie", *chunks).sum())
        .with_columns(nw.col("length", "tie", *chunks).cast(nw.Int64))
    )
    return (
        sequences.group_by("skill", "length", *chunks)
        .agg(nw.len().alias("count"), nw.col("tie").sum().alias("ties"))
        .with_columns(nw.col("count", "ties").cast(nw.Int64))
    )


def _collected(lazy: Any) -> dict[str, Column]:
    return columns_of(lazy.to_native(), lazy.collect_schema().names())


def _unpacked(lengths: NDArray[np.int64], chunks: Sequence[NDArray[np.int64]]) -> NDArray[np.int8]:
    """The answers, sequence after sequence, out of one array of codes per chunk."""
    owner = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    chunk, bit = np.divmod(place, CHUNK)
    return (np.stack(chunks)[chunk, owner] >> bit & 1).astype(np.int8)
