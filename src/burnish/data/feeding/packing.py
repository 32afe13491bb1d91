"""Several rows in one line of a batch, so that short rows leave no padding; `Batch.owner` says what belongs to whom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Array, Batch
from burnish.core.errors import InputError
from burnish.data.feeding.loader import Loader
from burnish.inputs import Input
from burnish.losses import Loss
from burnish.targets import Target, Taught, packed, shows_truth


def require_packable(input: Input, target: Target, loss: Loss) -> None:
    """Check that rows can share a line.

    Raises:
        InputError: one truth a row, a truth shown beside the row, or a loss that needs a row's outputs alone.
    """
    why = ""
    if target.shape == "row":
        why = f"target {target.kind()!r} has one truth a row"
    elif target.shape == "element" and target.over_vocabulary:
        why = "a network that reads both sides of a gap would see the other rows"
    elif isinstance(target, Taught) and _stands_beside(target):
        why = f"target {target.kind()!r} shows the network the truth beside the row"
    elif not loss.elementwise():
        why = f"loss {loss.kind()!r} needs the outputs of each row alone"
    elif target.shape == "sequence" and not (shows_truth(target) or target.of_input):
        why = f"target {target.kind()!r} has a truth that does not stand in the row"
    elif not input.packs():
        why = f"rows of input {input.kind()!r} cannot share a line"
    if why:
        raise InputError(
            f"rows cannot be packed: {why}",
            expected="an answer at each place of the row",
            fix="choose another sampler",
            place="sampler",
        )


def _stands_beside(target: Taught) -> bool:
    return target.shows_truth() and type(target).collate_given is not Taught.collate_given


def packed_batch(
    loader: Loader, lines: Sequence[NDArray[np.int64]], real: int | None = None, *, epoch: int = 0
) -> Batch:
    """A batch of lines, each of the rows at some positions, one after the other.

    Args:
        loader: reads rows.
        lines: positions of the rows of each line, at least one.
        real: rows of lines after the first `real` get weight 0.
        epoch: of the augmentation.
    """
    taught = [loader.with_truths(line, epoch) for line in lines]
    lengths = [np.array([int(row["_length"]) for row in rows], np.int64) for rows, _ in taught]
    inputs, length = loader.collate([loader.input.packed(rows, loader.processor.for_input) for rows, _ in taught])
    pairs = [
        packed(loader.target, pairs, row_lengths.tolist())
        for (_, pairs), row_lengths in zip(taught, lengths, strict=True)
    ]
    targets, weights = loader.weighed(pairs, length, real)
    counts = [len(line) for line in lines]
    return Batch(
        inputs,
        targets,
        weights,
        np.broadcast_to(
            _owner(lengths, length).reshape(len(lines), length, *[1] * (weights.ndim - 2)), weights.shape
        ).copy(),
        np.repeat(np.arange(len(lines)), counts),
        loader.rows.rows[np.concatenate(lines)],
        int(sum(row_lengths.sum() for row_lengths in lengths[:real])),
        len(lines) * length,
    )


def _owner(lengths: Sequence[NDArray[np.int64]], length: int) -> Array:
    """int64 [B, L]: rows counted over all lines; padding goes to the last row of its line."""
    out, first = np.zeros((len(lengths), length), np.int64), 0
    for line, row_lengths in enumerate(lengths):
        owners = np.repeat(np.arange(first, first + len(row_lengths)), row_lengths)
        out[line, : len(owners)] = owners
        first += len(row_lengths)
        out[line, len(owners) :] = first - 1
    return out
