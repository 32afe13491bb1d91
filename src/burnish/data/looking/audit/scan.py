"""One pass over the rows of each split, kept as hashes and numbers: texts are read again only where they are shown."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from burnish.data.looking.audit.report import SHOWN_ROWS, Finding, Proposal, RowAt, Severity, Suspect
from burnish.data.looking.near.minhash import Pairs
from burnish.data.reading.contents import content_hash
from burnish.data.table import Part, Table
from burnish.data.truths import Truths
from burnish.inputs import FromFiles, Input
from burnish.targets import Target

PIECE = 4096
LONGEST_NAME = 300  # characters of a path that is shown: a picture written out in a cell is longer

T = TypeVar("T")
Notify = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Scan:
    """N rows of one split as numbers.

    Attributes:
        part: the rows.
        contents: [N] uint64 hash of the content, 0 where it is missing.
        similar: [N] uint64 the same without case, space and punctuation.
        blank: [N] whether any of the input columns is missing or white space.
        characters: [N] int64 length of the content.
        truth: what the target says of them.
    """

    part: Part
    contents: NDArray[np.uint64]
    similar: NDArray[np.uint64]
    blank: NDArray[np.bool_]
    characters: NDArray[np.int64]
    truth: Truths

    def __len__(self) -> int:
        return len(self.part)


def scan(part: Part, input: Input, truth: Truths, notify: Notify) -> Scan:
    """Read what goes in of the rows, once."""
    n = len(part)
    contents, similar = np.zeros(n, np.uint64), np.zeros(n, np.uint64)
    blank, characters = np.zeros(n, np.bool_), np.zeros(n, np.int64)
    known = part.table.inspection
    for start, rows in pieces(part, input.audited_columns):
        for i, row in enumerate(rows, start):
            text = input.audited_text(row)
            contents[i], similar[i] = content_hash(text), similar_hash(text)
            blank[i] = text is None or any(not t.strip() for t in text.split("\x1f"))
            characters[i] = len(text or "")
        notify("auditing", start + len(rows), n)
    if known is not None:  # files are compared by what is in them, not by their names
        contents[:] = similar[:] = known.contents[part.rows]
    return Scan(part, contents, similar, blank, characters, truth)


def pieces(part: Part, columns: Sequence[str]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The rows of a part in order, some at a time, each piece with the position of its first row in the part."""
    arrow = part.table.arrow.select(list(dict.fromkeys(columns)))
    for start in range(0, len(part), PIECE):
        yield start, taken(arrow, part.rows[start : start + PIECE])


