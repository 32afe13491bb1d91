"""Recordings that became codes: what the codec loses of them, silence, and samples at full scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from burnish.data.looking.audit.report import SHOWN_ROWS, Finding, RowAt, Severity
from burnish.data.looking.audit.sounds import CLIPPED, SILENT
from burnish.data.table import Part

WORST = 5  # recordings that are listed in any case

Facts = dict[str, NDArray[np.float64]]


def findings(parts: Mapping[str, Part], column: str) -> Iterator[Finding]:
    """What is the matter with the windows of recordings.

    Args:
        parts: the splits, their rows unfolded.
        column: with the codes, and beside them `ratio`, `distance`, `loudness` and `clipped` of each.
    """
    for name, part in parts.items():
        facts = _facts(part, column)
        if facts is None:
            continue
        heard = facts["loudness"] >= SILENT
        yield from _some(name, part, "silent_recordings", ~heard, facts["loudness"], "are silent", "{:.0f} dB")
        words = "are clipped (more than a thousandth of their samples lie at full scale)"
        shown = "{:.1%} of samples"
        yield from _some(name, part, "clipped_recordings", facts["clipped"] > CLIPPED, facts["clipped"], words, shown)
        if heard.any():
            yield _returned(name, part, facts, heard)
        lost = heard & (facts["ratio"] < 0)
        words = "are not those recordings any more behind the codec: what it changes is louder than the sound"
        yield from _some(name, part, "lost_in_codec", lost, facts["ratio"], words, "signal to noise {:.1f} dB")


def _returned(name: str, part: Part, facts: Facts, heard: NDArray[np.bool_]) -> Finding:
    """What comes back from the codec, with the worst windows."""
    ratio, distance = (float(np.median(facts[fact][heard])) for fact in ("ratio", "distance"))
    places = np.flatnonzero(heard)
    worst = places[np.argsort(-facts["distance"][places], kind="stable")][:WORST]
    message = (
        f"what the codec gives back of {int(heard.sum()):,} {name} windows: signal to noise {ratio:.1f} dB, log-spectral "
        f"distance {distance:.1f} dB (medians); predictions sound no better than that"
    )
    rows = [_row(name, part, int(i), f"{facts['distance'][i]:.1f} dB apart, {facts['ratio'][i]:.1f} dB") for i in worst]
    return Finding("codec_round_trip", "note", message, tuple(rows), len(places))


def _some(
    name: str, part: Part, code: str, which: NDArray[np.bool_], values: NDArray[np.float64], words: str, form: str
) -> Iterator[Finding]:
    places = np.flatnonzero(which)
    if not len(places):
        return
    severity: Severity = "warning"
    order = places[np.argsort(values[places], kind="stable")][:SHOWN_ROWS]
    rows = [_row(name, part, int(i), form.format(values[i])) for i in order]
    yield Finding(code, severity, f"{len(places)} of {len(which)} {name} windows {words}", tuple(rows), len(places))


def _row(name: str, part: Part, position: int, detail: str) -> RowAt:
    number = int(part.rows[position])
    return RowAt(name, number, part.table.place(number), detail)


def _facts(part: Part, column: str) -> Facts | None:
    """[N] of each fact; None where the rows have none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = part.table.arrow[column] if column in part.table.columns else None
    if not cells or not pa.types.is_struct(cells.type) or cells.type.get_field_index("ratio") < 0:
        return None
    names = ("ratio", "distance", "loudness", "clipped")  # and not the codes, which are most of a cell
    return {name: pc.struct_field(cells, name).to_numpy().astype(np.float64)[part.rows] for name in names}
