"""Positions in, batches out: reads rows, encoded before or now, and pads them to one shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Array, Batch, Encoded, Example
from burnish.core.seeds import derive
from burnish.data.augmentations import Augmentation
from burnish.data.feeding.ahead import Sharing
from burnish.data.feeding.decoded import Decoded
from burnish.data.feeding.encode import EncodedRows
from burnish.inputs import Input
from burnish.targets import Target


@dataclass(frozen=True)
class Loader:
    """Batches of one split.

    Attributes:
        rows: the encoded rows; inputs that are not stored are read from the table behind them.
        input, target, processor: how they are encoded and padded.
        class_weights: float32 [C] by which targets are weighted, in training only; None for evaluation.
        augmentation: how rows are changed at random, in training only; None for evaluation.
        seed: of the augmentation.
        decoded: files that stay in memory once they were read; None: each is read whenever its row is.
        sharing: threads that share the rows of a batch.
    """

    rows: EncodedRows
    input: Input
    target: Target
    processor: Any
    class_weights: NDArray[np.float32] | None = None
    augmentation: Augmentation | None = None
    seed: int = 0
    decoded: Decoded | None = None
    sharing: Sharing = field(default_factory=Sharing)

    def encoded(self, positions: NDArray[np.int64], epoch: int = 0) -> list[Encoded]:
        """The rows at these positions as the network reads them; augmented ones differ from epoch to epoch."""
        if self.input.stored:
            return [self.rows.encoded(int(p)) for p in positions]
        return self.sharing.of(positions, lambda own: self._read(own, epoch))

    def _read(self, positions: NDArray[np.int64], epoch: int) -> list[Encoded]:
        numbers = self.rows.rows[positions]
        examples = self._examples(numbers)
        if self.augmentation is None:
            return self.input.encode(examples, self.processor)
        seeds = [derive(self.seed, "augmentation", epoch, int(row)) for row in numbers]
        return self.input.augmented(examples, self.processor, self.augmentation, seeds)

    def views(self, positions: NDArray[np.int64]) -> Iterator[Iterable[Encoded]]:
        """The views of each of these rows, never augmented: what the test, validation and a bundle's users see."""
        if self.input.stored:
            return ([self.rows.encoded(int(p))] for p in positions)
        return self.input.views(self._examples(self.rows.rows[positions]), self.processor)

    def begun(self, positions: NDArray[np.int64]) -> list[Iterable[Encoded]]:
        """`views`, the first of each row read: all there is of most rows, and little of long recordings."""
        return self.sharing.of(positions, lambda own: [_first_read(views) for views in self.views(own)])

    def batch(self, positions: NDArray[np.int64], real: int | None = None, *, epoch: int = 0) -> Batch:
        """The rows at these positions; those after the first `real` get weight 0."""
        return self.collated(self.encoded(positions, epoch), positions, real)

    def collated(self, encoded: list[Encoded], positions: NDArray[np.int64], real: int | None = None) -> Batch:
        """One batch of rows that are encoded already."""
        inputs, length = self.collate(encoded)
        targets, weights = self.truths(positions, length, real)
        useful = int(self.rows.lengths[positions[:real]].sum())
        return Batch(inputs, targets, weights, self.rows.rows[positions], useful, len(positions) * length)

    def truths(self, positions: NDArray[np.int64], length: int, real: int | None = None) -> tuple[Array, Array]:
        """Targets and weights of the rows at these positions, padded to `length` where they are element-wise."""
        targets, weights = self.target.collate([self.rows.target(int(p)) for p in positions], length)
        if self.class_weights is not None:
            weights = weights * _class_weight(self.class_weights, targets, weights)
        if real is not None and real < len(positions):
            weights = weights.copy()
            weights[real:] = 0
        return targets, weights

    def collate(self, encoded: Sequence[Encoded]) -> tuple[dict[str, Array], int]:
        """Named arrays of encoded rows, and the length they were padded to."""
        return self.input.collate(encoded, self.processor)

    def _examples(self, numbers: NDArray[np.int64]) -> list[Example]:
        return self._rows(numbers) if self.decoded is None else self.decoded.examples(numbers, self._rows)

    def _rows(self, numbers: NDArray[np.int64]) -> list[Example]:
        columns = list(self.input.required_columns)
        return list(self.rows.part.table.take(numbers, columns).to_pylist())


def _first_read(views: Iterable[Encoded]) -> Iterable[Encoded]:
    waiting = iter(views)
    return chain(list(islice(waiting, 1)), waiting)


def _class_weight(class_weights: NDArray[np.float32], targets: Array, weights: Array) -> Array:
    if np.issubdtype(targets.dtype, np.integer):
        return class_weights[targets]
    # Several labels a row: where a label applies it counts by its class weight, where it does not it counts once.
    return np.where(targets > 0.5, class_weights, np.float32(1.0))