def taken(arrow: pa.Table, rows: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Rows by their positions; a narrow stretch is cut out first, because take() looks through every chunk."""
    if not len(rows):
        return []
    low, high = int(rows.min()), int(rows.max()) + 1
    records: list[dict[str, Any]] = arrow.slice(low, high - low).take(pa.array(rows - low)).to_pylist()
    return records


def similar_hash(text: str | None) -> int:
    """A hash that does not see case, white space, punctuation or width; texts of punctuation only are seen whole.

    Letters, digits, combining marks and symbols (emoji, currency) count.
    """
    if text is None:
        return 0
    folded = text.casefold() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    return content_hash(folded.translate(_unseen(folded.isascii()))) or content_hash(text)


@cache
def _unseen(ascii_only: bool) -> dict[int, None]:
    """Punctuation, separators and controls, for `str.translate` to leave out; the border of a pair stays."""
    # No punctuation, separator or format character is assigned outside these planes.
    numbers = range(0x80) if ascii_only else (*range(0x20000), *range(0xE0000, 0xE0080))
    kinds = ("P", "Z", "Cc", "Cf")
    return {n: None for n in numbers if unicodedata.category(chr(n)).startswith(kinds) and n != 0x1F}


class Reporter:
    """Makes findings: names the first rows of each, and reads only those again.

    Args:
        scans: of each split.
        input, target: as they were learned.
        processor: what the input reads with; None where that is not known.
        whole: what rows are encoded with, for targets that are asked with it; None where that is not known.

    Attributes:
        suspects: rows for the review, as they are found.
        figures: what else of audit.json was found on the way.
        alike: pairs of rows, counted over all splits, that are nearly the same; None: nobody looked.
    """

    def __init__(
        self, scans: Mapping[str, Scan], input: Input, target: Target, processor: Any = None, whole: Any = None
    ) -> None:
        self.scans, self.input, self.target, self.processor, self.whole = scans, input, target, processor, whole
        self.suspects: list[Suspect] = []
        self.figures: dict[str, Any] = {}
        self.alike: Pairs | None = None
        self._known: dict[Any, Any] = {}

    def suspect(
        self,
        issue: str,
        part: str,
        rows: NDArray[np.int64],
        twins: NDArray[np.int64] | None = None,
        twin_part: str = "",
        scores: NDArray[np.float64] | None = None,
        proposal: Proposal = "remove",
    ) -> None:
        """Note rows of a split for the review, each with the row of `twin_part` that it is like."""
        for place, row in enumerate(rows.tolist()):
            twin = None if twins is None else (twin_part or part, int(twins[place]))
            score = 1.0 if scores is None else float(scores[place])
            self.suspects.append(Suspect(issue, part, row, score, proposal, twin=twin))

    def once(self, make: Callable[[Reporter], T]) -> T:
        """What a function finds in the rows, computed for whoever asks first."""
        if make not in self._known:
            self._known[make] = make(self)
        found: T = self._known[make]
        return found

    def place(self, part: str, position: int) -> str:
        """Where the row at a position of a part is."""
        rows = self.scans[part].part
        return self.named(rows.table, int(rows.rows[position]))

    def named(self, table: Table, row: int) -> str:
        """Where a row of a table is: its own file, where rows are files with a path, else the file of the table."""
        if table.inspection is not None and isinstance(self.input, FromFiles):
            file = self.input.file(self._example(table, row))
            if isinstance(file, Path) and len(str(file)) <= LONGEST_NAME:
                return str(file)
        return table.place(row)

    def problem(self, part: str, position: int) -> str:
        """What is wrong with the file of a row; empty where nothing is known to be."""
        rows = self.scans[part].part
        known = rows.table.inspection
        row = int(rows.rows[position])
        words = (known.problems.get(row, ""), known.instead.get(row, "")) if known is not None else ()
        return ": ".join(filter(None, words))

    def row(self, part: str, position: int, detail: str = "") -> RowAt:
        """A row with the beginning of its content."""
        rows = self.scans[part].part
        number = int(rows.rows[position])
        return RowAt(part, number, self.named(rows.table, number), detail, self.shown(rows.table, number))

    def shown(self, table: Table, row: int) -> str:
        """The beginning of the content of a row of a table."""
        return (self.input.audited_text(self._example(table, row)) or "").replace("\x1f", " | ")[:80]

    def _example(self, table: Table, row: int) -> dict[str, Any]:
        example: dict[str, Any] = table.arrow.slice(row, 1).select(list(self.input.audited_columns)).to_pylist()[0]
        return example

    def truth(self, part: str, position: int) -> Any:
        """The truth of a row as it is in the data."""
        rows = self.scans[part].part
        return rows.table.arrow[self.target.column][int(rows.rows[position])].as_py()

    def finding(
        self,
        code: str,
        severity: Severity,
        message: str,
        rows: Sequence[tuple[str, int]] = (),
        details: Callable[[str, int], str] | None = None,
        count: int | None = None,
    ) -> Finding:
        """A finding about rows given as (part, position); `count` where only some of them are given."""
        named = tuple(self.row(part, i, details(part, i) if details else "") for part, i in rows[:SHOWN_ROWS])
        return Finding(code, severity, message, named, len(rows) if count is None else count)
