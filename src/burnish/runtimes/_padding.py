"""Batches of texts without most of their padding: rows of like length go through together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from burnish.core.batch import Array
from burnish.data.feeding.order import Positions, cut


def without_padding(
    arrays: dict[str, Array],
    run: Callable[[dict[str, Array]], Array],
    overhead: int,
    *,
    element: bool,
    pairs: int | None = None,
) -> Array:
    """Logits [B, C], or [B, L, C] for `element` (0 where there is padding only), in the order of the rows.

    A batch as it comes from many clients holds long and short texts; padded to the longest, most of it can be nothing.
    It is cut where another call costs less than the padding. Answers do not depend on padding, so they are the same
    but for rounding.

    Args:
        arrays: inputs [B, L], among them attention_mask; rows whose mask does not begin with 1 and end with 0 are not
            cut.
        run: one call.
        overhead: what another call costs, in tokens.
        pairs: of tokens that one call compares at most in attention, unless a single row has more; None: any number.
    """
    mask = arrays["attention_mask"]
    lengths = mask.sum(axis=1).astype(np.int64)
    padded_right = bool((mask == (np.arange(mask.shape[1]) < lengths[:, None])).all())
    fits = pairs is None or len(mask) * mask.shape[1] ** 2 <= pairs
    if len(mask) < 2 or not padded_right or (lengths.min() == mask.shape[1] and fits):
        return run(arrays)
    # Where an element is no token (a sample of sound, say), another call costs at least what another row does.
    overhead = max(overhead, int(lengths.mean()))
    out: Array | None = None
    pieces = cut(np.arange(len(mask)), np.maximum(lengths, 1), limit=len(mask), overhead=overhead)
    for rows in (part for piece, _ in pieces for part in _bounded(piece, lengths, pairs)):
        longest = max(1, int(lengths[rows].max()))
        logits = run({name: np.ascontiguousarray(value[rows, :longest]) for name, value in arrays.items()})
        if out is None:
            shape = (len(mask), mask.shape[1], *logits.shape[2:]) if element else (len(mask), *logits.shape[1:])
            out = np.zeros(shape, np.float32)
        if element:
            out[rows, :longest] = logits
        else:
            out[rows] = logits
    assert out is not None
    return out


def _bounded(rows: Positions, lengths: Positions, pairs: int | None) -> list[Positions]:
    """Rows in as many pieces as the bound asks for."""
    longest = max(1, int(lengths[rows].max()))
    most = len(rows) if pairs is None else max(1, pairs // longest**2)
    return [rows[start : start + most] for start in range(0, len(rows), most)]
