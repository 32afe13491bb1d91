"""The section of the report about exports of models that write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.report.export_rows import rejected_and_changed, sizes, status
from burnish.report.markdown import name, number, table

HEAD = ["export", "score", "worst-case drop", "same answers", "token agreement", "stop rate", "mean tokens", "MiB",
        "peak memory (MiB)", "first token (ms)", "tokens/s (1)", "tokens/s (4)", "tokens/s (16)", "validation"]  # fmt: skip


def written_section(exports: Mapping[str, Any]) -> list[str]:
    """Lines of Markdown: a row for each format and precision, and answers that changed."""
    metric, rows = exports["metric"], exports["rows"]
    lines = ["## Exports", "", *table(HEAD, [written_row(row, metric) for row in rows], right=range(1, 13)), ""]
    lines.append(
        f"Each export answered the held-out prompts itself, decoded as the bundle says. The score is {name(metric)}. A float "
        "format is rejected if an answer differs where the trained model was sure beyond rounding; 8 bits are rejected if the "
        f"score may drop by more than {exports['bound']:g} (one-sided 95 % bound, paired bootstrap). Token agreement: share of "
        "the tokens before the first other one. Times: greedy, real prompts, medians on this machine, "
        f"{exports['threads']} thread(s). Peak memory: most that a process of its own held while it opened the model and answered "
        "16 prompts, libraries included."
    )
    return [*lines, *rejected_and_changed(rows)]


def written_row(row: Mapping[str, Any], metric: str) -> list[str]:
    """Cells in the order of `HEAD`."""
    proof, speed = row.get("proof") or {}, row.get("speed") or {}
    rates = speed.get("tokens_per_second", {})
    drop = proof.get("low")
    return [
        row["name"],
        number(proof.get("after")),
        "n/a" if drop is None else number(max(0.0, -drop)),
        f"{proof.get('same', 0):,} of {proof.get('rows', 0):,}",
        number(proof.get("agreement")),
        number((proof.get("stop_rate") or [None, None])[1]),
        number((proof.get("lengths") or [None, None])[1]),
        *sizes(row),
        number(speed.get("first_token_ms")),
        *(number(rates.get(str(size))) for size in (1, 4, 16)),
        status(row),
    ]
