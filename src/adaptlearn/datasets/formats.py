"""Which reader knows which columns, for a file that was given to another."""

from __future__ import annotations

from collections.abc import Sequence

from adaptlearn.datasets.tables import Table
from adaptlearn.errors import ResponseDataError

# Of each reader the columns that tell its files from all others, one set per layout.
_COLUMNS: dict[str, tuple[frozenset[str], ...]] = {
    "read_assistments": (
        frozenset({"user_id", "correct", "sequence_id"}),
        frozenset({"user_id", "correct", "problem_id"}),
        frozenset({"studentId", "correct", "problemId"}),
    ),
    "read_datashop": (frozenset({"Anon Student Id", "Problem Name"}),),
    "read_ednet": (frozenset({"timestamp", "question_id", "user_answer"}),),
    "read_eedi": (frozenset({"QuestionId", "UserId", "IsCorrect"}),),
    "read_irw": (frozenset({"id", "item", "resp"}),),
    "read_junyi": (
        frozenset({"user_id", "exercise", "time_done"}),
        frozenset({"uuid", "ucid", "is_correct"}),
    ),
    "read_pykt": (frozenset({"uid", "responses"}),),
    "ResponseLog.from_file": (frozenset({"student", "skill", "correct"}),),
}


def refuse_header(reader: str, table: Table, problems: Sequence[str]) -> None:
    """Raise one error if there are problems with the columns, and say which reader knows these."""
    if problems:
        found = [
            f"{other} reads these columns"
            for other, layouts in _COLUMNS.items()
            if other != reader and any(layout <= set(table.names) for layout in layouts)
        ]
        raise ResponseDataError(table.called(reader), [*problems, *found])
