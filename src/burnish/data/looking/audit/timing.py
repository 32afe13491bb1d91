"""Texts against the length of their sounds: misaligned rows, rows that cannot be learned, and what they cost in hours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.data.looking.audit.report import SHOWN_ROWS, Finding
from burnish.data.looking.audit.scan import Reporter
from burnish.data.looking.audit.sounds import SILENT
from burnish.data.looking.audit.spoken_rows import SpokenRows, spoken_rows

APART = 3.5
"""Robust standard deviations (1.4826 times the median absolute deviation) from which a rate of speech is an outlier."""
FACTOR = 2.0
"""Least factor between an outlier and what is usual for a text of its length, however alike the others are."""
ENOUGH = 20
"""Rows of one script without which nothing is usual."""
BEYOND = 0.1
"""Seconds that a part may end behind its file: times are rounded."""
_PAIRS = 20_000  # drawn for the line through lengths and times


def findings(reporter: Reporter) -> Iterator[Finding]:
    """Rates of speech that are none, parts that end behind their file, and rows without room for their text."""
    every = reporter.once(spoken_rows)
    for name, rows in every.items():
        yield from _rates(reporter, name, rows)
        beyond = rows.ends > rows.of_file + BEYOND
        yield from _some(
            reporter,
            "parts_end_behind_their_file",
            f"{int(beyond.sum())} of {len(rows)} {name} parts end behind their file, and are cut there",
            name,
            np.flatnonzero(beyond),
            lambda rows, i: f"to {rows.ends[i]:g} s of {rows.of_file[i]:.2f} s",
        )
        if name == "train" and (heard := getattr(reporter.processor, "heard", None)):
            longer = np.flatnonzero(rows.seconds > heard[1])
            yield from _some(
                reporter,
                "longer_than_a_window",
                f"{len(longer)} of {len(rows)} {name} recordings are longer than a window of {heard[1]:g} s: which of their "
                "words it would hold is not known, and nothing is learned from them",
                name,
                longer,
                lambda rows, i: f"{rows.seconds[i]:.2f} s",
            )
        yield from _some(
            reporter,
            "too_few_frames",
            f"{int(_infeasible(rows).sum())} of {len(rows)} {name} sounds have fewer frames than their texts need: no loss "
            "is defined, and nothing is learned from them",
            name,
            np.flatnonzero(_infeasible(rows)),
            lambda rows, i: f"{rows.frames[i]} frames, {rows.needed[i]} needed",
        )
        yield from _some(
            reporter,
            "texts_longer_than_decoder",
            f"{int(_too_long(rows).sum())} of {len(rows)} {name} texts have more tokens than the {rows.longest} places of the "
            "decoder: nothing is learned from them",
            name,
            np.flatnonzero(_too_long(rows)),
            lambda rows, i: f"{rows.places[i]} places needed",
        )


def _infeasible(rows: SpokenRows) -> NDArray[np.bool_]:
    return (rows.needed > rows.frames) & np.isfinite(rows.seconds)


def _too_long(rows: SpokenRows) -> NDArray[np.bool_]:
    return np.zeros(len(rows), np.bool_) if rows.longest is None else rows.places > rows.longest


def _rates(reporter: Reporter, name: str, rows: SpokenRows) -> Iterator[Finding]:
    """Texts that are far too long or short for their sounds, the worst first."""
    away = unusual(rows)
    order = np.argsort(-np.abs(away), kind="stable")
    worst = order[away[order] != 0]
    usual = rows.characters > 0
    middle = float(np.median(rows.characters[usual] / rows.seconds[usual])) if len(worst) else 0.0
    fast, slow = int((away > 0).sum()), int((away < 0).sum())
    yield from _some(
        reporter,
        "speech_rate",
        f"{len(worst)} of {len(rows)} {name} texts do not fit the length of their sounds ({fast} too long, {slow} too short; "
        f"the middle rate is {middle:.1f} characters a second): is each text that of its sound?",
        name,
        worst,
        lambda rows, i: (
            f"{rows.characters[i]} characters in {rows.seconds[i]:.2f} s, {rows.characters[i] / rows.seconds[i]:.1f} a second"
        ),
    )


def unusual(rows: SpokenRows) -> NDArray[np.float64]:
    """[N] by how much, as a logarithm, a text is too long (positive) or short for its sound; 0 where that is usual.

    Usual is a line, because short texts have silence around them as well: the median slope of pairs of rows
    (Theil-Sen) and the median of what is left over. Scripts are judged apart: a sign of Han is a word.
    """
    away = np.zeros(len(rows), np.float64)
    usable = (rows.characters > 0) & (rows.seconds > 0) & np.isfinite(rows.seconds)
    for script in np.unique(rows.scripts[usable]):
        some = np.flatnonzero(usable & (rows.scripts == script))
        if len(some) < ENOUGH:
            continue
        characters, seconds = rows.characters[some].astype(np.float64), rows.seconds[some]
        slope, silence = _line(characters, seconds)
        expected = np.maximum(silence + slope * characters, 1e-3)
        left = np.log(expected / seconds)
        left -= np.median(left)
        spread = 1.4826 * float(np.median(np.abs(left)))
        far = np.abs(left) > max(APART * spread, np.log(FACTOR))
        away[some[far]] = left[far]
    return away


def _line(characters: NDArray[np.float64], seconds: NDArray[np.float64]) -> tuple[float, float]:
    """Seconds a character and seconds of silence, neither negative; the plain rate where lengths hardly differ."""
    drawn = np.random.default_rng(0).integers(0, len(characters), (2, _PAIRS))
    first, second = drawn[:, characters[drawn[0]] != characters[drawn[1]]]
    if len(first):
        slopes = (seconds[first] - seconds[second]) / (characters[first] - characters[second])
        slope = float(np.median(slopes))
        silence = float(np.median(seconds - slope * characters))
        if slope > 0 and silence >= 0:
            return slope, silence
    return float(np.median(seconds / characters)), 0.0


def _some(
    reporter: Reporter, code: str, message: str, name: str, which: NDArray[np.int64], details: Any
) -> Iterator[Finding]:
    """A warning about rows in this order, each with its row in the table and its text."""
    if not len(which):
        return
    rows = reporter.once(spoken_rows)[name]

    def described(part: str, position: int) -> str:
        table = reporter.scans[part].part
        place = table.table.place(int(table.rows[position]))
        known = place == reporter.place(part, position)
        return f"{'' if known else f'{place}: '}{details(rows, position)}: {reporter.truth(part, position)!r:.80}"

    shown = [(name, int(i)) for i in which[:SHOWN_ROWS]]
    yield reporter.finding(code, "warning", message, shown, described, len(which))


def figures(reporter: Reporter) -> dict[str, Any]:
    """For each split its recordings and hours, those of them that nothing is learned from, and those in doubt, by cause."""
    every = reporter.once(spoken_rows)
    lost = {name: _by_cause(reporter, name, rows) for name, rows in every.items()}
    head = ["split", "of the recordings", "recordings", "minutes"]
    table = [
        [name, cause, f"{known['recordings']:,}", f"{known['seconds'] / 60:,.1f}"]
        for name, causes in lost.items()
        for cause, known in causes.items()
        if known["recordings"]
    ]
    return {"hours_lost": lost, "tables": {"hours_lost": {"head": head, "rows": table, "numbers": [2, 3]}}}


def _by_cause(reporter: Reporter, name: str, rows: SpokenRows) -> dict[str, dict[str, float]]:
    """Each recording is counted under the first cause that holds."""
    scan = reporter.scans[name]
    heard = getattr(reporter.processor, "heard", None)
    known = scan.part.table.inspection
    broken = np.isin(scan.part.rows, list(known.problems) if known is not None else [])
    window = f"lost: longer than a window of {heard[1]:g} s" if heard else ""
    causes: dict[str, NDArray[np.bool_]] = {
        "lost: cannot be read": broken,
        "lost: no text": rows.missing,
        "lost: the cell is no text": rows.no_text,
        "lost: text longer than the decoder": _too_long(rows),
        "lost: fewer frames than the text needs": _infeasible(rows),
        **({window: rows.seconds > heard[1]} if heard and name == "train" else {}),
        "in doubt: silent": _silent(reporter, name, rows),
        "in doubt: text and length do not fit": unusual(rows) != 0,
    }
    counted: dict[str, dict[str, float]] = {"all": _size(rows, np.ones(len(rows), np.bool_))}
    taken = np.zeros(len(rows), np.bool_)
    for cause, which in causes.items():
        counted[cause] = _size(rows, which & ~taken)
        taken |= which
    return counted


def _size(rows: SpokenRows, which: NDArray[np.bool_]) -> dict[str, float]:
    return {"recordings": int(which.sum()), "seconds": float(np.nansum(rows.seconds[which]))}


def _silent(reporter: Reporter, name: str, rows: SpokenRows) -> NDArray[np.bool_]:
    known = reporter.scans[name].part.table.inspection
    if known is None or "loudness" not in known.facts.column_names or not len(rows):
        return np.zeros(len(rows), np.bool_)
    loudness = known.facts["loudness"].take(reporter.scans[name].part.rows).cast("float64")
    return np.asarray(loudness.to_numpy(zero_copy_only=False), np.float64) < SILENT
