"""Shared by the samplers: rows of like length into one batch, so that little is padded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def bucketed(
    positions: NDArray[np.int64],
    lengths: NDArray[np.int64],
    *,
    batch_size: int,
    window: int,
    random: np.random.Generator,
) -> NDArray[np.int64]:
    """The same positions, in an order whose consecutive batches hold rows of like length.

    They are shuffled, cut into windows of about `window` batches, sorted by length inside each window and cut into
    batches; the full batches are shuffled. A short batch can only come last: it is cut out of the last window at
    a random place, so that it is not always the longest rows that make it up.

    Args:
        positions: [M] which rows to visit, repeats allowed.
        lengths: [N] length of every row.
        batch_size: rows of a batch.
        window: batches of a window. At least two windows are made where there are two batches, so that batches are
            made up differently in every epoch.
        random: the source of randomness.
    """
    count = len(positions)
    batches = -(-count // batch_size)
    if batches < 2:
        return random.permutation(positions)
    windows = max(2, -(-batches // window))
    window_rows = -(-batches // windows) * batch_size
    shuffled = random.permutation(positions)
    window_of = np.arange(count) // window_rows
    of = lengths[shuffled]
    # A stable sort of one combined key: the same order on every machine, and ties stay in random order.
    order = shuffled[np.argsort(window_of * (int(of.max()) + 1) + of, kind="stable")]
    if short := count % batch_size:
        start = int(window_of[-1]) * window_rows
        cut = start + batch_size * int(random.integers(0, (count - start) // batch_size + 1))
        order = np.concatenate([order[:cut], order[cut + short :], order[cut : cut + short]])
    full = (count // batch_size) * batch_size
    return np.concatenate([random.permutation(order[:full].reshape(-1, batch_size)).reshape(-1), order[full:]])
