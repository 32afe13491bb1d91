"""Features of training rows, resampled: what the head then learns from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Array
from burnish.data.feeding.order import Order
from burnish.training.features.cache import FeatureLoader, Rows
from burnish.training.resamplers import Resampled, Resampler


@dataclass(frozen=True)
class Extended:
    """Features of N rows on disk, and of S more in memory, as one array by position.

    Attributes:
        values: float32 [N, ...].
        made: float32 [S, ...].
    """

    values: Rows
    made: Array

    def __len__(self) -> int:
        return len(self.values) + len(self.made)

    def __getitem__(self, positions: NDArray[np.int64]) -> Array:
        """[M, ...] of these positions."""
        new = positions >= len(self.values)
        out = np.empty((len(positions), *self.made.shape[1:]), np.float32)
        out[~new] = self.values[positions[~new]]
        out[new] = self.made[positions[new] - len(self.values)]
        return out


def resampled(
    resampler: Resampler, loader: FeatureLoader, order: Order, names: Mapping[int, str], *, seed: int
) -> tuple[FeatureLoader, Order, list[str]]:
    """The training rows and their order after a resampler; what is to be said.

    New rows stand behind the others. Target, weight, length and row number of each are those of the nearest training row of
    its class, so whatever is said of a row leads to a real one.

    Args:
        resampler: what makes rows or leaves some out.
        loader: of the training rows, whose features are known.
        order: in which they are visited.
        names: of each stratum.
        seed: of the run.
    """
    assert loader.features is not None
    seen = np.asarray(loader.features[order.usable], np.float64)
    flat = seen.reshape(len(seen), -1)
    mean, scale = flat.mean(axis=0), flat.std(axis=0)
    scale[scale < 1e-8] = 1.0
    standard = (flat - mean) / scale
    result = resampler.resampled(standard, order.strata, names, seed=seed)
    parents = _nearest(result, standard, order.strata)
    made = (result.made * scale + mean).astype(np.float32).reshape(-1, *seen.shape[1:])
    rows = loader.rows.with_repeats(order.usable[parents])
    new = np.arange(len(loader.rows), len(rows))
    changed = replace(
        order,
        usable=np.concatenate([order.usable[result.kept], new]),
        lengths=np.concatenate([order.lengths[result.kept], order.lengths[parents]]),
        strata=np.concatenate([order.strata[result.kept], result.classes]),
        _kept={},
    )
    longer = replace(loader, rows=rows, features=Extended(loader.features, made))
    return longer, changed, [*result.notes, _said(resampler, changed, names, len(new))]


def _nearest(result: Resampled, features: NDArray[np.float64], classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """[S] the place of the row of its class that each new row is nearest to."""
    parents = np.zeros(len(result.made), np.int64)
    for number in np.unique(result.classes):
        rows, new = np.flatnonzero(classes == number), np.flatnonzero(result.classes == number)
        of_class = features[rows]
        for start in range(0, len(new), 256):
            some = new[start : start + 256]
            products = result.made[some] @ of_class.T
            distances = (of_class**2).sum(axis=1)[None] - 2 * products
            parents[some] = rows[distances.argmin(axis=1)]
    return parents


def _said(resampler: Resampler, order: Order, names: Mapping[int, str], made: int) -> str:
    numbers, counts = np.unique(order.strata, return_counts=True)
    shown = [f"{names[int(n)]} {c:,}" for n, c in zip(numbers[:8], counts[:8], strict=True)]
    more = f" and {len(numbers) - 8} more classes" if len(numbers) > 8 else ""
    return (
        f"resampler {resampler.kind()}: {made:,} examples made in feature space; an epoch has {', '.join(shown)}{more}"
    )
