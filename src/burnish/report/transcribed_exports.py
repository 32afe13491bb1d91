"""The section of the report about exports of models that transcribe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.report.export_rows import rejected_and_changed, sizes, status
from burnish.report.markdown import name, number, table

HEAD = ["export", "score", "worst-case rise", "same transcripts", "changed words", "token agreement", "MiB",
        "peak memory (MiB)", "real-time factor (1)", "real-time factor (8)", "validation"]  # fmt: skip


def transcribed_section(exports: Mapping[str, Any]) -> list[str]:
    """Lines of Markdown: a row for each format and precision, and transcripts that changed."""
    metric, rows = exports["metric"], exports["rows"]
    lines = ["## Exports", "", *table(HEAD, [transcribed_row(row) for row in rows], right=range(1, 10)), ""]
    lines.append(
        f"Each export transcribed the held-out recordings itself, decoded as the bundle says. The score is {name(metric)}; "
        "less is better. A float format is rejected if a transcript differs where the trained model was sure beyond "
        f"rounding; 8 bits are rejected if the score may rise by more than {exports['bound']:g} (one-sided 95 % bound, paired "
        "bootstrap). Changed words: edits between the transcripts of the trained model and of the export, normalised. "
        "Real-time factor: seconds of computing for a second of sound, one and eight recordings at once, medians on this "
        f"machine, {exports['threads']} thread(s). Peak memory: most that a process of its own held while it opened the model "
        "and transcribed eight recordings, libraries included."
    )
    return [*lines, *rejected_and_changed(rows)]


def transcribed_row(row: Mapping[str, Any]) -> list[str]:
    """Cells in the order of `HEAD`."""
    proof = row.get("proof") or {}
    factors = (row.get("speed") or {}).get("real_time_factor", {})
    rise = proof.get("low")
    words, changed = proof.get("words"), proof.get("changed_words")
    return [
        row["name"],
        number(proof.get("after")),
        "n/a" if rise is None else number(max(0.0, -rise)),
        f"{proof.get('same', 0):,} of {proof.get('rows', 0):,}",
        "n/a" if changed is None else f"{changed:,} of {words:,}",
        number(proof.get("agreement")),
        *sizes(row),
        *(number(factors.get(str(size))) for size in (1, 8)),
        status(row),
    ]
