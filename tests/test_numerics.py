"""Grouping against a sort, the table of keys against a dictionary."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tests.conftest import trials

from adaptlearn.numerics import KeyTable, distinct, group_pairs, longest_first, stable_group


@given(
    arrays.arrays(
        st.sampled_from([np.int32, np.int64, np.uint8]),
        st.integers(0, 50),
        elements=st.integers(0, 9),
    ),
    st.integers(10, 400),
    st.sampled_from([1, 60]),  # few rows go another way than many
)
def test_a_stable_group_is_a_stable_sort(keys, n_keys, times):
    keys = np.tile(keys, times)
    order, starts = stable_group(keys, n_keys)
    np.testing.assert_array_equal(order, np.argsort(keys, kind="stable"))
    np.testing.assert_array_equal(np.diff(starts), np.bincount(keys, minlength=n_keys))
    assert starts[0] == 0


pairs = st.integers(0, 60).flatmap(
    lambda n: st.tuples(
        *(st.lists(st.integers(0, 5), min_size=n, max_size=n) for _ in range(2)),
        st.none() | st.permutations(range(n)),
    )
)


# Few possible pairs take one counting sort over all of them, many take two.
@pytest.mark.parametrize("spread", [1, 40, 1000])
@pytest.mark.parametrize("kind", [np.int32, np.int64])
@given(pairs)
def test_groups_of_pairs_are_those_of_a_sort(spread, kind, drawn):
    major, minor = (spread * np.array(keys, kind) for keys in drawn[:2])
    order = None if drawn[2] is None else np.array(drawn[2], np.int64)
    n = len(major)
    found = group_pairs(major, 5 * spread + 1, minor, 5 * spread + 1, order)
    place = np.arange(n)
    if order is not None:
        place[order] = np.arange(n)
    expected = np.lexsort((place, minor, major))
    np.testing.assert_array_equal(found.order, expected)
    chains = sorted(set(zip(major.tolist(), minor.tolist(), strict=True)))
    assert list(zip(found.major.tolist(), found.minor.tolist(), strict=True)) == chains
    counts = [int(((major == a) & (minor == b)).sum()) for a, b in chains]
    assert found.lengths.tolist() == counts
    assert found.starts.tolist() == np.cumsum([0, *counts])[:-1].tolist()


def test_a_pair_does_not_overflow_the_type_of_its_keys():
    major = np.array([40_000, 0, 40_000, 39_999], np.int32)
    minor = np.array([70_000, 0, 70_000, 70_000], np.int32)
    # So many rows that one table of all pairs is taken: 41 million pairs, 11 million rows.
    found = group_pairs(major, 40_001, minor, 70_001)
    assert found.order.tolist() == [1, 3, 0, 2]
    major, minor = (np.tile(keys, 2_000) for keys in (major // 400, minor // 700))
    found = group_pairs(major.astype(np.int8), 101, minor.astype(np.int8), 101)
    np.testing.assert_array_equal(found.order, np.lexsort((minor, major)))


@given(st.lists(st.integers(0, 6), max_size=40))
def test_chains_by_length(keys):
    sequences = group_pairs(np.zeros(len(keys), int), 1, np.array(keys, int), 7)
    chains, reach = longest_first(sequences)
    lengths = sequences.lengths
    np.testing.assert_array_equal(chains, np.argsort(-lengths, kind="stable"))
    assert reach.tolist() == [int((lengths > t).sum()) for t in range(max(lengths, default=0))]


any_key = st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 60)
# Keys whose hashes agree in their high bits stand in one another's way.
GOLDEN_INVERSE = pow(0x9E3779B97F4A7C15, -1, 2**64)
crowded = st.integers(0, 40).map(
    lambda k: int(np.uint64(k * GOLDEN_INVERSE % 2**64).astype(np.int64))
)


@settings(max_examples=trials(2000))
@given(st.lists(st.lists(any_key | crowded, unique=True, max_size=40), max_size=8))
def test_a_table_of_keys_is_a_dictionary(batches):
    table: KeyTable = KeyTable()
    slots: dict[int, int] = {}
    for batch in batches:
        keys = np.array(batch, np.int64)
        asked = np.concatenate([keys, keys[::-1], np.array([0, -1, 17], np.int64)])
        expected = [slots.get(int(key), -1) for key in asked]
        assert table.find(asked).tolist() == expected
        for key in batch:
            slots.setdefault(key, len(slots))
        assert table.add(keys).tolist() == [slots[key] for key in batch]
        assert len(table) == len(slots)
        assert table.keys.tolist() == list(slots)
        assert table.find(asked[: 2 * len(keys)]).tolist() == [
            slots[k] for k in [*batch, *batch[::-1]]
        ]


@settings(max_examples=trials(2000))
@given(
    st.lists(
        st.tuples(
            st.lists(any_key | crowded, unique=True, max_size=40),
            st.lists(st.integers(0, 300), max_size=12),
        ),
        max_size=8,
    )
)
def test_a_table_gives_up_keys_and_moves_none(batches):
    table: KeyTable = KeyTable()
    slots: dict[int, int] = {}
    n_slots = 0
    for batch, given_up in batches:
        keys = np.array(batch, np.int64)
        for key in batch:
            n_slots += key not in slots
            slots.setdefault(key, n_slots - 1)
        assert table.add(keys).tolist() == [slots[key] for key in batch]
        gone = {list(slots)[place % len(slots)] for place in given_up} if slots else set()
        table.remove(np.array([slots.pop(key) for key in gone], np.int64))
        asked = np.array([*gone, *batch, *slots], np.int64)
        assert table.find(asked).tolist() == [slots.get(int(key), -1) for key in asked]
        assert table.slots.tolist() == sorted(slots.values())
        assert (len(table), table.n_removed) == (n_slots, n_slots - len(slots))


def test_a_key_that_comes_and_goes_stays_as_near():
    table, keys = KeyTable(), np.arange(5_000)
    table.add(keys)
    for _ in range(40):
        table.remove(table.find(keys[:3]))
        table.add(keys[:3])
    assert np.count_nonzero(table._table == table._REMOVED) <= 3


def test_a_table_of_many_keys():
    keys = np.random.default_rng(0).permutation(200_000) * 7 - 600_000
    table = KeyTable()
    for part in np.array_split(keys, 7):
        table.add(part)
    np.testing.assert_array_equal(table.find(keys), np.arange(len(keys)))
    assert (table.find(keys + 1) == -1).all()


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=60), st.integers(0, 2**32))
def test_distinct_is_numpys_unique(values, seed):
    rows = np.random.default_rng(seed).choice(np.array(values or [0], np.int64), 200)
    labels, codes = distinct(rows)
    expected, inverse = np.unique(rows, return_inverse=True)
    np.testing.assert_array_equal(labels, expected)
    np.testing.assert_array_equal(codes, inverse)


@pytest.mark.parametrize("n", [0, 1, 300, 100_000])
def test_distinct_where_nothing_repeats(n):
    values = np.random.default_rng(n).integers(-(2**62), 2**62, n)
    labels, codes = distinct(values)
    np.testing.assert_array_equal(labels, np.unique(values))
    np.testing.assert_array_equal(labels[codes], values)
