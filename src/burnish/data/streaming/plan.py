"""Which rows of which shard are in which window of an epoch: a pure function of (seed, epoch, window)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from burnish.core.seeds import generator


@dataclass(frozen=True)
class Slice:
    """Rows of a block, from `start` up to `stop`, counted from 0 in the block."""

    block: int
    start: int
    stop: int


@dataclass(frozen=True)
class StreamPlan:
    """The order of N rows in blocks (row groups of shards), whatever their sizes.

    In each epoch all blocks stand in another random order, one behind the other; windows of `window` rows are cut from that
    line, so that a window has parts of several blocks. Rows are mixed inside a window by whoever reads it. A row's place is
    an integer, and to find a window nothing before it is read.

    Attributes:
        sizes: [G] rows of each block.
        window: rows of each window but the last.
        seed: of the run.
    """

    sizes: NDArray[np.int64]
    window: int
    seed: int

    @cached_property
    def rows(self) -> int:
        """Rows of an epoch."""
        return int(self.sizes.sum())

    @property
    def windows(self) -> int:
        """Windows of an epoch."""
        return -(-self.rows // self.window)

    def slices(self, epoch: int, window: int) -> list[Slice]:
        """What a window is made of, in order; together `window` rows, in the last window of an epoch what is left."""
        order = generator(self.seed, "blocks", epoch).permutation(len(self.sizes))
        ends = np.cumsum(self.sizes[order])
        first, last = window * self.window, min((window + 1) * self.window, self.rows)
        found = []
        place = int(np.searchsorted(ends, first, side="right"))
        while first < last:
            begins = int(ends[place]) - int(self.sizes[order[place]])
            stop = min(last, int(ends[place]))
            if stop > first:
                found.append(Slice(int(order[place]), first - begins, stop - begins))
            first, place = stop, place + 1
        return found
