"""What the tables of exports share, of models that write and of those that transcribe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from burnish.report.markdown import name, snippet

_SHOWN = 5


def status(row: Mapping[str, Any]) -> str:
    """What became of an export, in a word."""
    return {"trained": "reference", "refused": "rejected"}.get(row["status"], str(row["status"]))


def sizes(row: Mapping[str, Any]) -> list[str]:
    """MiB of the files, and of the peak memory."""
    return [
        f"{row['bytes'] / 2**20:.1f}" if row.get("bytes") else "n/a",
        f"{row['peak_memory'] / 2**20:,.0f}" if row.get("peak_memory") else "n/a",
    ]


def rejected_and_changed(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lines about each export that was rejected, and the first answers that changed."""
    lines: list[str] = []
    for row in rows:
        if row["status"] == "refused":
            lines += ["", f"- {name(row['name'])} was rejected: {snippet(row['why'], 300)}."]
        for change in row.get("listed", [])[:_SHOWN]:
            one, other = snippet(str(change["before"]), 160), snippet(str(change["after"]), 160)
            lines.append(f"- {name(row['name'])}, example {change['row']}: {one} became {other}")
    return lines
