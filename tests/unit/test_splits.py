"""Splits one by one, and the three parts of a run."""

from __future__ import annotations

import datetime
import time
from typing import Any

import numpy as np
import pytest

from burnish.core.errors import InputError
from burnish.data.looking.audit.proportions import proportions
from burnish.data.parts import divide
from burnish.data.reading.contents import content_hash, content_hashes
from burnish.data.splits import TEST, TRAIN, VALIDATION
from burnish.data.splits.column import Column
from burnish.data.splits.grouped import Grouped
from burnish.data.splits.stratified import Stratified
from burnish.data.splits.time import Time, moment
from burnish.data.table import Part, Table
from tests.data_cases import label_target, table, text_input

NOTHING = np.zeros(0, np.uint64)


def keys(n: int, seed: int = 0) -> Any:
    """Different contents."""
    return np.random.default_rng(seed).integers(1, 2**63, n).astype(np.uint64)


def hand_over(split: Any, made: Table, parts: tuple[bool, bool] = (True, True)) -> list[int]:
    """Splits of a table whose contents and classes do not matter."""
    n = len(made)
    return list(split.assign(made, keys(n), np.full(n, -1), seed=0, parts=parts).tolist())


def test_every_class_has_test_rows_from_four_and_validation_rows_from_eight() -> None:
    """For many seeds and sizes, with the default shares, and counts near exact."""
    for seed in range(40):
        for n in (4, 8, 11, 23, 60):
            found = Stratified().assign(table([]), keys(n, seed), np.zeros(n, np.int64), seed=seed, parts=(True, True))
            counts = np.bincount(found, minlength=3)
            assert counts[TEST] >= 1
            assert n < 8 or counts[VALIDATION] >= 1
            assert np.abs(counts - n * np.array([0.7, 0.1, 0.2])).max() <= 1.5


def test_first_row_of_a_class_trains() -> None:
    """A class that occurs once can only be learned if it trains."""
    found = Stratified().assign(table([]), keys(50), np.arange(50), seed=1, parts=(True, True))
    assert set(found.tolist()) == {TRAIN}


def test_seeds_differ_and_splits_are_not_periodic() -> None:
    """Two seeds agree on hardly more test rows than chance has it."""
    one, two = (
        Stratified().assign(table([]), keys(1000), np.zeros(1000, int), seed=s, parts=(True, True)) for s in (0, 1)
    )
    both = ((one == TEST) & (two == TEST)).sum()
    assert both < 110


def test_missing_contents_are_rows_of_their_own() -> None:
    """A thousand empty texts do not all land in one split."""
    found = Stratified().assign(table([]), np.zeros(1000, np.uint64), np.zeros(1000, int), seed=0, parts=(True, True))
    assert np.bincount(found).tolist() == pytest.approx([700, 100, 200], abs=2)


def test_shares_that_leave_nothing_for_training() -> None:
    """Are refused."""
    with pytest.raises(InputError, match="no examples for training"):
        Stratified(validation=0.5, test=0.5).assign(table([]), keys(9), np.zeros(9, int), seed=0, parts=(True, True))


@pytest.mark.slow
def test_a_million_rows_are_quick() -> None:
    """Under ten seconds of processor time, which neighbours disturb little, with fifty classes."""
    start = time.process_time()
    found = Stratified().assign(table([]), keys(1_000_000), np.arange(1_000_000) % 50, seed=0, parts=(True, True))
    assert time.process_time() - start < 10
    assert np.bincount(found).tolist() == pytest.approx([700_000, 100_000, 200_000], abs=75)


def test_groups_stay_whole_and_rows_without_one_go_by_content() -> None:
    """A blank group is no group."""
    made = table([{"customer": c} for c in ["a", "b", " ", None, "a", "", "b"] * 40])
    contents = np.tile(np.array([1, 2, 3, 4, 5, 6, 7], np.uint64), 40) * np.uint64(7919)
    found = Grouped(group="customer").assign(made, contents, np.zeros(280, int), seed=0, parts=(True, True))
    for column in range(7):
        assert len(set(found[column::7].tolist())) == 1
    assert found[0] == found[4]
    assert found[1] == found[6]


SIZES = {
    "one giant": ([108, *[1] * 12], (108, 4, 8), 1),
    "one giant of four": ([90, 6, 10, 14], (90, 10, 20), 4),
    "ten alike": ([12] * 10, (84, 12, 24), 0),
    "a long tail": ([200, 82, 38, 21, 15, 10, 9, 8, 7, 6, *[2] * 8, 1, 1], (289, 41, 83), 2),
    "two that are too large for the test": ([40, 40, *[1] * 20], (80, 7, 13), 1),
}


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("seed", range(5))
def test_large_groups_leave_shares_near_those_asked_for(name: str, seed: int) -> None:
    """Whatever the order of groups; a giant one trains."""
    sizes, expected, slack = SIZES[name]
    order = np.random.default_rng(seed).permutation(len(sizes))
    made = table([{"customer": f"c{g}"} for g in order for _ in range(sizes[g])])
    found = Grouped(group="customer").assign(
        made, keys(len(made), seed), np.arange(len(made)) % 2, seed=seed, parts=(True, True)
    )
    assert np.abs(np.bincount(found, minlength=3) - expected).max() <= slack


