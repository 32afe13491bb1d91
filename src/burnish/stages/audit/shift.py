"""Whether the splits are alike: a classifier is asked to tell their rows apart."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.seeds import generator
from burnish.data.looking.audit.report import Finding
from burnish.data.looking.audit.scan import Reporter
from burnish.data.looking.closer.clock import Clock
from burnish.data.looking.closer.rows import Rows
from burnish.data.looking.closer.sounds_alike import fingerprints
from burnish.evaluation.two_sample import MOST, TwoSamples, two_samples
from burnish.media.text.terms import counted

UNLIKELY = 0.001
"""p-value from which on splits are said to differ: several pairs are compared in every run."""
CLEARLY = 0.6
"""Area under the ROC curve from which on a difference is worth a warning; with many rows smaller ones are certain, too."""
_TERMS = 5_000


def looker(clock: Clock, seed: int) -> Callable[[Reporter], Iterator[Finding]]:
    """What compares the training split with the others."""

    def look(reporter: Reporter) -> Iterator[Finding]:
        rows = Rows.of(reporter)
        found: dict[str, Any] = {}
        for other in rows.names[1:]:
            made = _described(rows, rows.names[0], other, seed)
            tested = None if made is None else two_samples(made[0], made[1], seed)
            if made is None or tested is None:
                continue
            found[f"{rows.names[0]} and {other}"] = tested.as_values()
            if tested.p_value < UNLIKELY:
                yield _finding(rows.names[0], other, tested, made[2])
        if found:
            reporter.figures["shift"] = found
        elif len(rows.names) > 1:
            yield clock.left_out("differences between splits", "too few rows, or none that can be described")

    return look


def _finding(one: str, other: str, tested: TwoSamples, names: list[str]) -> Finding:
    told = f"; it goes by {', '.join(repr(names[column]) for column in tested.telling)}" if names else ""
    return Finding(
        "shifted_splits",
        "warning" if tested.roc_auc >= CLEARLY else "note",
        f"a classifier tells {other} from {one}: right for {tested.right:,} of {tested.rows:,} rows, {tested.accuracy:.1%} "
        f"(95 % interval {tested.low:.1%} to {tested.high:.1%}; 50 % were they alike, p {_p(tested.p_value)}){told}",
        (),
        tested.rows,
    )


def _p(value: float) -> str:
    return f"{value:.1e}" if value > 0 else "below 1e-300"


def _described(rows: Rows, one: str, other: str, seed: int) -> tuple[Any, Any, list[str]] | None:
    """Features of rows of two splits, and the names of their columns where they mean something."""
    reporter = rows.reporter
    chosen = [_chosen(rows, name, seed) for name in (one, other)]
    if reporter.input.stored:
        texts = [rows.texts_at(some) for some in chosen]
        if not all(texts):  # a split without one text that says something
            return None
        values, names = counted([*texts[0], *texts[1]], [*texts[0], *texts[1]], _TERMS)
        return values[: len(texts[0])], values[len(texts[0]) :], names
    values = _of_files(rows)
    return None if values is None else (values[chosen[0]], values[chosen[1]], [])


def _chosen(rows: Rows, name: str, seed: int) -> NDArray[np.int64]:
    """At most as many rows of a split as are compared, drawn by the seed; those that say something."""
    number = rows.names.index(name)
    mine = np.arange(rows.bounds[number], rows.bounds[number + 1])
    mine = mine[rows.contents()[mine] != 0]
    if len(mine) > MOST:
        mine = np.sort(generator(seed, "shift", name).choice(mine, MOST, replace=False))
    return mine


def _of_files(rows: Rows) -> NDArray[np.float32] | None:
    """What is known of files without reading them again: thumbnails of pictures, fingerprints of sounds, and numbers."""
    inspections = [rows.reporter.scans[name].part.table.inspection for name in rows.names]
    if any(known is None for known in inspections):
        return None
    columns = [_thumbnails(rows), fingerprints(rows), _numbers(rows)]
    there = [values for values in columns if values is not None]
    return np.concatenate(there, axis=1) if there else None


def _facts(rows: Rows, name: str) -> list[Any]:
    values: list[Any] = []
    for split in rows.names:
        part = rows.reporter.scans[split].part
        known = part.table.inspection
        there = known is not None and name in known.facts.column_names
        values += known.facts[name].take(part.rows).to_pylist() if known is not None and there else [None] * len(part)
    return values


def _thumbnails(rows: Rows) -> NDArray[np.float32] | None:
    texts = _facts(rows, "thumbnail")
    size = next((len(base64.b64decode(text)) for text in texts if text), 0)
    if not size:
        return None
    empty = np.zeros(size, np.float32)
    return np.stack([np.frombuffer(base64.b64decode(text), np.uint8) / 255 if text else empty for text in texts])


def _numbers(rows: Rows) -> NDArray[np.float32] | None:
    names = ("width", "height", "seconds", "loudness", "peak", "lead", "sampling_rate", "channels")
    columns = [_facts(rows, name) for name in names]
    kept = [[0.0 if value is None else float(value) for value in column] for column in columns if any(column)]
    return np.array(kept, np.float32).T if kept else None
