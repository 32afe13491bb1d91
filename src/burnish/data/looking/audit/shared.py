"""Rows that were left out because a later split holds them as well, and splits that share too much for that."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from burnish.data.apart import Shared
from burnish.data.looking.audit.report import SHOWN_ROWS, Audit, Finding, RowAt, refusal
from burnish.data.looking.audit.scan import Reporter
from burnish.data.table import Part
from burnish.inputs import Input
from burnish.targets import Target

_TRUTHS = 20_000  # rows whose truths are compared with those of the rows they repeat


def left_out(
    overlaps: Sequence[Shared], parts: dict[str, Part], input: Input, target: Target, allow: Collection[str] = ()
) -> list[Finding]:
    """A finding for each pair of splits that shared rows or groups.

    Args:
        overlaps: by `apart`.
        parts: the splits it was found in.
        input: how rows are shown.
        target: whose truth may differ between equal rows.
        allow: refusals to accept, by name.

    Raises:
        Refused: more is shared than can be left out, or two splits are one file.
    """
    reporter = Reporter({}, input, target)
    findings = [_finding(shared, parts, reporter) for shared in overlaps]
    mend = "give each split its own examples (are the right files named?)"
    if (error := refusal(Audit(tuple(findings)), allow, mend)) is not None:
        raise error
    return findings


def _finding(shared: Shared, parts: dict[str, Part], reporter: Reporter) -> Finding:
    table, other = parts[shared.split].table, parts[shared.later].table
    rows = []
    for row, twin in zip(shared.rows[:SHOWN_ROWS].tolist(), shared.twins[:SHOWN_ROWS].tolist(), strict=True):
        like = f"like {reporter.named(other, twin)} in {shared.later}"
        text = reporter.shown(table, row)
        rows.append(RowAt(shared.split, row, reporter.named(table, row), like, text))
    severity: Any = "refusal" if shared.refused else "warning"
    return Finding(shared.code, severity, _message(shared, parts, reporter.target), tuple(rows), len(shared.rows))


def _message(shared: Shared, parts: dict[str, Part], target: Target) -> str:
    split, later, count = shared.split, shared.later, len(shared.rows)
    which = f" by their {shared.group!r}" if shared.group else ""
    words = f"{count:,} of {shared.total:,} {split} examples {'is' if count == 1 else 'are'} also in {later}{which}"
    their = f"{shared.matched:,} of {len(parts[later]):,} {later} examples"
    if shared.refused:
        return f"{words} ({their}), and {shared.refused}"
    without = "training" if split == "train" else split
    they = "it is" if count == 1 else "they are"
    torn = "" if shared.group else _torn(shared, parts, target)
    return f"{words} ({their}){torn}; {they} left out of {without} (`allow: [{shared.code}]` keeps them)"


def _torn(shared: Shared, parts: dict[str, Part], target: Target) -> str:
    """How many of the rows have another truth than the row they repeat."""
    truths = parts[shared.split].table.take(shared.rows[:_TRUTHS], [target.column])[target.column].to_pylist()
    other = parts[shared.later].table.take(shared.twins[:_TRUTHS], [target.column])[target.column].to_pylist()
    differ = sum(one != two for one, two in zip(truths, other, strict=True))
    return f", {differ:,} of them with another {target.column!r}" if differ else ""


def figures(overlaps: Sequence[Shared], parts: dict[str, Part]) -> list[dict[str, Any]]:
    """Every row that was left out, by its file and its number in it, counted from 1."""
    return [
        {
            "split": shared.split,
            "also_in": shared.later,
            "by": shared.group or "content",
            "count": len(shared.rows),
            "rows": dict(_numbers(shared, parts[shared.split])),
        }
        for shared in overlaps
    ]


def _numbers(shared: Shared, part: Part) -> Iterator[tuple[str, list[int]]]:
    start = 0
    for origin in part.table.origins:
        rows = shared.rows[(shared.rows >= start) & (shared.rows < start + origin.rows)]
        if len(rows):
            yield origin.path, (rows - start + 1).tolist()
        start += origin.rows
