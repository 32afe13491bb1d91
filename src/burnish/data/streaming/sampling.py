"""A sample of a stream as a table: what a run learns about its rows before it trains on them."""

from __future__ import annotations

from burnish.core.errors import InputError
from burnish.data.settings import Data
from burnish.data.streaming.plan import Slice, StreamPlan
from burnish.data.streaming.shards import Shards, StreamTable, opened

PIECES = 16
"""Row groups that a sample is taken from, where there are so many."""


def sample(data: Data) -> StreamTable:
    """Some rows of some row groups, the same for the same shards whatever the run's seed.

    Raises:
        InputError: validation or test rows are not named, or what cannot be streamed is asked for; see `shards.opened`.
    """
    assert data.stream is not None
    for part in ("validation", "test"):
        if getattr(data, part) is None:
            raise InputError(
                f"a stream without {part} data",
                expected="files for validation and test: they cannot be cut from rows that are not there",
                place=f"data.{part}",
            )
    if data.share != 1:
        raise InputError(
            f"data.share of {data.share:g} of a stream", fix="name fewer shards, or max_steps", place="data.share"
        )
    shards = opened(data)
    table = shards.table(_slices(shards, data.stream.sample))
    notes = (
        f"train: a stream of {shards.rows:,} rows in {len(shards.files):,} shards; {len(table):,} of them are looked at",
    )
    return StreamTable(
        table.arrow, table.origins, notes, made=table.made, addresses=table.addresses, places=table.places
    )


def _slices(shards: Shards, count: int) -> list[Slice]:
    """The first rows of the blocks that come first in an order of their own."""
    plan = StreamPlan(shards.sizes, shards.rows, seed=0)
    each = max(1, -(-count // min(PIECES, len(shards.sizes))))
    found, left = [], count
    for one in plan.slices(0, 0):
        size = min(each, left, one.stop - one.start)
        found.append(Slice(one.block, one.start, one.start + size))
        left -= size
        if not left:
            break
    return found
