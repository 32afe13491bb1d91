"""The section of the report about exported models: one row a format and precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from burnish.core.files import write_text
from burnish.evaluation.latency import SIZES
from burnish.report.markdown import name, number, snippet, table

BEGIN, END = "<!-- exports -->", "<!-- end of exports -->"


def write(report: Path, exports: Mapping[str, Any]) -> None:
    """Put the section into a report, in place of the one of an earlier export."""
    text = report.read_text(encoding="utf-8")
    before, begun, rest = text.partition(BEGIN)
    after = rest.partition(END)[2].lstrip("\n") if begun else ""
    body = "\n".join(section(exports))
    write_text(report, f"{before.rstrip()}\n\n{BEGIN}\n{body}\n{END}\n{after}")


def section(exports: Mapping[str, Any]) -> list[str]:
    """Lines of Markdown."""
    rows = exports["rows"]
    metric = exports["metric"]
    head = ["export", metric, "lost at most", "flips", "largest difference", "MiB", *(_titles()), "proved on", "gate"]
    lines = ["## Exports", "", *table(head, [_row(r) for r in rows], right=range(1, 6 + 2 * len(SIZES))), ""]
    lines.append(
        f"Each export answered the held-out rows itself. `lost at most`: what of {name(metric)} may be lost with 95 % "
        f"confidence (paired bootstrap); more than {exports['bound']:g} is refused, and so is any changed decision of a "
        "float format that rounding does not explain. Settings were chosen on validation rows; test rows were read for "
        "the proof only. Times are of this machine: median and 99th percentile of one batch in ms, real rows, "
        f"{exports['threads']} thread(s)."
    )
    for row in rows:
        lines += _hardware(row)
        if row["status"] == "refused":
            lines += ["", f"- {name(row['name'])} was refused: {snippet(row['why'], 300)}."]
        for flip in row.get("listed", [])[:10]:
            truth, one, other = (name(flip[key]) for key in ("truth", "before", "after"))
            lines.append(f"- {name(row['name'])} row {flip['row']}: truth {truth}, was {one}, is {other}")
    return lines


def _hardware(row: Mapping[str, Any]) -> list[str]:
    """How an export fits the hardware it is for."""
    told = row.get("hardware")
    if not told:
        return []
    count = sum(told["operators"].values())
    lines = [
        "",
        f"{name(row['name'])} is for {name(told['kind'])}: {count} operators compared with {snippet(told['source'], 300)}. "
        "Its times are of this machine's CPU, not of the hardware.",
    ]
    if not told["fallback"]:
        return [*lines, "All of them are on the list."]
    lines += [
        f"Not taken, so for the host's CPU: {told['fallback_share']:.1%} of the multiply-accumulates.",
        "",
        *table(
            ["operator", "why", "operators", "share of work", "nodes"],
            [
                [
                    name(entry["operator"]),
                    snippet(entry["why"], 60),
                    str(entry["count"]),
                    f"{entry['share']:.1%}",
                    snippet(", ".join(entry["nodes"]), 120),
                ]
                for entry in told["fallback"]
            ],
            right=range(2, 4),
        ),
    ]
    return lines


def _titles() -> list[str]:
    return [f"{n} row{'s' if n > 1 else ''}: {what}" for n in SIZES for what in ("p50", "p99")]


def _row(row: Mapping[str, Any]) -> list[str]:
    parity = row.get("proof") or {}
    cells = [name(row["name"]), number(parity.get("after"))]
    lost = parity.get("low")
    cells.append("n/a" if lost is None else number(max(0.0, -lost)))
    flips = parity.get("flips")
    cells.append("n/a" if flips is None else f"{flips}" + (f" ({parity['ties']} ties)" if parity.get("ties") else ""))
    cells.append(number(parity.get("max_difference")))
    cells.append(f"{row['bytes'] / 2**20:.1f}" if row.get("bytes") else "n/a")
    for size in SIZES:
        timed = row.get("latency", {}).get(str(size))
        cells += [number(timed["p50_ms"]), number(timed["p99_ms"])] if timed else ["n/a", "n/a"]
    return [*cells, str(row.get("split") or "n/a"), row["status"]]


def shown(rows: Sequence[Mapping[str, Any]], metric: str) -> list[list[str]]:
    """The same rows as cells for a terminal: name, metric, flips, size, median of one row and of 32, gate."""
    cells = [["export", metric, "lost at most", "flips", "MiB", "1 row", "32 rows", "gate"]]
    for row in rows:
        full = _row(row)
        cells.append([row["name"], *full[1:4], full[5], f"{full[6]} ms", f"{full[10]} ms", row["status"]])
    return cells
