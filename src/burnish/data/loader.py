"""Positions in, batches out: reads rows, encoded before or now, and pads them to one shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Array, Batch, Encoded
from burnish.core.seeds import derive
from burnish.data.augmentations import Augmentation
from burnish.data.encode import EncodedRows
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
    """

    rows: EncodedRows
    input: Input
    target: Target
    processor: Any
    class_weights: NDArray[np.float32] | None = None
    augmentation: Augmentation | None = None
    seed: int = 0

    def encoded(self, positions: NDArray[np.int64], epoch: int = 0) -> list[Encoded]:
        """The rows at these positions as the network reads them; augmented ones differ from epoch to epoch."""
        if self.input.stored:
            return [self.rows.encoded(int(p)) for p in positions]
        numbers = self.rows.rows[positions]
        columns = list(self.input.required_columns)
        examples = self.rows.part.table.take(numbers, columns).to_pylist()
        if self.augmentation is None:
            return self.input.encode(examples, self.processor)
        seeds = [derive(self.seed, "augmentation", epoch, int(row)) for row in numbers]
        return self.input.augmented(examples, self.processor, self.augmentation, seeds)

    def batch(self, positions: NDArray[np.int64], real: int | None = None, *, epoch: int = 0) -> Batch:
        """The rows at these positions; those after the first `real` get weight 0."""
        return self.collated(self.encoded(positions, epoch), positions, real)

    def collated(self, encoded: list[Encoded], positions: NDArray[np.int64], real: int | None = None) -> Batch:
        """One batch of rows that are encoded already."""
        inputs, length = self.input.collate(encoded, self.processor)
        return self.batch_of(inputs, length, positions, real)

    def batch_of(
        self, inputs: dict[str, Array], length: int, positions: NDArray[np.int64], real: int | None = None
    ) -> Batch:
        """One batch of inputs that are collated already, `length` elements a row: with truths and weights."""
        targets, weights = self.target.collate([self.rows.target(int(p)) for p in positions], length)
        if self.class_weights is not None:
            weights = weights * _class_weight(self.class_weights, targets, weights)
        if real is not None and real < len(positions):
            weights = weights.copy()
            weights[real:] = 0
        useful = int(self.rows.lengths[positions[:real]].sum())
        return Batch(inputs, targets, weights, self.rows.rows[positions], useful, len(positions) * length)


def _class_weight(class_weights: NDArray[np.float32], targets: Array, weights: Array) -> Array:
    if np.issubdtype(targets.dtype, np.integer):
        return class_weights[targets]
    # Several labels a row: where a label applies it counts by its class weight, where it does not it counts once.
    return np.where(targets > 0.5, class_weights, np.float32(1.0))