def test_one_text_in_half_of_the_rows_leaves_shares_near_those_asked_for() -> None:
    contents = keys(200)
    contents[::2] = contents[0]
    found = Stratified().assign(table([]), contents, np.arange(200) % 3, seed=0, parts=(True, True))
    assert len(set(found[::2].tolist())) == 1
    assert np.bincount(found).tolist() == pytest.approx([140, 20, 40], abs=2)


def test_sizes_are_looked_at_only_where_shares_would_be_far() -> None:
    """As long as they are near, groups are dealt in their order, and what is appended moves none."""
    made = table([{"customer": f"c{i % 100}"} for i in range(500)])
    arguments: Any = (made, keys(500), np.zeros(500, int))
    split = Grouped(group="customer")
    one, before = (s.assign(*arguments, seed=0, parts=(True, True)) for s in (split, split.as_before()))
    assert one.tolist() == before.tolist()
    assert split.as_before().model_dump() == split.model_dump()


@pytest.mark.parametrize(
    ("years", "expected"),
    [
        ([15] * 10, [105, 15, 30]),
        ([50, 50, 50], [50, 50, 50]),
        ([100, 20, 30], [100, 20, 30]),
        ([70, 60, 9, 11, 10, 40], [139, 21, 40]),
        ([1, 1, 98], [1, 1, 98]),
        ([60, 40], [60, 0, 40]),
    ],
)
def test_years_are_cut_nearest_to_the_shares(years: list[int], expected: list[int]) -> None:
    """Rows of one year stay together; every split has rows where there are years enough."""
    made = table([{"year": 2000 + y} for y, n in enumerate(years) for _ in range(n)])
    found = hand_over(Time(column="year"), made)
    assert np.bincount(found, minlength=3).tolist() == expected


def test_a_named_date_and_a_share() -> None:
    made = table([{"year": y} for y in (2000, 2001, 2002, 2003) for _ in range(25)])
    assert np.bincount(hand_over(Time(column="year", test_from=2003), made)).tolist() == [50, 25, 25]
    assert np.bincount(hand_over(Time(column="year", validation_from=2001, test=0.3), made)).tolist() == [25, 50, 25]


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ([108, *[1] * 12], "asked for as 70% / 10% / 20% of 120 rows and are 90.0% / 3.3% / 6.7% (108 / 4 / 8 rows)"),
        ([40, 40, 40], "33.3% / 33.3% / 33.3% (40 / 40 / 40 rows): groups stay whole; there are 3, and the largest"),
        ([5] * 24, None),
    ],
)
def test_shares_far_from_those_asked_for_are_said_with_figures(sizes: list[int], said: str | None) -> None:
    rows = [
        {"text": f"{g} {i}", "label": "ab"[i % 2], "who": f"c{g}"} for g, size in enumerate(sizes) for i in range(size)
    ]
    split = Grouped(group="who")
    parts = divide({"train": table(rows)}, split, text_input(), label_target(), seed=1)
    found = [f.message for f in proportions(parts, split, text_input())]
    assert bool(found) == bool(said)
    assert said is None or said in found[0]
    parts["test"] = Part(table(rows), np.arange(2))  # a given file is nobody's share
    assert "/ 0%" in "".join(f.message for f in proportions(parts, split, text_input())) or not said


def test_an_empty_split_says_how_few_groups_there_are() -> None:
    rows = [{"text": str(i), "label": "ab"[i % 2], "who": "xy"[i % 2]} for i in range(40)]
    with pytest.raises(
        InputError, match=r"split is empty \(grouped split of 40 rows; it has 2 groups, which stay whole"
    ):
        divide({"train": table(rows)}, Grouped(group="who"), text_input(), label_target(), seed=0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1970-01-02", (86400.0, "dates")),
        ("1970-01-01T01:00:00+01:00", (0.0, "dates")),
        ("1970-01-01T00:00:10Z", (10.0, "dates")),
        (datetime.date(1970, 1, 2), (86400.0, "dates")),
        (datetime.datetime(1970, 1, 1, 0, 1), (60.0, "dates")),
        ("17.5", (17.5, "numbers")),
        (2019, (2019.0, "numbers")),
        ("yesterday", None),
        (None, None),
        (True, None),
        ("nan", None),
    ],
)
def test_moments(value: Any, expected: Any) -> None:
    """Dates with and without zones, numbers, and what is neither."""
    assert moment(value) == expected


def test_time_by_cut_offs_and_by_shares() -> None:
    """Later rows validate and test; the order of rows does not matter."""
    made = table([{"when": str(i * 37 % 100)} for i in range(100)])
    when = np.array([i * 37 % 100 for i in range(100)])
    given = np.array(hand_over(Time(column="when", validation_from=50, test_from="90"), made))
    assert (given == np.where(when >= 90, TEST, np.where(when >= 50, VALIDATION, TRAIN))).all()
    by_share = np.array(hand_over(Time(column="when"), made))
    assert (by_share == np.where(when >= 80, TEST, np.where(when >= 70, VALIDATION, TRAIN))).all()
    no_test = np.array(hand_over(Time(column="when"), made, (True, False)))
    assert (no_test == np.where(when >= 90, VALIDATION, TRAIN)).all()


