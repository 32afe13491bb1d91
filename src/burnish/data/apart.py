"""Rows that are in several splits stay in the last of train, validation and test; the others go on without them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from burnish.data.dealing.columns import group_keys
from burnish.data.reading.contents import content_hashes
from burnish.data.table import Part
from burnish.inputs import Input

Hashes: TypeAlias = NDArray[np.uint64]
Notify: TypeAlias = Callable[[str, int, int], None]

PAIRS = (("train", "test"), ("train", "validation"), ("validation", "test"))
"""Which split gives way to which."""
MOST = {"train": 0.1, "validation": 0.5}
"""The largest share of a split that may be left out; where more would go, the files were mixed up."""


@dataclass(frozen=True)
class Shared:
    """Rows of one split that another, later one holds as well.

    Attributes:
        split: the split that gives way.
        later: the split that keeps them.
        group: the column by whose value they are the same; empty where their whole content is.
        rows: [R] their positions in the table of `split`, increasing.
        twins: [R] for each the position of the first such row in the table of `later`.
        matched: how many rows of `later` they repeat.
        total: how many rows `split` had.
        file: a file that both splits were read from as a whole; empty where there is none.
        refused: why they cannot be left out just so, in words; empty where they were left out.
    """

    split: str
    later: str
    group: str
    rows: NDArray[np.int64]
    twins: NDArray[np.int64]
    matched: int
    total: int
    file: str = ""
    refused: str = ""

    @property
    def code(self) -> str:
        """The name of the finding, and what `allow` accepts."""
        return f"{self.later}_{'groups' if self.group else 'rows'}_in_{self.split}"


def apart(
    parts: Mapping[str, Part],
    input: Input,
    *,
    group: str | None = None,
    allow: Collection[str] = (),
    notify: Notify | None = None,
) -> tuple[dict[str, Part], list[Shared]]:
    """The splits without the rows that a later split holds, and what was left out.

    Test rows are never touched. Training goes on without rows of validation and test, validation without rows of the
    test. Where too much would go, nothing does, and `Shared.refused` says why.

    Args:
        parts: `train`, and `validation` and `test` where there are any.
        input: `audited_text` is the content by which rows are equal; files are equal by what is in them.
        group: a column; where splits come from different files, its values are kept apart as well.
        allow: names of findings (`Shared.code`); what they name stays where it is.
        notify: told how many rows are compared.
    """
    contents: dict[str, Hashes] = {}
    groups: dict[str, Hashes] = {}
    if _may_share(parts):
        contents = _contents(parts, input, notify)
        if group is not None:
            groups = {name: _groups(part, group) for name, part in parts.items()}
    overlaps: list[Shared] = []
    for split, later in PAIRS:
        if split not in parts or later not in parts:
            continue
        different = parts[split].table is not parts[later].table
        for column, keys in (("", contents), (group or "", groups if different else {})):
            shared = _shared(parts, keys, split, later, column) if keys else None
            if shared is not None and shared.code not in allow:
                overlaps.append(shared)
    return _without(parts, overlaps)


def _may_share(parts: Mapping[str, Part]) -> bool:
    return sum(len(part) > 0 for part in parts.values()) > 1


def _contents(parts: Mapping[str, Part], input: Input, notify: Notify | None) -> dict[str, Hashes]:
    """A hash of the content of each row of each split; a table that several splits lie in is read once."""
    whole: dict[int, Hashes] = {}
    for part in parts.values():
        table = part.table
        if id(table) not in whole:
            known = table.inspection
            whole[id(table)] = (
                content_hashes(table, input.audited_columns, input.audited_text, notify)
                if known is None
                else known.contents
            )
    return {name: whole[id(part.table)][part.rows] for name, part in parts.items()}


def _groups(part: Part, group: str) -> Hashes:
    named = group in part.table.columns
    return group_keys(part.table, group)[part.rows] if named else np.zeros(len(part), np.uint64)


def _shared(parts: Mapping[str, Part], keys: Mapping[str, Hashes], split: str, later: str, group: str) -> Shared | None:
    hashes, others = keys[split], keys[later]
    values, first = np.unique(others, return_index=True)
    if not len(values):
        return None
    at = np.minimum(np.searchsorted(values, hashes), len(values) - 1)
    mine = np.flatnonzero((values[at] == hashes) & (hashes != 0))
    if not len(mine):
        return None
    return Shared(
        split=split,
        later=later,
        group=group,
        rows=parts[split].rows[mine],
        twins=parts[later].rows[first[at[mine]]],
        matched=int(np.isin(others, hashes[mine]).sum()),
        total=len(hashes),
        file=_same_file(parts[split], parts[later]),
    )


def _same_file(one: Part, other: Part) -> str:
    """A file that both tables were read from, by its content; splits of one table share their file by design."""
    if one.table is other.table:
        return ""
    known = {origin.sha256 for origin in other.table.origins}
    return next((origin.path for origin in one.table.origins if origin.sha256 in known), "")


def _without(parts: Mapping[str, Part], overlaps: list[Shared]) -> tuple[dict[str, Part], list[Shared]]:
    """The splits without what was found, each on its own: one that would lose too much keeps everything."""
    kept, judged = dict(parts), list[Shared]()
    for split in MOST:
        of_split = [shared for shared in overlaps if shared.split == split]
        if not of_split:
            continue
        part = parts[split]
        gone = np.unique(np.concatenate([shared.rows for shared in of_split]))
        share = len(gone) / len(part)
        too_many = f"more than {MOST[split]:.0%} of the {split} examples would go" if share > MOST[split] else ""
        why = [f"{s.file} is given for {split} and for {s.later}" if s.file else too_many for s in of_split]
        judged += [replace(shared, refused=reason) for shared, reason in zip(of_split, why, strict=True)]
        if not any(why):
            kept[split] = Part(part.table, part.rows[~np.isin(part.rows, gone)])
    return kept, judged
