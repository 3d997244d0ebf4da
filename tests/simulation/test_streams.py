"""Random numbers by student."""

import numpy as np
import pytest
from scipy import stats

from adaptlearn.simulation.students.streams import StudentStreams

ROWS = np.arange(20_000)


@pytest.fixture
def streams():
    return StudentStreams(np.full(len(ROWS), 3), ROWS)


def numbers(streams):
    """Draws that differ in the student, the occasion, its number, and the place."""
    zero = np.zeros(len(ROWS), int)
    first = streams.practice(ROWS, zero, zero)
    return {
        "first": first.random(len(ROWS)),
        "second": first.random(len(ROWS)),
        "next answer": streams.practice(ROWS, zero, zero + 1).random(len(ROWS)),
        "other skill": streams.practice(ROWS, zero + 1, zero).random(len(ROWS)),
        "choice": streams.choice(ROWS, 0).random(len(ROWS)),
        "next choice": streams.choice(ROWS, 1).random(len(ROWS)),
        "start": streams.start().random(len(ROWS)),
        "other seed": StudentStreams(np.full(len(ROWS), 4), ROWS)
        .practice(ROWS, zero, zero)
        .random(len(ROWS)),
    }


def test_they_are_uniform(streams):
    for drawn in numbers(streams).values():
        assert ((drawn >= 0) & (drawn < 1)).all()
        assert stats.kstest(drawn, "uniform").pvalue > 1e-4
    table = streams.start().random((20_000, 50))
    assert stats.kstest(table.ravel(), "uniform").pvalue > 1e-4
    assert stats.kstest(table[0], "uniform").pvalue > 1e-4


def test_they_are_independent(streams):
    drawn = np.array(list(numbers(streams).values()))
    assert len(np.unique(drawn)) == drawn.size
    limit = 4.5 / np.sqrt(len(ROWS))
    correlation = np.asarray(np.corrcoef(drawn))
    assert np.abs(correlation[np.triu_indices(len(drawn), 1)]).max() < limit
    for one in drawn:  # neighbouring students
        assert abs(np.asarray(np.corrcoef(one[1:], one[:-1]))[0, 1]) < limit
    # Pairs fill the square evenly.
    cells = np.histogram2d(drawn[0], drawn[1], bins=20, range=[[0, 1]] * 2)[0]
    assert stats.chisquare(cells.ravel()).pvalue > 1e-4


def test_who_else_is_there_changes_nothing(streams):
    few = np.array([7, 11_000])
    alone = StudentStreams(np.full(2, 3), few)
    skills, number = np.array([2, 5]), np.array([0, 9])
    np.testing.assert_array_equal(
        alone.practice(np.arange(2), skills, number).random((2, 3)),
        streams.practice(few, skills, number).random((2, 3)),
    )
    np.testing.assert_array_equal(alone.start().random(2), streams.start().random(20_000)[few])


def test_a_table_is_the_columns_one_after_the_other(streams):
    table = streams.start().random((20_000, 3))
    one = streams.start()
    np.testing.assert_array_equal(table, np.stack([one.random(20_000) for _ in range(3)], axis=1))
