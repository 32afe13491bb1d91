"""Splits whose shares are far from those asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.data.dealing.by_size import far
from burnish.data.dealing.deficit import shares
from burnish.data.looking.audit.report import Finding
from burnish.data.reading.contents import content_hashes
from burnish.data.splits import NAMES, Split
from burnish.data.table import Part, Table
from burnish.inputs import Input


def proportions(parts: Mapping[str, Part], split: Split, input: Input) -> Iterator[Finding]:
    """A warning with figures where splits made from one table are far from the shares asked for, and why they are.

    Args:
        parts: as `divide` gave them; those with tables of their own were not made.
        split: what made the others.
        input: what equal rows are.
    """
    train = parts["train"].table
    made = [name in parts and parts[name].table is train for name in NAMES]
    if not split.unit or not any(made[1:]):
        return
    rows = np.array([len(parts[name]) if is_made else 0 for name, is_made in zip(NAMES, made, strict=True)], np.int64)
    try:
        wanted = shares(split, (made[1], made[2]))
    except InputError:
        return
    if not far(rows, wanted):
        return
    asked = " / ".join(f"{share:.0%}" for share in wanted)
    got = " / ".join(f"{count / rows.sum():.1%}" for count in rows)
    counts = " / ".join(f"{count:,}" for count in rows)
    message = (
        f"train, validation and test were asked for as {asked} of {rows.sum():,} rows and are {got} ({counts} rows)"
    )
    yield Finding(
        "split_shares",
        "warning",
        f"{message}{_why(train, split, input)}. To change it, give files for the splits",
        (),
        int(rows.sum()),
    )


def _why(train: Table, split: Split, input: Input) -> str:
    contents = (
        train.inspection.contents
        if train.inspection is not None
        else content_hashes(train, input.audited_columns, input.audited_text)
    )
    keys = split.together(train, contents)
    if keys is None or not (keys != 0).any():
        return ""
    count, largest, row = _largest(keys)
    if largest < 2:
        return "; each class has few examples"
    place = train.place(row)
    share = f"{largest:,} rows, {largest / len(train):.0%}"
    return f": {split.unit} stay whole; there are {count:,}, and the largest has {share} (such as {place})"


def _largest(keys: NDArray[np.uint64]) -> tuple[int, int, int]:
    """How many units there are, the rows of the largest, and its first row."""
    known = np.flatnonzero(keys != 0)
    _, first, counts = np.unique(keys[known], return_index=True, return_counts=True)
    top = int(counts.argmax())
    return len(counts) + len(keys) - len(known), int(counts[top]), int(known[first[top]])
