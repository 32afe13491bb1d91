"""Splits, whatever the data."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from burnish.data.splits import TEST, VALIDATION
from burnish.data.splits.grouped import Grouped
from burnish.data.splits.stratified import Stratified
from tests.data_cases import table

ROW = st.tuples(st.integers(0, 30), st.integers(-1, 4), st.sampled_from(["a", "b", "c", "d", "e", None]))
ROWS = st.lists(ROW, min_size=1, max_size=120)
SHARES = st.tuples(st.floats(0, 0.45), st.floats(0, 0.45))
EITHER = st.booleans()


def assigned(rows: list[Any], grouped: bool, shares: tuple[float, float], seed: int, in_order: bool = False) -> Any:
    """Splits of rows given as (content, class, group); content 0 is missing. `in_order`: never dealt by size."""
    contents = np.array([r[0] for r in rows], np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    made = table([{"group": r[2]} for r in rows])
    names = {"validation": shares[0], "test": shares[1]}
    split = Grouped(group="group", **names) if grouped else Stratified(**names)
    split = split.as_before() if in_order else split
    return split.assign(made, contents, np.array([r[1] for r in rows]), seed=seed, parts=(True, True))


@settings(max_examples=60, deadline=None)
@given(ROWS, ROWS, EITHER, SHARES, st.integers(0, 9))
def test_appended_rows_move_none(old: Any, new: Any, grouped: bool, shares: Any, seed: int) -> None:
    """Whatever is appended: repeats, new classes, old groups; as long as sizes are not looked at."""
    before, after = assigned(old, grouped, shares, seed, True), assigned(old + new, grouped, shares, seed, True)
    assert after[: len(old)].tolist() == before.tolist()


@settings(max_examples=60, deadline=None)
@given(ROWS, st.permutations(range(-1, 5)), EITHER, SHARES)
def test_numbers_of_classes_do_not_matter(rows: Any, names: list[int], grouped: bool, shares: Any) -> None:
    """Only which rows share a class does."""
    renamed = [(content, names[label + 1], group) for content, label, group in rows]
    assert assigned(rows, grouped, shares, 0).tolist() == assigned(renamed, grouped, shares, 0).tolist()


@settings(max_examples=60, deadline=None)
@given(ROWS, SHARES, st.integers(0, 9))
def test_equal_contents_stay_together(rows: Any, shares: Any, seed: int) -> None:
    """Also when their labels differ."""
    found = assigned(rows, False, shares, seed)
    for content in {r[0] for r in rows} - {0}:
        assert len({int(f) for f, r in zip(found, rows, strict=True) if r[0] == content}) == 1


@settings(max_examples=60, deadline=None)
@given(ROWS, SHARES, st.integers(0, 9))
def test_groups_never_cross(rows: Any, shares: Any, seed: int) -> None:
    """Whatever their texts and labels."""
    found = assigned(rows, True, shares, seed)
    for group in {r[2] for r in rows} - {None}:
        assert len({int(f) for f, r in zip(found, rows, strict=True) if r[2] == group}) == 1


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 400), SHARES, st.integers(0, 999))
def test_counts_are_near_exact_in_each_class(n: int, shares: Any, seed: int) -> None:
    """Within two rows of the share, and a part without a share has none."""
    rows = [(i + 1, i % 3, None) for i in range(n)]
    found = assigned(rows, False, shares, seed)
    for label in range(3):
        own = found[label::3]
        wanted = np.array([1 - sum(shares), *shares]) * len(own)
        assert np.abs(np.bincount(own, minlength=3) - wanted).max() <= 2
        for part, share in ((VALIDATION, shares[0]), (TEST, shares[1])):
            assert share > 0 or (own != part).all()
