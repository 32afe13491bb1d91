"""Rows of tokens that share a line: one after the other, their places counted anew in each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from burnish.core.batch import Array, Encoded
from burnish.media.text.token_row import token_row


def in_line(rows: Sequence[Encoded]) -> Encoded:
    """`input_ids` of all, `position_ids` that begin anew in each, by which a network tells them apart, and the length."""
    positions = np.concatenate([np.arange(len(row["input_ids"]), dtype=np.int32) for row in rows])
    ids = np.concatenate([row["input_ids"] for row in rows])
    return {**token_row(ids), "position_ids": positions}


def with_positions(arrays: dict[str, Array], encoded: Sequence[Encoded], length: int) -> dict[str, Array]:
    """The arrays of a batch, with int64 [B, L] `position_ids` where lines hold several rows; 0 for padding."""
    if not any("position_ids" in row for row in encoded):
        return arrays
    positions = np.zeros((len(encoded), length), np.int64)
    for number, row in enumerate(encoded):
        positions[number, : len(row["input_ids"])] = row["position_ids"]
    return {**arrays, "position_ids": positions}
