"""Tunes that cannot be read, whose bars do not add up, that change when they are written, and copies in other keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from burnish.data.looking.audit.report import SHOWN_ROWS, Finding
from burnish.data.looking.audit.scan import Reporter, pieces
from burnish.media.music.abc import read, write
from burnish.media.music.abc.reading import examined
from burnish.media.music.families import Terms, terms, twins


@dataclass(frozen=True)
class _Heard:
    """What is known of the tunes of a split, by their position.

    Attributes:
        unread: those that cannot be read, with what is wrong in words.
        uneven: those whose bars do not add up or that do not end, with the first problem.
        changed: those that are another tune once they were written and read again.
        terms: steps of the melody of the others.
    """

    unread: dict[int, str]
    uneven: dict[int, str]
    changed: dict[int, str]
    terms: dict[int, Terms]


def findings(reporter: Reporter) -> Iterator[Finding]:
    """What is the matter with tunes."""
    heard = reporter.once(_heard)
    for name, split in heard.items():
        yield from _of_rows(
            reporter,
            name,
            "unreadable_tunes",
            "warning",
            split.unread,
            "cannot be read as ABC, and are learned as text",
        )
        words = "have bars that do not add up to the meter, or do not end in a final bar line"
        yield from _of_rows(reporter, name, "uneven_tunes", "note", split.uneven, words)
        words = "are another tune once they were written as ABC and read again"
        yield from _of_rows(reporter, name, "changed_tunes", "warning", split.changed, words)
        same = {row: f"like {reporter.place(name, twin)}" for row, twin in _repeats(split.terms).items()}
        words = "are near copies of an earlier one, in this or another key"
        yield from _of_rows(reporter, name, "tunes_repeated", "note", same, words)
    yield from _across(reporter, heard)


def figures(reporter: Reporter) -> dict[str, Any]:
    """How many tunes of each split are what `findings` says, in a table."""
    heard = reporter.once(_heard)
    rows = [
        [name, *(f"{n:,}" for n in (len(reporter.scans[name]), *map(len, (split.unread, split.uneven, split.changed))))]
        for name, split in heard.items()
    ]
    head = ["split", "tunes", "unreadable", "bars that do not add up", "changed by writing"]
    return {"tables": {"tunes": {"head": head, "numbers": [1, 2, 3, 4], "rows": rows}}}


def _of_rows(
    reporter: Reporter, name: str, code: str, severity: Any, rows: dict[int, str], words: str
) -> Iterator[Finding]:
    if rows:
        shown = [(name, row) for row in sorted(rows)[:SHOWN_ROWS]]
        message = f"{len(rows)} of {len(reporter.scans[name])} {name} tunes {words}"
        yield reporter.finding(code, severity, message, shown, lambda part, row: rows[row], len(rows))


def _heard(reporter: Reporter) -> dict[str, _Heard]:
    heard = {}
    for name, scan in reporter.scans.items():
        split = heard[name] = _Heard({}, {}, {}, {})
        for start, rows in pieces(scan.part, reporter.input.required_columns):
            for row, example in enumerate(rows, start):
                _hear(split, row, reporter.input.audited_text(example) or "")
    return heard


def _hear(split: _Heard, row: int, abc: str) -> None:
    tune, found = examined(abc)
    if tune is None:
        split.unread[row] = found[0]
        return
    if found:
        split.uneven[row] = found[0]
    if read(write(tune)) != tune:
        split.changed[row] = "reads otherwise"
    if some := terms(tune):
        split.terms[row] = some


def _repeats(known: dict[int, Terms]) -> dict[int, int]:
    """From tunes to an earlier near copy."""
    return {row: twin for row, twin in twins(known, known).items() if twin < row}


def _across(reporter: Reporter, heard: dict[str, _Heard]) -> Iterator[Finding]:
    for (left, one), (right, other) in combinations(heard.items(), 2):
        found = twins(one.terms, other.terms)
        same = {row: f"like {reporter.place(left, twin)} in {left}" for row, twin in found.items()}
        words = f"are near copies of tunes in {left}, in the same or another key"
        yield from _of_rows(reporter, right, f"transposed_{right}_tunes_in_{left}", "warning", same, words)
