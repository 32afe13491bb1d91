"""Rows of all splits one after another, as closer looks count them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.data.looking.audit.report import SHOWN_ROWS, Finding, Severity
from burnish.data.looking.audit.scan import Reporter, pieces, taken
from burnish.data.looking.near.minhash import Pairs


@dataclass(frozen=True)
class Rows:
    """N rows of all splits.

    Attributes:
        reporter: of the splits.
        names: of the splits, in order.
        bounds: [splits + 1] where each begins.
    """

    reporter: Reporter
    names: tuple[str, ...]
    bounds: NDArray[np.int64]

    @classmethod
    def of(cls, reporter: Reporter) -> Rows:
        """Those of a reporter."""
        sizes = [len(scan) for scan in reporter.scans.values()]
        return cls(reporter, tuple(reporter.scans), np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))

    def __len__(self) -> int:
        return int(self.bounds[-1])

    def located(self, row: int) -> tuple[str, int]:
        """The split of a row, and its place there."""
        number = int(np.searchsorted(self.bounds, row, side="right")) - 1
        return self.names[number], row - int(self.bounds[number])

    def split_numbers(self) -> NDArray[np.int64]:
        """[N] the number of each row's split."""
        return np.repeat(np.arange(len(self.names)), np.diff(self.bounds))

    def together(self, by_split: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """[N] what is known of the rows of each split."""
        return np.concatenate([by_split[name] for name in self.names])

    def contents(self) -> NDArray[np.uint64]:
        """[N] hashes that do not see case and punctuation, 0 where a row says nothing."""
        return self.together({name: scan.similar for name, scan in self.reporter.scans.items()})

    def texts(self) -> Iterator[list[str | None]]:
        """What the rows say, some at a time; two texts of one row with a space between."""
        for scan in self.reporter.scans.values():
            for _, rows in pieces(scan.part, self.reporter.input.audited_columns):
                yield [self._said(row) for row in rows]

    def texts_at(self, rows: NDArray[np.int64]) -> list[str | None]:
        """What rows at increasing positions say."""
        found: list[str | None] = []
        for number, name in enumerate(self.names):
            inside = rows[(rows >= self.bounds[number]) & (rows < self.bounds[number + 1])] - self.bounds[number]
            part = self.reporter.scans[name].part
            arrow = part.table.arrow.select(list(dict.fromkeys(self.reporter.input.audited_columns)))
            numbers = part.rows[inside]
            found += [self._said(row) for start in range(0, len(numbers), 4096)
                      for row in taken(arrow, numbers[start : start + 4096])]  # fmt: skip
        return found

    def _said(self, row: dict[str, Any]) -> str | None:
        text = self.reporter.input.audited_text(row)
        return None if text is None else text.replace("\x1f", " ")


def alike(
    rows: Rows, pairs: Pairs, inside: str, across: str, words: tuple[str, str], severity: Severity = "warning"
) -> Iterator[Finding]:
    """Findings of rows that are nearly the same: in a later split than another, and later in the same split.

    Args:
        rows: of all splits.
        pairs: of them.
        inside, across: names of the findings; `across` is followed by the names of the splits.
        words: what rows of two splits, and of one, are to each other.
        severity: where they are in two splits; inside one it is a note.
    """
    splits = rows.split_numbers()
    for left in range(len(rows.names)):
        for right in range(left, len(rows.names)):
            some = np.flatnonzero((splits[pairs.first] == left) & (splits[pairs.second] == right))
            if len(some):
                yield _finding(rows, pairs, some, (left, right), (inside, across), words, severity)


def _finding(
    rows: Rows,
    pairs: Pairs,
    some: NDArray[np.int64],
    splits: tuple[int, int],
    codes: tuple[str, str],
    words: tuple[str, str],
    severity: Severity,
) -> Finding:
    """Of pairs between two splits: each row of the later one with the row that is most like it."""
    left, right = (rows.names[number] for number in splits)
    best = some[np.lexsort((pairs.first[some], -pairs.similarity[some], pairs.second[some]))]
    later, place = np.unique(pairs.second[best], return_index=True)
    best = best[place]
    mine = later - rows.bounds[splits[1]]
    theirs = pairs.first[best] - rows.bounds[splits[0]]
    code = codes[0] if left == right else f"{codes[1]}_{right}_rows_in_{left}"
    rows.reporter.suspect(code, right, mine, theirs, left, pairs.similarity[best])
    twin = dict(zip(mine.tolist(), zip(theirs.tolist(), pairs.similarity[best].tolist(), strict=True), strict=True))
    said = words[0].format(left=left) if left != right else words[1]
    return rows.reporter.finding(
        code,
        "note" if left == right else severity,
        f"{len(mine):,} of {len(rows.reporter.scans[right]):,} {right} {rows.reporter.input.thing}s {said}",
        [(right, int(row)) for row in mine[:SHOWN_ROWS]],
        lambda part, row: f"{twin[row][1]:.0%} like {rows.reporter.place(left, twin[row][0])}",
        len(mine),
    )
