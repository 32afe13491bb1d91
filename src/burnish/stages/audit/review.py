"""The review: rows that a person should look at, as a table to edit and feed back."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from burnish.data.looking.audit.report import Suspect
from burnish.data.table import Part, Table
from burnish.inputs import FromFiles, Input
from burnish.report.audit_page.contents import TwinRow
from burnish.targets import Target

COLUMNS = (
    *("issue", "score", "split", "file", "row", "given", "proposal", "suggested", "decision", "label"),
    *("detail", "like_file", "like_row", "text", "column", "data"),
)
"""Of review.csv. `decision` and `label` are to be filled in; `data` is the hash of the file that the row is in."""
DECISIONS = ("keep", "relabel", "remove")
ORDER = (
    "label_errors",
    "conflicting_labels",
    "near_",
    "reworded_",
    "test_",
    "validation_",
    "exact_",
    "outliers",
    "personal",
)
"""Issues by how they begin: the most telling first."""
SHOWN = 400
"""Characters of a text that are in the review."""
PRIVATE = "personal_data"


@dataclass(frozen=True)
class Line:
    """One line of a review.

    Attributes:
        suspect: what is the matter.
        file, row: where the row is: a file, and its number in it, counted from 1.
        given, suggested: truths as cells are written; '' for nothing.
        like: file and row of the one that it is like.
        text: what it says, or the path of its file.
        data: hash of the file.
        number: of the row in its table.
        table: that holds it.
        twin: the row that it is like.
    """

    suspect: Suspect
    file: str
    row: int
    given: str
    suggested: str
    like: tuple[str, int] | None
    text: str
    data: str
    number: int
    table: Table
    twin: TwinRow | None = None

    def cells(self, column: str) -> dict[str, Any]:
        """As a row of review.csv."""
        one = self.suspect
        return {
            "issue": one.issue,
            "score": f"{one.score:.3f}",
            "split": one.part,
            "file": self.file,
            "row": self.row,
            "given": self.given,
            "proposal": one.proposal,
            "suggested": self.suggested,
            "decision": "",
            "label": self.suggested,
            "detail": one.detail,
            "like_file": self.like[0] if self.like else "",
            "like_row": self.like[1] if self.like else "",
            "text": self.text,
            "column": column,
            "data": self.data,
        }


def lines(
    suspects: Sequence[Suspect], parts: Mapping[str, Part], input: Input, target: Target, *, texts: bool
) -> list[Line]:
    """The review, the most telling issues first, each ranked.

    Args:
        suspects, parts: of an audit.
        input: how rows are shown.
        target: whose column may be corrected.
        texts: whether what rows say may be in it.
    """
    write = _Writer(parts, target)
    made = []
    for one in sorted(suspects, key=lambda s: (_place(s.issue), s.issue, -s.score, s.part, s.position)):
        part = parts[one.part]
        number = int(part.rows[one.position])
        file, row, data = located(part.table, number)
        twin = None
        if one.twin is not None:
            other = parts[one.twin[0]]
            its_number = int(other.rows[one.twin[1]])
            its_text = _shown(other.table, its_number, input) if texts and one.issue != PRIVATE else ""
            twin = TwinRow(other.table, its_number, its_text, write.cell(other.table, its_number))
        shown = _shown(part.table, number, input) if texts and one.issue != PRIVATE else ""
        offer = "" if one.suggested is None else write.truth(one.suggested)
        like = None if twin is None else located(twin.table, twin.number)[:2]
        given = write.cell(part.table, number)
        made.append(Line(one, file, row, given, offer, like, shown, data, number, part.table, twin))
    return made


def _place(issue: str) -> int:
    return next((number for number, start in enumerate(ORDER) if issue.startswith(start)), len(ORDER))


def located(table: Table, number: int) -> tuple[str, int, str]:
    """File, row in it counted from 1, and hash of the file, of a row of a table."""
    row = number
    for origin in table.origins:
        if row < origin.rows:
            return origin.path, row + 1, origin.sha256
        row -= origin.rows
    return "", number + 1, ""


def _shown(table: Table, number: int, input: Input) -> str:
    example = table.arrow.slice(number, 1).select(list(dict.fromkeys(input.audited_columns))).to_pylist()[0]
    if isinstance(input, FromFiles):
        file = input.file(example)
        return "" if isinstance(file, bytes) or file is None else str(file)
    return (input.audited_text(example) or "").replace("\x1f", " | ")[:SHOWN]


class _Writer:
    """Truths as the cells of the data write them: names may stand for numbers there."""

    def __init__(self, parts: Mapping[str, Part], target: Target) -> None:
        self._target = target
        self._written: dict[str, str] = {}
        for part in parts.values():
            for cell in dict.fromkeys(c for c in part.cells(target.column) if isinstance(c, str | int | float)):
                truth = target.truth(cell) if not target.problem_with(cell) else None
                if isinstance(truth, str):
                    self._written.setdefault(truth, _as_text(cell))

    def truth(self, truth: Any) -> str:
        """A truth that is suggested."""
        return self._written.get(truth, truth) if isinstance(truth, str) else _as_text(truth)

    def cell(self, table: Table, number: int) -> str:
        """The truth of a row, as it is."""
        return _as_text(table.arrow[self._target.column][number].as_py())


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def written(review: Sequence[Line], column: str) -> str:
    """review.csv; cells that a spreadsheet would take for a formula get an apostrophe, which reading takes away again."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for line in review:
        writer.writerow({name: guarded(value) for name, value in line.cells(column).items()})
    return stream.getvalue()


def guarded(value: Any) -> Any:
    """A cell that no spreadsheet runs."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "'")) else value


def unguarded(value: str) -> str:
    """The cell as it was."""
    return value[1:] if value.startswith("'") else value


def by_issue(review: Sequence[Line]) -> Iterator[tuple[str, int]]:
    """How many rows each issue has, in the order of the review."""
    counts: dict[str, int] = {}
    for line in review:
        counts[line.suspect.issue] = counts.get(line.suspect.issue, 0) + 1
    yield from counts.items()
