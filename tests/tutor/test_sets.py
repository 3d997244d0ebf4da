"""A set of events has one order and one state, whoever folds it and however it came."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import trials
from tests.tutor.conftest import SKILLS, a_curriculum, a_model

from adaptlearn import Tutor
from adaptlearn.storage import MemoryStore, PostgresStore, SQLiteStore
from adaptlearn.tutor import Row, all_rows

MODEL, CURRICULUM = a_model(), a_curriculum()
DEVICES = ["", "bus", "home", "lab", "phone"]


@st.composite
def rows(draw) -> list[Row]:
    """A history of some students on some devices, in any order, with repeats and conflicts."""
    made: list[Row] = []
    seq = dict.fromkeys(DEVICES, 0)
    for number in range(draw(st.integers(1, 14))):
        device = draw(st.sampled_from(DEVICES))
        # Clocks are coarse and may be set back, so that times tie and fall.
        time: float | None = float(draw(st.integers(0, 6)))
        received = float(draw(st.integers(0, 9)))
        if device:
            seq[device] += draw(st.sampled_from([0, 1, 1, 2]))
        elif draw(st.booleans()):
            time = None
        kind = draw(st.sampled_from(["answer"] * 6 + ["exposure", "lesson_done", "goal"]))
        skill = draw(st.sampled_from(SKILLS))
        content = {
            "answer": f'{{"correct":{draw(st.integers(0, 1))},"skill":"{skill}"}}',
            "exposure": f'{{"skill":"{skill}"}}',
            "lesson_done": f'{{"lesson":"{skill} 1"}}',
            "goal": f'{{"expires":null,"targets":[["{skill}",{draw(st.integers(1, 3))}.0]]}}',
        }[kind]
        student = draw(st.sampled_from(["mia", "ben"]))
        name = f"e{draw(st.sampled_from([number] * 9 + [0]))}"  # some ids are used twice
        made.append(Row(name, kind, student, device, seq[device], time, received, content))
    again = [row._replace(received=row.received + draw(st.integers(0, 3)))
             for row in draw(st.lists(st.sampled_from(made), max_size=4))]  # fmt: skip
    return made + again


def shuffled(data, listed: list[Row]) -> list[list[Row]]:
    """The same rows in another order, in batches."""
    order = data.draw(st.permutations(listed))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(order)), max_size=3)))
    return [order[a:b] for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True)]


def held(store: Any, batches: list[list[Row]], ask: bool) -> tuple[Any, ...]:
    """What a tutor over a store makes of batches; it may be asked between them."""
    store.claim("students", "texts")
    tutor = Tutor(MODEL, CURRICULUM, store)
    for batch in batches:
        store.append(batch)
        if ask:
            tutor.mastery(["mia", "ben"])
    found = tutor.mastery(["mia", "ben"])
    order = [[(one.event.id, one.time, one.raised) for one in tutor.history(student)]
             for student in ("mia", "ben")]  # fmt: skip
    facts = [(dict(one.done), one.goal) for one in map(tutor._states.learner, ("mia", "ben"))]
    aside = sorted(row.digest for row in store.conflicts())
    assert tutor.verify()
    return order, found.value.tobytes(), facts, aside


@settings(max_examples=trials(2000), suppress_health_check=[HealthCheck.too_slow])
@given(rows(), st.data())
def test_any_order_gives_one_state(listed, data):
    first = held(MemoryStore(), [listed], False)
    assert held(MemoryStore(), shuffled(data, listed), True) == first
    assert held(MemoryStore(), [*shuffled(data, listed), listed], False) == first


def emptied(on: Any, prefix: str = "") -> None:
    """Delete what a history left: one store serves all, for making one takes longer than a history.

    (Of PostgreSQL's ways, `TRUNCATE` takes ten times as long as `DELETE`: it makes new files.)
    """
    for table in ("events", "conflicts", "snapshots"):
        on.execute(f"DELETE FROM {prefix}{table}")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    store = SQLiteStore(tmp_path_factory.mktemp("stores") / "school.db")
    yield store
    store.close()


@settings(max_examples=trials(2000), suppress_health_check=[HealthCheck.too_slow])
@given(rows(), st.data())
def test_a_file_gives_what_memory_gives(file, listed, data):
    with file._write() as on:
        emptied(on)
    assert held(file, shuffled(data, listed), True) == held(MemoryStore(), [listed], False)


@pytest.fixture(scope="module")
def database(postgres):
    store = PostgresStore(postgres.new())
    yield store
    store.close()


@settings(max_examples=trials(2000), suppress_health_check=[HealthCheck.too_slow])
@given(rows(), st.data())
def test_a_database_gives_what_memory_gives(database, listed, data):
    database._run(lambda on: emptied(on, "adaptlearn_"))
    assert held(database, shuffled(data, listed), True) == held(MemoryStore(), [listed], False)


@settings(max_examples=trials(500), suppress_health_check=[HealthCheck.too_slow])
@given(rows(), st.data())
def test_merging_is_commutative_associative_and_idempotent(listed, data):
    parts = [data.draw(st.lists(st.sampled_from(listed), max_size=10)) for _ in range(3)]

    def of(*batches: list[Row]) -> Any:
        store = MemoryStore()
        for batch in batches:
            store.append(batch)
        return store

    def merged(one: Any, other: Any) -> Any:
        return of(all_rows(one), all_rows(other))

    a, b, c = map(of, parts)
    whole = held(of(*parts), [], False)
    for one in (
        merged(merged(a, b), c),
        merged(a, merged(b, c)),
        merged(merged(c, a), merged(b, a)),
        merged(of(*parts), of(*parts)),
    ):
        assert held(one, [], False) == whole


def test_an_order_by_hand():
    """Two devices; the bus's clock falls from 9 to 1 and is raised; ties go by device and seq."""
    told = [("c", "home", 1, 5.0), ("a", "bus", 1, 5.0), ("b", "bus", 2, 9.0),
            ("d", "bus", 3, 1.0), ("e", "home", 2, 9.0)]  # fmt: skip
    store = MemoryStore()
    listed = [Row(name, "answer", "mia", device, seq, time, 0.0, '{"correct":1,"skill":"add"}')
              for name, device, seq, time in told]  # fmt: skip
    order, *_ = held(store, [listed], False)
    assert order[0] == [("a", 5.0, False), ("c", 5.0, False), ("b", 9.0, False),
                        ("d", 9.0, True), ("e", 9.0, False)]  # fmt: skip


def test_the_earlier_receipt_counts_where_no_device_told_a_time():
    one = Row("x", "answer", "mia", "", 0, None, 7.0, '{"correct":1,"skill":"add"}')
    for first, second in ((one, one._replace(received=3.0)), (one._replace(received=3.0), one)):
        order, *_ = held(MemoryStore(), [[first], [second]], True)
        assert order[0] == [("x", 3.0, False)]
    assert np.isfinite(one.received)
