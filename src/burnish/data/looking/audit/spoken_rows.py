"""What is to be known of spoken texts and their sounds, as numbers: computed once for all that judge them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.data.looking.audit.scan import Reporter, Scan, pieces, similar_hash
from burnish.data.looking.file_parts import seconds_in
from burnish.data.truths import FINE, missing
from burnish.inputs import FromFiles
from burnish.media.text.scripts import mixes_scripts, script_of_text
from burnish.targets import Timed

NO_LETTERS, LOWER, UPPER, MIXED = 0, 1, 2, 3
"""In which letters a text is written."""


@dataclass(frozen=True)
class SpokenRows:
    """N rows of one split.

    Attributes:
        missing: [N] bool, whether there is no text.
        no_text: [N] bool, whether the cell holds something that is no text.
        characters: int64 [N], letters, digits and other signs of the text, without white space.
        sentences: uint64 [N], equal for texts that differ in case, space and punctuation alone; 0 where there is none.
        digits: [N] bool, whether the text holds a digit.
        letters: int8 [N], NO_LETTERS, LOWER, UPPER or MIXED.
        scripts: int64 [N], number of the script among `script_names`; -1 without letters.
        script_names: of the split.
        mixed: [N] bool, whether a word holds letters of two scripts.
        starts, ends: float64 [N] seconds within the file; not a number: its beginning, its end.
        of_file: float64 [N] seconds of the whole file; not a number where it cannot be read.
        seconds: float64 [N] of the row: 0 where its part lies outside the file.
        needed, frames: int64 [N], frames that the text needs and that the network gives; 0 where none are needed.
        places: int64 [N], that the text needs of the decoder.
        unwritable: int64 [N], characters that no answer can hold.
        longest: places that the decoder has; None where there is no bound.
    """

    missing: NDArray[np.bool_]
    no_text: NDArray[np.bool_]
    characters: NDArray[np.int64]
    sentences: NDArray[np.uint64]
    digits: NDArray[np.bool_]
    letters: NDArray[np.int8]
    scripts: NDArray[np.int64]
    script_names: tuple[str, ...]
    mixed: NDArray[np.bool_]
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    of_file: NDArray[np.float64]
    seconds: NDArray[np.float64]
    needed: NDArray[np.int64]
    frames: NDArray[np.int64]
    places: NDArray[np.int64]
    unwritable: NDArray[np.int64]
    longest: int | None

    def __len__(self) -> int:
        return len(self.missing)


def spoken_rows(reporter: Reporter) -> dict[str, SpokenRows]:
    """The rows of each split; memory holds numbers of them, never their texts."""
    return {name: _of_split(reporter, scan) for name, scan in reporter.scans.items()}


def _of_split(reporter: Reporter, scan: Scan) -> SpokenRows:
    count = len(scan)
    of_file = _file_seconds(scan)
    columns: dict[str, Any] = {name: np.zeros(count, np.bool_) for name in ("missing", "no_text", "digits", "mixed")}
    columns |= {name: np.zeros(count, np.int64) for name in ("characters", "needed", "frames", "places", "unwritable")}
    columns |= {"sentences": np.zeros(count, np.uint64), "letters": np.zeros(count, np.int8)}
    columns |= {"scripts": np.full(count, -1, np.int64), "starts": np.zeros(count), "ends": np.zeros(count)}
    names: dict[str, int] = {}
    column, spans = reporter.target.column, _spans(reporter, scan)
    for start, rows in pieces(scan.part, [column, *(name for name in spans if name)]):
        for row, example in enumerate(rows, start):
            for name, cell in zip(("starts", "ends"), spans, strict=True):
                columns[name][row] = seconds_in(example.get(cell) if cell else None, math.nan)
            value = example.get(column)
            columns["missing"][row] = missing(value)
            columns["no_text"][row] = not columns["missing"][row] and not isinstance(value, str)
            if isinstance(value, str) and not columns["missing"][row]:
                _describe(value, row, columns, names)
    seconds = _row_seconds(of_file, columns["starts"], columns["ends"])
    made = SpokenRows(
        **columns, script_names=tuple(names), of_file=of_file, seconds=seconds, longest=_longest(reporter)
    )
    _ask(reporter, scan, made)
    return made


def _describe(text: str, row: int, columns: dict[str, Any], names: dict[str, int]) -> None:
    columns["characters"][row] = sum(not character.isspace() for character in text)
    columns["sentences"][row] = similar_hash(text)
    columns["digits"][row] = any(character.isdigit() for character in text)
    lower, upper = any(map(str.islower, text)), any(map(str.isupper, text))
    columns["letters"][row] = MIXED if lower and upper else LOWER if lower else UPPER if upper else NO_LETTERS
    columns["mixed"][row] = mixes_scripts(text)
    if script := script_of_text(text):
        columns["scripts"][row] = names.setdefault(script, len(names))


def _ask(reporter: Reporter, scan: Scan, rows: SpokenRows) -> None:
    """Fill in what only the target knows, of the rows that it can learn."""
    target, whole = reporter.target, reporter.whole
    if not isinstance(target, Timed) or whole is None:
        return
    known = np.flatnonzero(scan.truth.states == FINE)
    for row, value in zip(known.tolist(), _values(scan, target.column, known), strict=True):
        rows.needed[row] = target.needed_frames(value, whole)
        if rows.needed[row] and np.isfinite(rows.seconds[row]):
            rows.frames[row] = target.frames_of(float(rows.seconds[row]), whole)
        rows.places[row] = target.length_of(value, whole)
        rows.unwritable[row] = len(target.unwritable(value, whole))


def _values(scan: Scan, column: str, rows: NDArray[np.int64]) -> list[Any]:
    values: list[Any] = scan.part.table.take(scan.part.rows[rows], [column])[column].to_pylist()
    return values


def _longest(reporter: Reporter) -> int | None:
    target = reporter.target
    return target.longest(reporter.whole) if isinstance(target, Timed) and reporter.whole is not None else None


def _spans(reporter: Reporter, scan: Scan) -> tuple[str | None, str | None]:
    input_ = reporter.input
    start, end = input_.span_columns if isinstance(input_, FromFiles) else (None, None)
    there = scan.part.table.columns
    return start if start in there else None, end if end in there else None


def _row_seconds(
    of_file: NDArray[np.float64], starts: NDArray[np.float64], ends: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[N] seconds between start and end, inside the file."""
    first = np.where(np.isnan(starts), 0.0, starts)
    last = np.where(np.isnan(ends), of_file, np.fmin(ends, of_file))
    return np.where(np.isnan(of_file), np.nan, np.maximum(0.0, last - np.maximum(first, 0.0)))


def _file_seconds(scan: Scan) -> NDArray[np.float64]:
    known = scan.part.table.inspection
    if known is None or "seconds" not in known.facts.column_names or not len(scan):
        return np.full(len(scan), np.nan)
    cells = known.facts["seconds"].take(scan.part.rows).cast("float64")
    return np.asarray(cells.to_numpy(zero_copy_only=False), np.float64)
