"""Which rows are in which batch, decided before any row is read: a pure function of (seed, step)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from burnish.data.feeding.mixture import Mixture
from burnish.data.samplers import Sampler

Positions = NDArray[np.int64]


@dataclass
class Order:
    """The order of training rows over a whole run.

    Any step is found in O(1) batches: resuming replays nothing.

    Attributes:
        sampler: the rule.
        usable: int64 [M], positions of rows with something to learn from.
        lengths, strata: [M], of those rows.
        batch_size: rows of one optimizer step, over all processes and micro-batches.
        seed: the run's seed.
        mixture: how often rows of several data sets are seen; None: each once.
    """

    sampler: Sampler
    usable: Positions
    lengths: NDArray[np.int64]
    strata: NDArray[np.int64]
    batch_size: int
    seed: int
    mixture: Mixture | None = None
    _kept: dict[int, Positions] = field(default_factory=dict, repr=False)

    def epoch(self, epoch: int) -> Positions:
        """Positions in the order one epoch visits them."""
        kept = self._kept.get(epoch)  # threads that read ahead may be in the next epoch already: each keeps what it got
        if kept is None:
            rows = self._seen(epoch)
            lengths, strata = self.lengths[rows], self.strata[rows]
            order = self.sampler.order(lengths, strata, batch_size=self.batch_size, seed=self.seed, epoch=epoch)
            kept = self.usable[rows][order]
            self._kept = {epoch: kept}
        return kept

    def _seen(self, epoch: int) -> Positions:
        """Places in `usable` of the rows an epoch chooses from, repeated where they are seen several times."""
        if self.mixture is None:
            return np.arange(len(self.usable))
        by_class = self.strata if self.sampler.counts_classes else None
        return self.mixture.rows(seed=self.seed, epoch=epoch, strata=by_class)

    @cached_property  # an order of all rows is made for it: once a run, not once a step
    def rows_per_epoch(self) -> int:
        """How many rows an epoch visits."""
        return len(self.epoch(0))

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps in one epoch; the last may have fewer rows, which its weight sum accounts for."""
        return -(-self.rows_per_epoch // self.batch_size)

    def batch(self, step: int) -> Positions:
        """The rows of optimizer step `step`, counting from 0 over all epochs."""
        epoch, index = divmod(step, self.steps_per_epoch)
        return self.epoch(epoch)[index * self.batch_size : (index + 1) * self.batch_size]


def cut(
    positions: Positions,
    lengths: NDArray[np.int64],
    *,
    limit: int,
    overhead: int,
    most: int | None = None,
    process: int = 0,
    processes: int = 1,
) -> list[tuple[Positions, int]]:
    """One process' share of a batch, cut into micro-batches of rows of like length.

    Where to cut is chosen so that the fewest elements are computed: a micro-batch costs its rows times its longest row,
    plus a fixed overhead. One row of 500 tokens among thirty of 20 goes alone; the gradient is the same either way.
    Every process gets the same number of micro-batches, because gradients are exchanged in step; where rows do not go
    round, the last rows of a micro-batch are repeats that must weigh 0.

    Args:
        positions: rows of the optimizer step.
        lengths: input length of every row of the split.
        limit: most rows of one micro-batch of one process.
        overhead: what starting another micro-batch costs, in elements.
        most: elements of one micro-batch of one process, padding included, unless a single row has more; None: any number.
        process, processes: this process and how many there are.

    Returns:
        (positions, real) for each micro-batch; only the first `real` rows count.
    """
    by_length = positions[np.argsort(-lengths[positions], kind="stable")]
    out: list[tuple[Positions, int]] = []
    start = 0
    bound = None if most is None else most * processes
    for size in _sizes(lengths[by_length], limit * processes, overhead * processes, bound):
        piece = by_length[start : start + size]
        share = piece[process::processes]
        out.append((share, len(share)) if len(share) else (piece[-1:], 0))
        start += size
    return out


def _sizes(lengths: NDArray[np.int64], limit: int, overhead: int, most: int | None) -> list[int]:
    """Sizes of consecutive pieces of rows in falling order of length that together cost least (dynamic programming)."""
    rows = len(lengths)
    if lengths[0] == lengths[-1] and rows <= limit and (most is None or rows * int(lengths[0]) <= most):
        return [rows]
    cost = np.full(rows + 1, np.inf)  # cost[i]: of the rows before i
    cost[0] = 0
    came = np.zeros(rows + 1, np.int64)
    for end in range(1, rows + 1):
        starts = np.arange(max(0, end - limit), end)
        size = lengths[starts] * (end - starts)
        costs = cost[starts] + size + overhead
        if most is not None:
            costs[(size > most) & (starts < end - 1)] = np.inf
        best = int(np.argmin(costs))
        cost[end], came[end] = costs[best], starts[best]
    sizes: list[int] = []
    end = rows
    while end:
        sizes.append(int(end - came[end]))
        end = int(came[end])
    return sizes[::-1]


def padding_ratio(order: Positions, lengths: NDArray[np.int64], batch_size: int) -> float:
    """Share of padding among all elements when rows are batched in this order: 0 is none, 0.5 is half."""
    if len(order) == 0:
        return 0.0
    ordered = lengths[order]
    starts = np.arange(0, len(ordered), batch_size)
    longest = np.maximum.reduceat(ordered, starts)
    sizes = np.diff(np.append(starts, len(ordered)))
    total = int((longest * sizes).sum())
    return 1.0 - float(ordered.sum()) / total if total else 0.0
