"""Batches of texts without most of their padding: rows of like length go through together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from burnish.core.batch import Array
from burnish.data.feeding.order import Positions, cut
from burnish.runtimes._parallel import Parallel, shared


def without_padding(
    arrays: dict[str, Array],
    run: Callable[[dict[str, Array]], Array],
    overhead: int,
    *,
    element: bool,
    pairs: int | None = None,
    parallel: Parallel | None = None,
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
        parallel: threads that share the calls; None: one after the other.
    """
    mask, parallel = arrays["attention_mask"], parallel or Parallel(1)
    lengths = mask.sum(axis=1).astype(np.int64)
    padded_right = bool((mask == (np.arange(mask.shape[1]) < lengths[:, None])).all())
    if len(mask) < 2 or not padded_right:
        return run(arrays)
    # Where an element is no token (a sample of sound, say), another call costs at least what another row does.
    overhead = max(overhead, int(lengths.mean()))
    pieces = cut(np.arange(len(mask)), np.maximum(lengths, 1), limit=len(mask), overhead=overhead)
    bounded = [part for piece, _ in pieces for part in _bounded(piece, lengths, pairs)]
    parts = shared(bounded, lengths, parallel.count)
    if len(parts) == 1 and lengths.min() == mask.shape[1]:
        return run(arrays)

    def call(rows: Positions) -> Array:
        longest = max(1, int(lengths[rows].max()))
        return run({name: np.ascontiguousarray(value[rows, :longest]) for name, value in arrays.items()})

    return _joined(parts, parallel.each(call, parts), mask.shape, element=element)


def _joined(parts: Sequence[Positions], told: Sequence[Array], shape: tuple[int, ...], *, element: bool) -> Array:
    """The logits of all parts in the order of the rows."""
    out = np.zeros((*shape, *told[0].shape[2:]) if element else (shape[0], *told[0].shape[1:]), np.float32)
    for rows, logits in zip(parts, told, strict=True):
        if element:
            out[rows, : logits.shape[1]] = logits
        else:
            out[rows] = logits
    return out


def _bounded(rows: Positions, lengths: Positions, pairs: int | None) -> list[Positions]:
    """Rows in as many pieces as the bound asks for."""
    longest = max(1, int(lengths[rows].max()))
    most = len(rows) if pairs is None else max(1, pairs // longest**2)
    return [rows[start : start + most] for start in range(0, len(rows), most)]
