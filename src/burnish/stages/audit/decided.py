"""What a person decided in a review, checked line by line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from burnish.core.errors import InputError, unknown
from burnish.stages.audit.review import COLUMNS, DECISIONS, unguarded

NEEDED = ("file", "row", "decision", "label", "column", "data")


@dataclass(frozen=True)
class Decision:
    """What is done about one row.

    Attributes:
        file, row: where it is, the row counted from 1.
        what: `relabel` or `remove`.
        label: the new cell, where it is relabelled.
        place: file and line of the review.
    """

    file: str
    row: int
    what: str
    label: str
    place: str


@dataclass(frozen=True)
class Decided:
    """A review that was read.

    Attributes:
        decisions: of rows that change, each row once.
        files: hash of each file that the review is of.
        column: of the labels.
        kept: lines that say keep, or nothing.
    """

    decisions: tuple[Decision, ...]
    files: dict[str, str]
    column: str
    kept: int


def read_review(path: Path) -> Decided:
    """The decisions of a review.

    Raises:
        InputError: it is no review, a decision is none of those there are, or two lines decide one row differently; with
            the line.
    """
    files: dict[str, str] = {}
    columns: dict[str, str] = {}
    decisions: dict[tuple[str, int], Decision] = {}
    kept = 0
    for number, cells in _lines(path):
        place = f"{path}, line {number}"
        file, row = cells["file"], _row(cells["row"], place)
        if files.setdefault(file, cells["data"]) != cells["data"]:
            raise InputError(f"{file} has two hashes in this review", expected="lines of one audit", place=place)
        columns.setdefault(cells["column"], place)
        made = _decision(file, row, cells, place)
        if made is None:
            kept += 1
            continue
        before = decisions.setdefault((file, row), made)
        if (before.what, before.label) != (made.what, made.label):
            raise InputError(
                f"{file}, row {row} is decided twice: {_said(before)} and {_said(made)}",
                expected="one decision for each row",
                fix=f"correct this line, or {before.place}",
                place=place,
            )
    if len(columns) > 1:
        raise InputError(
            f"labels of {len(columns)} columns", expected="lines of one audit", place=list(columns.values())[1]
        )
    return Decided(tuple(decisions.values()), files, next(iter(columns), ""), kept)


def _said(decision: Decision) -> str:
    return decision.what if decision.what == "remove" else f"relabel as {decision.label!r}"


def _decision(file: str, row: int, cells: dict[str, str], place: str) -> Decision | None:
    what = cells["decision"].strip().lower()
    if what in ("", "keep"):
        return None
    if what not in DECISIONS:
        raise unknown("decision", what, DECISIONS, place=place)
    label = cells["label"]
    if what == "relabel" and not label.strip():
        raise InputError("relabel without a label", expected="the new label in column 'label'", place=place)
    return Decision(file, row, what, label if what == "relabel" else "", place)


def _row(text: str, place: str) -> int:
    try:
        row = int(text)
    except ValueError:
        row = 0
    if row < 1:
        raise InputError(f"row {text!r}", expected="a number from 1 on, as the audit wrote it", place=place)
    return row


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and cells; the separator may be what a spreadsheet made of it."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("the review is not UTF-8", fix="save it as CSV UTF-8", place=str(path)) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(path)) from error
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
    if missing:
        raise InputError(
            f"no column {', '.join(map(repr, missing))}",
            expected=f"review.csv as `burnish audit` wrote it, with {', '.join(COLUMNS[:10])} ...",
            place=str(path),
        )
    for cells in reader:
        values = {name: unguarded(value or "") for name, value in cells.items() if isinstance(name, str)}
        if any(values.values()):
            yield reader.line_num, values
