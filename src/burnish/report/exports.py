"""The section of the report about exported models: one row a format and precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from burnish.core.files import write_text
from burnish.evaluation.latency import SIZES
from burnish.report.markdown import name, number, snippet, table
from burnish.report.page.exports import SECTION, put
from burnish.report.transcribed_exports import HEAD as SPOKEN
from burnish.report.transcribed_exports import transcribed_row, transcribed_section
from burnish.report.written_exports import HEAD, written_row, written_section

DROP, CHANGED = "worst-case {} drop (95 %)", "changed predictions"
SLOWER = 1.1  # times float32's median time, from which on it is no noise of the measurement
TRANSCRIPTS = "transcripts"
"""What `written` says in export.json where recordings were transcribed."""
BEGIN, END = SECTION


def write(folder: Path, exports: Mapping[str, Any]) -> None:
    """Put the section into the reports of a run, in place of the one of an earlier export."""
    lines = section(exports)
    report, page = folder / "report.md", folder / "report.html"
    if report.is_file():
        text = report.read_text(encoding="utf-8")
        before, begun, rest = text.partition(BEGIN)
        after = rest.partition(END)[2].lstrip("\n") if begun else ""
        body = "\n".join(lines)
        write_text(report, f"{before.rstrip()}\n\n{BEGIN}\n{body}\n{END}\n" + (f"\n{after}" if after else ""))
    if page.is_file():
        put(page, lines)


def section(exports: Mapping[str, Any]) -> list[str]:
    """Lines of Markdown."""
    if exports.get("written") == TRANSCRIPTS:
        return transcribed_section(exports)
    if exports.get("written"):
        return written_section(exports)
    rows = exports["rows"]
    metric = exports["metric"]
    head = [
        "export",
        metric,
        DROP.format(metric),
        CHANGED,
        "max probability difference",
        "MiB",
        *(_titles()),
        "validated on",
    ]
    head.append("validation")
    lines = ["## Exports", "", *table(head, [_row(r) for r in rows], right=range(1, 6 + 2 * len(SIZES))), ""]
    lines.append(
        f"Each export predicted the held-out examples itself. It is rejected if {name(metric)} may drop by more than "
        f"{exports['bound']:g} (one-sided 95 % bound, paired bootstrap), and in a float format if a prediction changed that "
        "rounding does not explain. Settings were chosen on validation and training examples; the test set confirmed them once. "
        "`reference` is "
        "the trained model. Times: median (p50) and 99th percentile of one batch of real examples on this machine, "
        f"{exports['threads']} thread(s)."
    )
    lines += [line for sentence in (*slower(rows), *heard(rows)) for line in ("", sentence)]
    for row in rows:
        lines += _hardware(row)
        if row["status"] == "refused":
            lines += ["", f"- {name(row['name'])} was rejected: {snippet(row['why'], 300)}."]
        for flip in row.get("listed", [])[:10]:
            truth, one, other = (name(flip[key]) for key in ("truth", "before", "after"))
            lines.append(f"- {name(row['name'])}, row {flip['row']}: label {truth}, prediction {one} became {other}")
    return lines


def heard(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence with the real-time factors of networks that hear, where they were measured."""
    told = [
        f"{name(row['name'])} {number(factors.get('1'))} and {number(factors.get('8'))}"
        for row in rows
        if (factors := (row.get("speed") or {}).get("real_time_factor"))
    ]
    if not told:
        return []
    return [
        f"Real-time factor, one and eight recordings at once (seconds of computing a second of sound): {', '.join(told)}."
    ]


def slower(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for each compressed export that was slower here than the float32 one of its format, with both times."""
    times = {row["name"]: row.get("latency") or {} for row in rows}
    sentences = []
    for row in rows:
        plain = f"{row['name'].partition('-')[0]}-float32"
        if row["status"] != "passed" or row["name"] == plain or row.get("hardware") or plain not in times:
            continue  # times of hardware's exports are not of that hardware
        both = {
            size: (ours["p50_ms"], times[plain][size]["p50_ms"])
            for size, ours in times[row["name"]].items()
            if size in times[plain]
        }
        worse = [
            f"{ours:.3g} ms against {theirs:.3g} ms a batch of {size}"
            for size, (ours, theirs) in both.items()
            if ours > SLOWER * theirs
        ]
        if worse:
            sentences.append(
                f"{row['name']} is slower than {plain} on this machine: {', '.join(worse)} (median). It saves space and no "
                f"time here; use {plain}, or measure where it will run."
            )
    return sentences


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
        return [*lines, "All of them are supported."]
    lines += [
        f"Not supported, so left to the host's CPU: {told['fallback_share']:.1%} of the multiply-accumulates.",
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
    return [f"batch {n}, {what} (ms)" for n in SIZES for what in ("p50", "p99")]


def _status(row: Mapping[str, Any]) -> str:
    """`passed`, `rejected`, or that this is what the others are compared with."""
    return {"trained": "reference", "refused": "rejected"}.get(row["status"], str(row["status"]))


def _row(row: Mapping[str, Any]) -> list[str]:
    parity = row.get("proof") or {}
    cells = [name(row["name"]), number(parity.get("after"))]
    lost = parity.get("low")
    cells.append("n/a" if lost is None else number(max(0.0, -lost)))
    flips = parity.get("flips")
    changed = f" ({parity['changed_words']} words)" if parity.get("changed_words") else ""
    ties = f" ({parity['ties']} ties)" if parity.get("ties") else ""
    cells.append("n/a" if flips is None else f"{flips}{changed}{ties}")
    cells.append(number(parity.get("max_difference")))
    cells.append(f"{row['bytes'] / 2**20:.1f}" if row.get("bytes") else "n/a")
    for size in SIZES:
        timed = row.get("latency", {}).get(str(size))
        cells += [number(timed["p50_ms"]), number(timed["p99_ms"])] if timed else ["n/a", "n/a"]
    return [*cells, str(row.get("split") or "n/a"), _status(row)]


def shown(rows: Sequence[Mapping[str, Any]], metric: str, *, written: bool | str = False) -> list[list[str]]:
    """The same as cells for a terminal: name, metric, changes, size, median times of 1 and 32 examples, validation."""
    if written == TRANSCRIPTS:
        return [SPOKEN, *(transcribed_row(row) for row in rows)]
    if written:
        return [HEAD, *(written_row(row, metric) for row in rows)]
    cells = [["export", metric, DROP.format(metric), CHANGED, "MiB", "batch 1 (ms)", "batch 32 (ms)", "validation"]]
    for row in rows:
        full = _row(row)
        cells.append([row["name"], *full[1:4], full[5], full[6], full[10], _status(row)])
    return cells
