"""Personal data in texts, counted by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from burnish.data.looking.audit.report import SHOWN_ROWS, Finding, Suspect
from burnish.data.looking.audit.scan import Reporter
from burnish.data.looking.closer.clock import Clock
from burnish.data.looking.closer.rows import Rows
from burnish.media.text.personal import personal


def looker(clock: Clock) -> Callable[[Reporter], Iterator[Finding]]:
    """What counts personal data."""

    def look(reporter: Reporter) -> Iterator[Finding]:
        if not reporter.input.stored:
            return
        rows = Rows.of(reporter)
        found: dict[int, dict[str, int]] = {}
        start = 0
        for texts in rows.texts():
            for row, text in enumerate(texts, start):
                if text and (kinds := personal(text)):
                    found[row] = kinds
            start += len(texts)
            if clock.left <= 0:
                yield clock.left_out("personal data")
                return
        reporter.figures["personal_data"] = _counted(rows, found)
        if found:
            yield _finding(rows, found)

    return look


def _counted(rows: Rows, found: dict[int, dict[str, int]]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {name: Counter() for name in rows.names}
    for row, kinds in found.items():
        counts[rows.located(row)[0]].update(kinds)
    return {name: dict(counter.most_common()) for name, counter in counts.items()}


def _finding(rows: Rows, found: dict[int, dict[str, int]]) -> Finding:
    """Rows are named without their texts: a report must not spread what it warns of."""
    total: Counter[str] = Counter()
    for row, kinds in found.items():
        total.update(kinds)
        part, position = rows.located(row)
        score = min(1.0, sum(kinds.values()) / 10)
        rows.reporter.suspects.append(Suspect("personal_data", part, position, score, detail=_said(kinds)))
    listed = ", ".join(f"{count:,} {kind}" for kind, count in total.most_common())
    first = [rows.located(row) for row in list(found)[:SHOWN_ROWS]]
    details = {rows.located(row): _said(kinds) for row, kinds in list(found.items())[:SHOWN_ROWS]}
    made = rows.reporter.finding(
        "personal_data",
        "note",
        f"{len(found):,} of {len(rows):,} {rows.reporter.input.thing}s look as if they held personal data: {listed}",
        first,
        lambda part, row: details[(part, row)],
        len(found),
    )
    return replace(made, rows=tuple(replace(row, text="") for row in made.rows))


def _said(kinds: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items())
