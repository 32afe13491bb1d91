"""Batches of mixed rows: each has two labels, and its weights say how much of each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Array, Batch, Encoded
from burnish.core.mixed_inputs import OTHER, SHARE
from burnish.core.seeds import derive
from burnish.data.feeding.loader import Loader
from burnish.data.mixing import Mixing
from burnish.inputs import Augmentable

TRUTHS = 2
"""Truths of a mixed row; they follow each other in `Batch.targets`, and belong to one row by `Batch.owner`."""


@dataclass(frozen=True)
class Mixed:
    """The mixed rows of one optimizer step.

    What is mixed with what is decided for the step as a whole, before it is cut into micro-batches, as a pure function
    of (seed, step): however it is cut, the rows are the same.

    Attributes:
        loader: reads rows.
        mixing: the rule.
        positions: int64 [N], the rows of the step.
        partners: int64 [N], places in `positions`; a row's own where it is not mixed.
        step: of the run, from 0.
        epoch: of the augmentation.
    """

    loader: Loader
    mixing: Mixing
    positions: NDArray[np.int64]
    partners: NDArray[np.int64]
    step: int
    epoch: int

    def encoded(self, places: NDArray[np.int64]) -> tuple[list[Encoded], NDArray[np.float32]]:
        """The mixed rows at these places of the step, and the share [B] of each one's own truth."""
        needed = np.unique(np.concatenate([places, self.partners[places]]))
        rows = dict(zip(needed.tolist(), self.loader.encoded(self.positions[needed], self.epoch), strict=True))
        pairs = [self._mixed(rows, int(place), int(self.partners[place])) for place in places]
        return [row for row, _ in pairs], np.array([share for _, share in pairs], np.float32)

    def _mixed(self, rows: dict[int, Encoded], place: int, partner: int) -> tuple[Encoded, float]:
        first, other = rows[place], rows[partner]
        if place == partner:
            return first, 1.0
        input_ = self.loader.input
        name = input_.mixable(self.loader.processor.for_input) if isinstance(input_, Augmentable) else ""
        seed = derive(self.loader.seed, "mixing", self.step, place)
        values, share = self.mixing(first[name], other[name], seed)
        lengths = [key for key in ("_length", "_full_length") if key in first]
        longer: Encoded = {key: np.maximum(first[key], other[key]) for key in lengths}
        return {**first, **longer, name: values}, share

    def batch(self, places: NDArray[np.int64], real: int) -> Batch:
        """One micro-batch: targets and weights hold the two labels of each row one after the other, [2 B] or [2 B, C]."""
        if self.mixing.inside:
            collated, shares = self._both(places, real)
        else:
            encoded, shares = self.encoded(places)
            collated = self.loader.collated(encoded, self.positions[places], real)
        targets, weights = self.loader.truths(self.positions[self.partners[places]], 1, real)
        share = shares.reshape(-1, *[1] * (collated.weights.ndim - 1))
        return replace(
            collated,
            targets=_alternating(collated.targets, targets),
            weights=_alternating(collated.weights * share, weights * (1 - share)),
            owner=_alternating(collated.owner, collated.owner),
        )

    def _both(self, places: NDArray[np.int64], real: int) -> tuple[Batch, NDArray[np.float32]]:
        """The rows with their partners beside them, for the network to mix, and the share of each row."""
        needed = np.unique(np.concatenate([places, self.partners[places]]))
        rows = dict(zip(needed.tolist(), self.loader.encoded(self.positions[needed], self.epoch), strict=True))
        partners = self.partners[places].tolist()
        shares = np.array(
            [
                1.0 if place == partner else self.mixing.share(derive(self.loader.seed, "mixing", self.step, place))
                for place, partner in zip(places.tolist(), partners, strict=True)
            ],
            np.float32,
        )
        first = [rows[place] for place in places.tolist()]
        both, length = self.loader.collate([*first, *(rows[partner] for partner in partners)])
        count = len(places)
        inputs = {name: value[:count] for name, value in both.items()}
        others = {OTHER + name: value[count:] for name, value in both.items()}
        batch = self.loader.collated(first, self.positions[places], real)
        return replace(batch, inputs={**inputs, **others, SHARE: shares}, size=count * length), shares


def _alternating(first: Array, second: Array) -> Array:
    return np.stack([first, second], axis=1).reshape(TRUTHS * len(first), *first.shape[1:])
