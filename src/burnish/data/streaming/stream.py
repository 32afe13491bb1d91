"""The training rows of a stream, step by step: windows are read, encoded, and cut into batches as a table is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from burnish.core.batch import Batch
from burnish.core.seeds import derive
from burnish.data.feeding.batches import Elsewhere, TrainingBatches
from burnish.data.feeding.encoded_rows import EncodedRows
from burnish.data.feeding.order import Order
from burnish.data.streaming.plan import StreamPlan
from burnish.data.streaming.shards import Shards, StreamTable
from burnish.data.table import Part

KEPT = 2
"""Windows in memory: threads that read ahead are in the next one while the last batch of one is computed."""


@dataclass
class Stream(Elsewhere):
    """Windows of rows.

    Attributes:
        shards: where rows are.
        plan: which are in which window; its windows are whole numbers of batches.
        columns: that are read.
        encode: rows as the network reads them.
        contents: [N] a hash of what each row says.
        held: hashes of validation and test rows, sorted: rows that say the same weigh nothing.
    """

    shards: Shards
    plan: StreamPlan
    columns: Sequence[str]
    encode: Callable[[Part], EncodedRows]
    contents: Callable[[StreamTable], NDArray[np.uint64]]
    held: NDArray[np.uint64]
    left_out: int = 0
    _windows: dict[tuple[int, int], TrainingBatches] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def steps_per_epoch(self, batch_size: int) -> int:
        return -(-self.plan.rows // batch_size)

    def micro(self, batches: TrainingBatches, step: int, micro_batch_size: int) -> Sequence[Batch]:
        window, inside = self._at(batches, step)
        return window.read(inside, micro_batch_size)

    def part(self, batches: TrainingBatches, step: int) -> Part:
        return self._at(batches, step)[0].loader.rows.part

    def _at(self, batches: TrainingBatches, step: int) -> tuple[TrainingBatches, int]:
        epoch, local = divmod(step, batches.steps_per_epoch)
        window, inside = divmod(local, self.plan.window // batches.order.batch_size)
        with self._lock:
            if (epoch, window) not in self._windows:
                while len(self._windows) >= KEPT:
                    del self._windows[min(self._windows)]
                pa.default_memory_pool().release_unused()
                self._windows[epoch, window] = self._read(batches, epoch, window)
            return self._windows[epoch, window], inside

    def _read(self, batches: TrainingBatches, epoch: int, window: int) -> TrainingBatches:
        table = self.shards.table(self.plan.slices(epoch, window), self.columns)
        rows = self.encode(Part(table, np.arange(len(table))))
        shared = np.isin(self.contents(table), self.held)
        self.left_out += int(shared.sum())
        rows = rows.without(np.flatnonzero(shared))
        order, seed = batches.order, derive(batches.order.seed, "window", epoch, window)
        made = Order(
            sampler=order.sampler,
            usable=np.arange(len(rows)),
            lengths=rows.given_lengths,
            strata=np.full(len(rows), -1),
            batch_size=order.batch_size,
            seed=seed,
        )
        loader = replace(batches.loader, rows=rows, seed=seed, decoded=None)
        return replace(batches, order=made, loader=loader, stream=None)
