"""The section of the report about exports of models that write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.report.markdown import name, number, snippet, table

HEAD = ["export", "score", "worst-case drop", "same answers", "token agreement", "stop rate", "mean tokens", "MiB",
        "peak memory (MiB)", "first token (ms)", "tokens/s (1)", "tokens/s (4)", "tokens/s (16)", "validation"]  # fmt: skip
_SHOWN = 5


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
    for row in rows:
        if row["status"] == "refused":
            lines += ["", f"- {name(row['name'])} was rejected: {snippet(row['why'], 300)}."]
        for change in row.get("listed", [])[:_SHOWN]:
            one, other = snippet(change["before"], 160), snippet(change["after"], 160)
            lines.append(f"- {name(row['name'])}, example {change['row']}: {one} became {other}")
    return lines


def written_row(row: Mapping[str, Any], metric: str) -> list[str]:
    """Cells in the order of `HEAD`."""
    proof, speed = row.get("proof") or {}, row.get("speed") or {}
    rates = speed.get("tokens_per_second", {})
    drop = proof.get("low")
    status = {"trained": "reference", "refused": "rejected"}.get(row["status"], str(row["status"]))
    return [
        row["name"],
        number(proof.get("after")),
        "n/a" if drop is None else number(max(0.0, -drop)),
        f"{proof.get('same', 0):,} of {proof.get('rows', 0):,}",
        number(proof.get("agreement")),
        number((proof.get("stop_rate") or [None, None])[1]),
        number((proof.get("lengths") or [None, None])[1]),
        f"{row['bytes'] / 2**20:.1f}" if row.get("bytes") else "n/a",
        f"{row['peak_memory'] / 2**20:,.0f}" if row.get("peak_memory") else "n/a",
        number(speed.get("first_token_ms")),
        *(number(rates.get(str(size))) for size in (1, 4, 16)),
        status,
    ]
