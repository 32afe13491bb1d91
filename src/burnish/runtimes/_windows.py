"""Rows of several windows, computed a few at a time: memory grows with the longest of them, not with a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Array
from burnish.core.windows import MEMBERSHIP

AT_ONCE = 32  # windows of one call, unless a single row has more


def row_by_row(arrays: Mapping[str, Array], call: Callable[[dict[str, Array]], Array]) -> Array:
    """[B, C] of rows whose windows stand one row's behind the other's; padding behind the longest of a call is left out.

    Args:
        arrays: `membership` [B, V], and what is read of V windows.
        call: the same of some rows to their logits.
    """
    parts = []
    for rows, windows in _pieces(arrays[MEMBERSHIP]):
        some = {name: value[windows] for name, value in arrays.items() if name != MEMBERSHIP}
        if (mask := some.get("attention_mask")) is not None and mask[:, 0].all():
            longest = max(1, int(mask.sum(axis=1).max()))
            some = {n: np.ascontiguousarray(v[:, :longest]) if v.shape == mask.shape else v for n, v in some.items()}
        parts.append(call({**some, MEMBERSHIP: np.ascontiguousarray(arrays[MEMBERSHIP][rows, windows])}))
    return np.concatenate(parts)


def _pieces(membership: NDArray[np.float32]) -> Iterator[tuple[slice, slice]]:
    """Consecutive rows with their windows, as many as may be computed together."""
    ends = np.cumsum(membership.sum(axis=1).astype(np.int64))
    first, begun = 0, 0
    while first < len(ends):
        last = max(first + 1, int(np.searchsorted(ends, begun + AT_ONCE, side="right")))
        yield slice(first, last), slice(begun, int(ends[last - 1]))
        first, begun = last, int(ends[last - 1])
