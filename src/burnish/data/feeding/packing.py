"""Several rows in one line of a batch, so that short rows leave no padding; `Batch.owner` says what belongs to whom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Array, Batch
from burnish.core.errors import InputError
from burnish.data.feeding.loader import Loader
from burnish.data.samplers import Sampler
from burnish.inputs import Input
from burnish.losses import Loss
from burnish.targets import OverVocabulary, Target, Taught, packed, shows_truth


def require_packable(input: Input, target: Target, loss: Loss) -> None:
    """Check that rows can share a line.

    Raises:
        InputError: one truth a row, a truth shown beside the row, or a loss that needs a row's outputs alone.
    """
    why = ""
    if target.shape == "row":
        why = f"target {target.kind()!r} has one label for each example"
    elif target.shape == "element" and isinstance(target, OverVocabulary):
        why = "a network that reads both sides of a gap would see the other examples"
    elif isinstance(target, Taught) and _stands_beside(target):
        why = f"target {target.kind()!r} shows the network the labels beside the input"
    elif not loss.elementwise():
        why = f"loss {loss.kind()!r} needs the outputs of each example alone"
    elif target.shape == "sequence" and not (shows_truth(target) or isinstance(target, OverVocabulary)):
        why = f"target {target.kind()!r} has labels that do not stand in the input"
    elif not input.packs():
        why = f"examples of input {input.kind()!r} cannot share a line"
    if why:
        raise InputError(
            f"examples cannot be packed: {why}",
            expected="an output at each position of the input",
            fix="choose another sampler",
            place="sampler",
        )


def _stands_beside(target: Taught) -> bool:
    return target.shows_truth() and type(target).collate_given is not Taught.collate_given


def lines_of(sampler: Sampler, lengths: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Which rows of a step share a line, by the sampler; none may be lost, for nobody would see it.

    Raises:
        ValueError: a row is in no line or in two, or a line has no row.
    """
    lines = [np.asarray(line, np.int64) for line in sampler.packed(lengths)]
    places = np.sort(np.concatenate([np.zeros(0, np.int64), *lines]))
    if not np.array_equal(places, np.arange(len(lengths))) or not all(map(len, lines)):
        raise ValueError(
            f"sampler {sampler.kind()!r} packed {len(lengths):,} rows into {len(lines):,} lines of {len(places):,} places; "
            "each row must be in one line, and each line have a row"
        )
    return lines


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
        real,
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