def test_time_keeps_rows_of_one_moment_together() -> None:
    """Three days, many rows each."""
    made = table([{"when": f"2024-01-0{1 + i % 3}"} for i in range(30)])
    found = hand_over(Time(column="when"), made)
    assert all(len(set(found[day::3])) == 1 for day in range(3))


@pytest.mark.parametrize(
    ("values", "settings", "words"),
    [
        (["2024-01-01", None], {}, "made.csv, row 2: column 'when' holds no time"),
        (["2024-01-01", "soon"], {}, "made.csv, row 2: column 'when' holds 'soon'"),
        (["2024-01-01", "7"], {}, "mixes dates and numbers"),
        (["1", "2"], {"test_from": "2024-01-01"}, "split.test_from"),
        (["1", "2"], {"test_from": "late"}, "split.test_from"),
        (["1", "2"], {"validation_from": 2, "test_from": 1}, "after the test"),
    ],
)
def test_bad_times(values: list[Any], settings: dict[str, Any], words: str) -> None:
    """The row, or the setting, is named."""
    with pytest.raises(InputError) as caught:
        hand_over(Time(column="when", **settings), table([{"when": v} for v in values]))
    assert words in str(caught.value)


def test_column_words_and_mapping() -> None:
    """Usual words in any case, and words of one's own."""
    words = ["Train", "dev", "VALID", " test", "holdout", "validation", "training", "val"]
    made = table([{"split": w} for w in words])
    found = hand_over(Column(values={"Holdout": "test"}), made)
    assert found == [TRAIN, VALIDATION, VALIDATION, TEST, TEST, VALIDATION, TRAIN, VALIDATION]


@pytest.mark.parametrize(
    ("value", "parts", "words"),
    [
        ("tset", (True, True), "did you mean 'test'?"),
        ("", (True, True), "holds nothing"),
        ("test", (True, False), "a file is given for test"),
    ],
)
def test_bad_column_values(value: str, parts: tuple[bool, bool], words: str) -> None:
    """The row is named, and the nearest word."""
    with pytest.raises(InputError) as caught:
        hand_over(Column(), table([{"split": "train"}, {"split": value}]), parts)
    assert words in str(caught.value)
    assert "row 2" in str(caught.value)


def test_content_hashes_ignore_outer_space_only() -> None:
    """Case and inner space count; nothing is 0."""
    made = table([{"text": t} for t in ("a b", " a b\n", "A b", "a  b", "", "  ", None)])
    found = content_hashes(made, ("text",), text_input().audited_text)
    assert found[0] == found[1] == content_hash("a b")
    assert len(set(found[:4].tolist())) == 3
    assert found[4:].tolist() == [0, 0, 0]


def labelled(n: int, prefix: str = "t") -> list[dict[str, Any]]:
    """n rows of two classes."""
    return [{"text": f"{prefix}{i}", "label": "ab"[i % 2]} for i in range(n)]


def test_divide_makes_what_has_no_file() -> None:
    """Made parts are disjoint and cover train; given ones are whole."""
    parts = divide({"train": table(labelled(100))}, Stratified(), text_input(), label_target(), seed=0)
    assert sorted(np.concatenate([p.rows for p in parts.values()]).tolist()) == list(range(100))
    given = table(labelled(9, "x"), "test.csv")
    parts = divide({"train": table(labelled(100)), "test": given}, Stratified(), text_input(), label_target(), seed=0)
    assert parts["test"].table is given
    assert len(parts["test"]) == 9
    assert len(parts["train"]) + len(parts["validation"]) == 100


def test_divide_names_the_missing_column_and_file() -> None:
    """With the nearest spelling."""
    other = table([{"text": "a", "lable": "a"}], "test.csv")
    with pytest.raises(InputError) as caught:
        divide({"train": table(labelled(9)), "test": other}, Stratified(), text_input(), label_target(), seed=0)
    assert str(caught.value).startswith("test.csv: there is no column 'label'")
    assert "'lable'" in caught.value.fix


def test_divide_refuses_too_few_rows_and_empty_splits() -> None:
    """`empty_split` accepts a validation split without rows, never an empty train."""
    arguments: Any = (Stratified(), text_input(), label_target())
    with pytest.raises(InputError, match="2 rows for 3 splits"):
        divide({"train": table(labelled(2))}, *arguments, seed=0)
    with pytest.raises(InputError, match="empty_split"):
        divide({"train": table(labelled(100))}, Stratified(validation=0), text_input(), label_target(), seed=0)
    made = divide(
        {"train": table(labelled(100))}, Stratified(validation=0), *arguments[1:], seed=0, allow=["empty_split"]
    )
    assert len(made["validation"]) == 0
    everything = Time(column="label2", test_from=0)
    rows = [{**row, "label2": 1} for row in labelled(9)]
    with pytest.raises(InputError, match="train split is empty"):
        divide({"train": table(rows)}, everything, *arguments[1:], seed=0, allow=["empty_split"])
