"""Files of music: what they lose as event tokens, and how large they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from burnish.core.errors import InputError
from burnish.data.looking.audit.report import Finding, Severity
from burnish.data.looking.audit.scan import Reporter, pieces
from burnish.inputs import FromFiles
from burnish.media.music.events.processor import MusicProcessor
from burnish.media.music.events.round_trip import Lost

Losses = dict[str, dict[int, Lost]]


def findings(reporter: Reporter) -> Iterator[Finding]:
    """Notes that are lost or moved on the way through the tokens, and meters that no token says."""
    for name, losses in reporter.once(_losses).items():
        gone = sum(one.gone for one in losses.values())
        notes = sum(one.notes for one in losses.values())
        words = f"lose notes as event tokens ({gone:,} of {notes:,} notes)"
        yield from _some(reporter, name, losses, "notes_lost", "warning", words, lambda one: one.gone > 0)
        words = "have a meter that no event token says; they are written in 4/4"
        yield from _some(reporter, name, losses, "meters_lost", "warning", words, lambda one: one.meter)
        moved = sum(one.moved for one in losses.values())
        words = f"have notes between two positions, which are moved to the nearer one ({moved:,} of {notes:,} notes)"
        yield from _some(reporter, name, losses, "notes_moved", "note", words, lambda one: one.moved > 0)


def figures(reporter: Reporter) -> dict[str, Any]:
    """Files, notes, and what of them is lost, by split."""
    head = ["split", "files", "notes", "notes lost", "files that lose notes", "notes moved"]
    rows = [
        [
            name,
            f"{len(losses):,}",
            f"{sum(one.notes for one in losses.values()):,}",
            f"{sum(one.gone for one in losses.values()):,}",
            f"{sum(one.gone > 0 for one in losses.values()):,}",
            f"{sum(one.moved for one in losses.values()):,}",
        ]
        for name, losses in reporter.once(_losses).items()
    ]
    return {"tables": {"event_tokens": {"head": head, "rows": rows, "numbers": [1, 2, 3, 4, 5]}}} if rows else {}


def _some(
    reporter: Reporter,
    name: str,
    losses: dict[int, Lost],
    code: str,
    severity: Severity,
    words: str,
    chosen: Callable[[Lost], bool],
) -> Iterator[Finding]:
    rows = sorted((i for i, one in losses.items() if chosen(one)), key=lambda i: -losses[i].gone)
    if rows:
        yield reporter.finding(
            code,
            severity,
            f"{len(rows)} of {len(losses)} {name} files {words}",
            [(name, i) for i in rows],
            lambda _, i: str(losses[i]),
        )


def _losses(reporter: Reporter) -> Losses:
    """Of each split by position in it; rows whose files cannot be read are said by others."""
    input_, processor = reporter.input, reporter.processor
    if not isinstance(input_, FromFiles) or not isinstance(processor, MusicProcessor):
        return {}
    found: Losses = {}
    for name, scan in reporter.scans.items():
        found[name] = {}
        for start, rows in pieces(scan.part, input_.required_columns):
            for position, example in enumerate(rows, start):
                with suppress(InputError, OSError):
                    if (file := input_.file(example)) is not None:
                        data = file if isinstance(file, bytes) else file.read_bytes()
                        found[name][position] = processor.lost_of(data)
    return found
