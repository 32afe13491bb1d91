"""What is answered together is bounded in bytes and tokens as well as in rows, so that memory does not grow with long texts."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from burnish.answering.predictor import Predictor
from burnish.stages.given_columns import GivenColumns
from burnish.stages.predict import rows as answer_rows
from burnish.stages.predict.rows import cuts
from burnish.stages.predict.rows_arrow import _ends
from burnish.stages.predict.rows_plain import PlainRows
from tests.data_cases import BARE


def test_cuts_are_bounded_in_rows_and_bytes(monkeypatch: Any) -> None:
    """A row larger than a window stands alone; every row is in one window."""
    monkeypatch.setattr(answer_rows, "BYTES", 100)
    sizes = [10] * 25 + [500] + [60, 60, 40, 1] + [0] * 12
    found = cuts(np.concatenate([[0], np.cumsum(sizes)]), 8)
    assert (found[0], found[-1]) == (0, len(sizes))
    for start, end in pairwise(found):
        assert 0 < end - start <= 8
        assert sum(sizes[start:end]) <= 100 or end - start == 1
    assert cuts([0], 8) == [0]
    assert len(cuts(list(range(41)), 8)) == 6


def test_rows_in_arrow_count_their_texts_and_files() -> None:
    """Missing values are nothing; lists count as if all were as long."""
    columns = {"a": ["xx", None, "\u00e9"], "b": [b"123", b"", None], "c": [[1], [2], [3]], "d": [1.5, None, 2.5]}
    batch = pa.RecordBatch.from_pydict(columns)
    steps = np.diff(_ends(batch)) - np.diff(_ends(batch.select(["c", "d"])))
    assert steps.tolist() == [5, 0, 2]


def test_windows_of_lean_rows_hold_every_row_once(tmp_path: Path, monkeypatch: Any) -> None:
    """In their order, whatever the length of their texts."""
    monkeypatch.setattr(answer_rows, "BYTES", 300)
    data = tmp_path / "rows.csv"
    data.write_text("id,text\n" + "".join(f"{i},{'x' * (40 * i % 170)}\n" for i in range(30)), encoding="utf-8")
    windows = PlainRows(str(data), GivenColumns(("text",)), tmp_path).windows(10)
    found = [window.rows() for _, window in windows.numbered(set())]
    assert [row["id"] for rows in found for row in rows] == [str(i) for i in range(30)]
    assert len(found) == len(windows) > 3
    assert max(map(len, found)) <= 10


def test_long_rows_share_a_batch_with_fewer(monkeypatch: Any) -> None:
    """64 short rows together, 8 of 512 tokens, and one that is longer than any alone."""

    class Lengths:
        stored = True

        def encode(self, rows: list[dict[str, int]], processor: Any) -> list[dict[str, int]]:
            return [{"_length": row["n"]} for row in rows]

    class Bundle:
        input, processor = Lengths(), BARE

    predictor = Predictor(Bundle(), lambda: None)  # type: ignore[arg-type]
    rows = [{"n": n} for n in [100] * 130 + [512] * 20 + [10_000]]
    found = [list(places) for places, _ in predictor._pieces(rows)]
    assert sorted(place for places in found for place in places) == list(range(151))
    assert [len(places) for places in found][:3] == [1, 8, 8]
    assert len(found[-2]) == 64
    for places in found:
        longest = max(rows[p]["n"] for p in places)
        assert len(places) == 1 or len(places) * longest**2 <= 64 * 2**15
