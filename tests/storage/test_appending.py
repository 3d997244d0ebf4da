"""All stores decide alike: the same rows in the same batches get the same answers and numbers."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.conftest import trials

from adaptlearn.storage import MemoryStore, PostgresStore, SQLiteStore
from adaptlearn.storage.appending import Appending
from adaptlearn.tutor import Row, Store


def row(name: str, student: str = "mia", content: str = "{}", received: float = 6.0) -> Row:
    return Row(name, "answer", student, "", 0, None, received, content)


def told(store: Store, after: int) -> Any:
    columns = store.read(dict.fromkeys(["", "mia", "ben"], 0))
    held = [(number, *one) for number, one in zip(columns.number, columns.rows(), strict=True)
            if one[1] != "erasure"]  # fmt: skip
    return sorted(held), store.students(after), store.conflicts()


@pytest.mark.trials
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_same_batches_give_the_same(request, tmp_path, kind):
    rng = random.Random(0)
    for trial in range(trials(60)):
        other: Store
        if kind == "sqlite":
            other = SQLiteStore(tmp_path / f"{trial}.db")
        else:
            other = PostgresStore(request.getfixturevalue("postgres").new())
        memory = MemoryStore()
        for _ in range(rng.randint(1, 6)):
            batch = [
                row(f"e{rng.randrange(8)}", rng.choice(["mia", "ben", ""]),
                    rng.choice(["{}", "{}", "{}", "[]"]), rng.choice([3.0, 6.0, 9.0]))
                for _ in range(rng.randint(1, 9))
            ]  # fmt: skip
            gone = rng.choice(["mia", "ben"]) if rng.random() < 0.2 else None
            last = memory.students().number
            one, two = (
                (store.append(batch), gone and store.forget(gone), told(store, last))
                for store in (memory, other)
            )
            assert one == two
        other.close()


def test_who_comes_twice_in_a_batch_stands_last():
    """Readers ask for larger numbers than they have seen, so the last number of each counts."""
    batch = [row("a"), row("b"), row("a", received=3.0)]
    change = Appending(batch, lambda names: [], "salt", 5)
    assert change.statuses == ["new", "new", "known"]
    assert [*change.put.items()] == [("b", (7, row("b"))), ("a", (8, row("a", received=3.0)))]
    store = MemoryStore()
    store.append(batch)
    assert store.students(2).students == ["mia"]
