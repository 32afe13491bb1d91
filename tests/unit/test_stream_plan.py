"""Streams: each row once an epoch, in an order that is a function of (seed, epoch), whatever is read before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burnish.core.errors import InputError
from burnish.data.settings import Data
from burnish.data.streaming.plan import StreamPlan
from burnish.data.streaming.sampling import sample
from burnish.data.streaming.shards import opened


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=12).filter(any), st.integers(1, 15), st.integers(0, 3))
def test_every_row_is_in_one_window_of_each_epoch(sizes: list[int], window: int, seed: int) -> None:
    plan = StreamPlan(np.array(sizes), window, seed)
    for epoch in range(2):
        seen = []
        for number in range(plan.windows):
            slices = plan.slices(epoch, number)
            rows = [(one.block, row) for one in slices for row in range(one.start, one.stop)]
            assert len(rows) == (window if number + 1 < plan.windows else plan.rows - window * (plan.windows - 1))
            seen += rows
        assert sorted(seen) == [(block, row) for block, size in enumerate(sizes) for row in range(size)]


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    plan = StreamPlan(np.full(40, 5), 20, 0)
    orders = [[s.block for w in range(10) for s in p.slices(e, w)] for p, e in ((plan, 0), (plan, 1))]
    assert orders[0] != orders[1]
    assert orders[0] != [s.block for w in range(10) for s in StreamPlan(np.full(40, 5), 20, 1).slices(0, w)]
    assert orders[0] == [s.block for w in range(10) for s in plan.slices(0, w)]


def shards(folder: Path, count: int = 3) -> str:
    """Files of 10, 11, 12 ... rows in row groups of 4; the text of a row says where it is."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        rows = [{"text": f"{number} {row}", "label": "ab"[row % 2], "beside": 1.0} for row in range(10 + number)]
        pq.write_table(pa.Table.from_pylist(rows), folder / f"part-{number}.parquet", row_group_size=4)
    return str(folder / "part-*.parquet")


def data(train: Any, folder: Path, **more: Any) -> Data:
    return Data(train=train, validation=str(folder / "v.csv"), test=str(folder / "t.csv"), stream=True, **more)


def test_rows_know_their_shard_and_row(tmp_path: Path) -> None:
    found = opened(data(shards(tmp_path), tmp_path))
    assert found.rows == 33
    plan = StreamPlan(found.sizes, 7, 5)
    table = found.table(plan.slices(0, 1), ["text", "label"])
    assert table.columns == ("text", "label")
    for row, text in enumerate(table.values("text")):
        shard, number = text.split()
        assert table.place(row).endswith(f"part-{shard}.parquet, row {int(number) + 1}")


@pytest.mark.parametrize("way", ["folder", "pattern", "list", "address"])
def test_shards_are_named_in_several_ways(tmp_path: Path, way: str) -> None:
    pattern = shards(tmp_path)
    named = {
        "folder": str(tmp_path),
        "pattern": pattern,
        "list": [str(tmp_path / f"part-{n}.parquet") for n in range(3)],
        "address": f"file://{pattern}",
    }[way]
    assert opened(data(named, tmp_path)).rows == 33


def test_a_sample_is_the_same_whatever_the_seed_and_of_several_row_groups(tmp_path: Path) -> None:
    usual = data(shards(tmp_path), tmp_path)
    settings = Data.model_validate({**usual.model_dump(), "stream": {"window": 8, "sample": 12}})
    found = sample(settings)
    assert len(found) == 12
    assert len({tuple(place) for place in found.places.tolist()}) == 12
    assert len(set(found.places[:, 0].tolist())) > 1
    assert found.fingerprint == sample(settings).fingerprint


def test_changed_shards_have_another_fingerprint(tmp_path: Path) -> None:
    before = opened(data(shards(tmp_path), tmp_path)).fingerprint
    shards(tmp_path, 4)
    assert opened(data(str(tmp_path), tmp_path)).fingerprint != before


def test_what_cannot_be_streamed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="stream without validation"):
        sample(Data(train=shards(tmp_path), stream=True))
    with pytest.raises(InputError, match=r"data\.share"):
        sample(data(shards(tmp_path), tmp_path, share=0.5))
    with pytest.raises(InputError, match="no Parquet files"):
        opened(data(str(tmp_path / "nothing-*"), tmp_path))
    (tmp_path / "part-9.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputError, match="not a readable Parquet shard") as found:
        opened(data(str(tmp_path), tmp_path))
    assert found.value.place.endswith("part-9.parquet")
    with pytest.raises(InputError, match="a stream from"):
        opened(data([{"place": "a.parquet", "weight": 2}], tmp_path))


def test_other_types_in_another_shard_are_said(tmp_path: Path) -> None:
    shards(tmp_path, 1)
    pq.write_table(pa.table({"text": [1, 2], "label": ["a", "b"]}), tmp_path / "part-1.parquet")
    found = opened(data(str(tmp_path), tmp_path))
    with pytest.raises(InputError, match="the same types") as error:
        found.table(StreamPlan(found.sizes, found.rows, 0).slices(0, 0), ["text"])
    assert "part-" in error.value.place
