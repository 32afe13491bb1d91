"""Lengths, rates, channels and loudness of sounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.data.looking.audit.report import Finding, Severity
from burnish.data.looking.audit.scan import Reporter, Scan

SILENT = -60.0
"""dB below full scale (root mean square) under which there is nothing to be heard."""
CLIPPED = 0.001
"""Share of samples at full scale from which the recording was too loud for its equipment."""
APART = 25.0
"""dB between a sound and the middle one of its split: more than between a whisper and a shout at one microphone."""
SHORT = 0.1
"""Seconds under which few sounds can be told apart."""
_BINS = (0, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)

Values = dict[str, NDArray[np.float64]]


def findings(reporter: Reporter) -> Iterator[Finding]:
    """Sounds that are silent, clipped, very short, or much louder or softer than the others; rates and channels that differ."""
    every = {name: known for name, scan in reporter.scans.items() if (known := _values(scan)) is not None}
    if not every:
        return
    for name, facts in every.items():
        silent = facts["loudness"] < SILENT
        middle = float(np.nanmedian(facts["loudness"]))
        away = np.abs(facts["loudness"] - middle)
        yield from _some(
            reporter, every, name, "silent_sounds", "warning", silent, "loudness", "are silent", "{:.0f} dB"
        )
        words = "are clipped (more than a thousandth of their samples lie at full scale)"
        clipped = facts["clipped"] > CLIPPED
        yield from _some(
            reporter, every, name, "clipped_sounds", "warning", clipped, "clipped", words, "{:.1%} of samples"
        )
        words = f"are more than {APART:g} dB louder or softer than the middle one ({middle:.0f} dB)"
        odd = (away > APART) & ~silent
        yield from _some(reporter, every, name, "loudness_differs", "note", odd, "loudness", words, "{:.0f} dB")
        words = f"are shorter than {SHORT:g} s"
        short = facts["seconds"] < SHORT
        yield from _some(reporter, every, name, "short_sounds", "warning", short, "seconds", words, "{:.3f} s")
    cut = (
        "cut into views, predictions averaged"
        if "row" in reporter.input.shapes
        else "predicted in windows, and not learned"
    )
    yield from _mixtures(every, getattr(reporter.processor, "heard", None), cut)


def _some(
    reporter: Reporter,
    every: dict[str, Values],
    name: str,
    code: str,
    severity: Severity,
    which: NDArray[np.bool_],
    fact: str,
    words: str,
    form: str,
) -> Iterator[Finding]:
    rows = np.flatnonzero(which)
    if len(rows):
        yield reporter.finding(
            code,
            severity,
            f"{len(rows)} of {len(which)} {name} sounds {words}",
            [(name, int(i)) for i in rows],
            lambda part, i: form.format(every[part][fact][i]),
        )


def _mixtures(every: dict[str, Values], heard: tuple[int, float] | None, cut: str) -> Iterator[Finding]:
    """Of rates and channels.

    Args:
        every: facts of each split.
        heard: sampling rate the network hears, and seconds of its longest view, where known.
        cut: what becomes of longer sounds.
    """
    rates = Counter(int(r) for values in every.values() for r in values["sampling_rate"] if np.isfinite(r))
    channels = Counter(int(c) for values in every.values() for c in values["channels"] if np.isfinite(c))
    if len(rates) > 1:
        goal = f"; all are resampled to {heard[0]:,} Hz" if heard else ""
        yield Finding("sampling_rates_differ", "note", f"sounds of {_counted(rates, ' Hz')}{goal}")
    if max(channels, default=1) > 1:
        message = f"sounds of {_counted(channels, ' channels')}; channels are averaged"
        yield Finding("channels_are_averaged", "note", message)
    if heard is None:
        return
    rate, seconds = heard
    low = sum(count for stored, count in rates.items() if stored < rate)
    if low:
        message = f"{low} of {rates.total()} sounds have fewer than the {rate:,} samples a second the network hears: "
        yield Finding("low_sampling_rates", "note", message + "its highest bands are empty for them", (), low)
    long = sum(int((values["seconds"] > seconds).sum()) for values in every.values())
    if long:
        message = f"{long} of {rates.total()} sounds are longer than a view of {seconds:g} s: {cut}"
        yield Finding("long_sounds", "note", message, (), long)


def figures(reporter: Reporter) -> dict[str, Any]:
    """For each split how many sounds, their length (least, median, most, sum, histogram), rates, channels, loudness."""
    by_split: dict[str, Any] = {}
    for name, scan in reporter.scans.items():
        values, known = _values(scan), scan.part.table.inspection
        if values is None or known is None or not np.isfinite(values["seconds"]).any():
            continue
        seconds = values["seconds"][np.isfinite(values["seconds"])]
        edges = [b for b in _BINS if b <= seconds.max()]
        facts = known.facts.select(["sampling_rate", "channels", "format"]).take(scan.part.rows).to_pylist()
        by_split[name] = {
            "sounds": len(seconds),
            "seconds": [float(seconds.min()), float(np.median(seconds)), float(seconds.max())],
            "total_seconds": float(seconds.sum()),
            "histogram": {"bins": edges, "counts": np.histogram(seconds, [*edges, np.inf])[0].tolist()},
            "loudness": [float(q) for q in np.nanquantile(values["loudness"], (0.05, 0.5, 0.95))],
            "sampling_rates": _tally(facts, "sampling_rate"),
            "channels": _tally(facts, "channels"),
            "formats": _tally(facts, "format"),
        }
    return {"sounds": by_split, "tables": {"sounds": _table(by_split)}} if by_split else {}


def _table(by_split: Mapping[str, Any]) -> dict[str, Any]:
    """How long and how loud the sounds of each split are, and how they are stored."""
    rows = [
        [
            split,
            f"{figures['sounds']:,}",
            f"{figures['total_seconds'] / 60:,.1f}",
            " / ".join(f"{value:.2f}" for value in figures["seconds"]),
            " / ".join(f"{value:.0f}" for value in figures["loudness"]),
            *(
                ", ".join(f"{what} {n:,}" for what, n in figures[f].items())
                for f in ("sampling_rates", "channels", "formats")
            ),
        ]
        for split, figures in by_split.items()
    ]
    sizes = ["seconds (least / median / most)", "dB (5 % / median / 95 %)", "Hz", "channels", "formats"]
    return {"head": ["split", "sounds", "minutes", *sizes], "rows": rows, "numbers": [1, 2]}


def _tally(facts: list[dict[str, Any]], name: str) -> dict[str, int]:
    return dict(Counter(str(f[name]) for f in facts if f[name]).most_common())


def _counted(counts: Counter[int], unit: str) -> str:
    return ", ".join(f"{value:,}{unit} ({count:,})" for value, count in counts.most_common(6))


def _values(scan: Scan) -> Values | None:
    """[N] each fact, not a number where the file cannot be read; None where rows are no sounds."""
    known = scan.part.table.inspection
    names = ["seconds", "sampling_rate", "channels", "loudness", "clipped"]
    if known is None or not set(names) <= set(known.facts.column_names) or not len(scan):
        return None
    facts = known.facts.select(names).take(scan.part.rows)
    return {n: facts[n].cast("float64").to_numpy(zero_copy_only=False).astype(np.float64) for n in names}
