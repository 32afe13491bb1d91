"""The training rows of a run, step by step: cut into micro-batches, mixed, and read ahead."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Batch
from burnish.core.seeds import derive
from burnish.data.feeding.ahead import StepsAhead
from burnish.data.feeding.loader import Loader
from burnish.data.feeding.mixed import Mixed
from burnish.data.feeding.order import Order, cut
from burnish.data.feeding.packing import lines_of, packed_batch
from burnish.data.mixing import Mixing
from burnish.data.table import Part


class Elsewhere(ABC):
    """Where steps are read from, if not from the rows of one table."""

    @abstractmethod
    def steps_per_epoch(self, batch_size: int) -> int:
        """Optimizer steps of an epoch."""

    @abstractmethod
    def micro(self, batches: TrainingBatches, step: int, micro_batch_size: int) -> Sequence[Batch]:
        """Micro-batches of an optimizer step: a pure function of its arguments."""

    @abstractmethod
    def part(self, batches: TrainingBatches, step: int) -> Part:
        """The rows among which those of a step are found by their numbers."""


@dataclass(frozen=True)
class TrainingBatches:
    """The training rows of a run, step by step.

    Attributes:
        order: which rows each step visits.
        loader: how rows are read.
        features: what steps read instead, where the frozen backbone's features were computed.
        workers: threads that read steps ahead.
        most: elements of a micro-batch, unless a single line has more; None: any number.
        stream: where steps read from; `order` and `loader` are then of a sample, which is learned from as a part of it.
    """

    order: Order
    loader: Loader
    total_steps: int
    overhead: int
    process: int
    processes: int
    mixing: Mixing | None = None
    features: Loader | None = None
    workers: int = 0
    most: int | None = None
    stream: Elsewhere | None = None

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps of one epoch."""
        if self.stream is not None:
            return self.stream.steps_per_epoch(self.order.batch_size)
        return self.order.steps_per_epoch

    def part(self, step: int) -> Part:
        """The rows among which those of a step are found by their numbers."""
        return self.loader.rows.part if self.stream is None else self.stream.part(self, step)

    def micro(self, step: int, micro_batch_size: int) -> Sequence[Batch]:
        """This process' micro-batches of one optimizer step; the next steps are read meanwhile."""
        return self.reading.of(step, micro_batch_size)

    @cached_property
    def reading(self) -> StepsAhead[Batch]:
        """Steps that are read ahead."""
        return StepsAhead(self.read, self.total_steps, 0 if self.features else self.workers)

    def two_rows(self) -> Batch:
        """Two rows that are learned from, as the network reads them: what is to be tried of a network is tried with them."""
        return (self.features or self.loader).batch(self.order.usable[:2])

    def read(self, step: int, micro_batch_size: int) -> Sequence[Batch]:
        """What `micro` gives, read now."""
        if self.stream is not None:
            return self.stream.micro(self, step, micro_batch_size)
        positions, mixed = self.order.batch(step), self.mixed(step)
        if self.order.sampler.packs():
            return self._packed(positions, step, micro_batch_size)
        loader = self.features or self.loader
        lengths = loader.rows.given_lengths[positions]
        pieces = cut(
            np.arange(len(positions)),
            lengths if mixed is None else np.maximum(lengths, lengths[mixed.partners]),
            limit=micro_batch_size,
            overhead=self.overhead,
            most=self.most,
            process=self.process,
            processes=self.processes,
        )
        if mixed is not None:
            return [mixed.batch(places, real) for places, real in pieces]
        epoch = step // self.steps_per_epoch
        return [loader.batch(positions[places], real, epoch=epoch) for places, real in pieces]

    def _packed(self, positions: NDArray[np.int64], step: int, micro_batch_size: int) -> list[Batch]:
        """Micro-batches of lines of several rows."""
        lengths, epoch = self.loader.rows.given_lengths[positions], step // self.steps_per_epoch
        lines = lines_of(self.order.sampler, lengths)
        pieces = cut(
            np.arange(len(lines)),
            np.array([lengths[line].sum() for line in lines]),
            limit=micro_batch_size,
            overhead=self.overhead,
            most=self.most,
            process=self.process,
            processes=self.processes,
        )
        return [
            packed_batch(self.loader, [positions[lines[place]] for place in places], real, epoch=epoch)
            for places, real in pieces
        ]

    def mixed(self, step: int) -> Mixed | None:
        """The mixed rows of one optimizer step; None where it mixes nothing."""
        if self.mixing is None:
            return None
        positions, progress = self.order.batch(step), step / self.total_steps
        partners = self.mixing.partners(len(positions), progress, derive(self.order.seed, "mixing", step))
        if partners is None:
            return None
        return Mixed(self.loader, self.mixing, positions, partners, step, step // self.steps_per_epoch)
