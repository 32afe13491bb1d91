"""The section of the report about the ladder: a table of its rungs, and score against time as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from burnish.core.files import write_text
from burnish.evaluation.latency import SIZES
from burnish.report.drawing import BLUE, GREY, ORANGE, canvas
from burnish.report.markdown import name, number, snippet, table

BEGIN, END = "<!-- compression -->", "<!-- end of compression -->"
PICTURE, PAGE = "compression.png", "compression.md"


def write(folder: Path, result: Mapping[str, Any], run_report: Path) -> None:
    """The page and picture of a ladder, and its section in the report of the run where there is one.

    Args:
        folder: of the ladder.
        result: what compression.json holds.
        run_report: the run's report.md.
    """
    picture(result, folder / PICTURE)
    write_text(folder / PAGE, "\n".join(section(result, PICTURE)) + "\n")
    if not run_report.is_file():
        return
    try:
        shown = (folder / PICTURE).resolve().relative_to(run_report.parent.resolve()).as_posix()
    except ValueError:
        shown = ""  # a ladder elsewhere has its picture there
    text = run_report.read_text(encoding="utf-8")
    before, begun, rest = text.partition(BEGIN)
    after = rest.partition(END)[2].lstrip("\n") if begun else ""
    body = "\n".join(section(result, shown))
    write_text(run_report, f"{before.rstrip()}\n\n{BEGIN}\n{body}\n{END}\n" + (f"\n{after}" if after else ""))


def section(result: Mapping[str, Any], shown: str = "") -> list[str]:
    """Lines of Markdown; `shown` is the path of the picture, if it can be shown."""
    metric, rows = result["metric"], result["rows"]
    head = ["rung", "what it is", metric, "difference (95 % CI)", "changed predictions", "MiB", "memory (MiB)"]
    head += [f"batch {size}, {what} (ms)" for size in SIZES for what in ("p50", "p95", "p99")]
    head += ["times as fast (batch 1)", "validation"]
    lines = ["## Smaller and faster", "", verdict(result), ""]
    if shown:
        lines += [f"![{metric} against time]({shown})", ""]
    lines += [*table(head, [_row(row, rows[0], result) for row in rows], right=range(2, len(head) - 1)), ""]
    lines.append(
        f"Each rung predicted the held-out examples itself. It is rejected if {name(metric)} may drop by more than "
        f"{100 * result['bound']:g} points against the trained model (one-sided 95 % bound, paired bootstrap). Settings were "
        "chosen on validation and training examples; the test set confirmed them once. Temperature, thresholds and "
        "abstention were learned again for each. Times are of this machine, one batch of each rung in turn."
    )
    for row in rows:
        if row["status"] == "refused":
            lines += ["", f"- {name(row['name'])} was rejected: {snippet(row['why'], 300)}."]
    return lines


def verdict(result: Mapping[str, Any]) -> str:
    """What was kept, in a sentence."""
    if result["kept"] is None:
        return "No rung is inside the bound; nothing was kept."
    rows = result["rows"]
    kept = next(row for row in rows if row["name"] == result["kept"])
    said = (
        f"Kept: {name(kept['name'])}, {_faster(kept, rows[0])} times as fast at batch 1 as the trained model in torch"
    )
    size = f"{kept['bytes'] / 2**20:.1f} MiB instead of {rows[0]['bytes'] / 2**20:.1f}"
    target = result["target"]
    if not target["share"]:
        return f"{said}, {size}."
    reached = "reached" if result["reached"] else "not reached"
    return f"{said}, {size}. The target, {target['share']:g} of its {target['cost']}, is {reached}."


def _faster(row: Mapping[str, Any], first: Mapping[str, Any]) -> str:
    times = [r.get("latency", {}).get("1", {}).get("p50_ms") for r in (first, row)]
    return f"{times[0] / times[1]:.1f}" if all(times) else "n/a"


def _row(row: Mapping[str, Any], first: Mapping[str, Any], result: Mapping[str, Any]) -> list[str]:
    proof, found = row.get("proof") or {}, row.get("interval")
    words = "n/a" if found is None else f"{found['value']:+.4f} ({found['low']:+.4f} to {found['high']:+.4f})"
    flips, memory = proof.get("flips"), row.get("peak_memory")
    cells = [name(row["name"]), snippet(row.get("words", ""), 60), number(proof.get("after")), words]
    cells += ["n/a" if flips is None else str(flips), f"{row['bytes'] / 2**20:.1f}" if row.get("bytes") else "n/a"]
    cells.append("n/a" if memory is None else f"{memory / 2**20:.0f}")
    for size in SIZES:
        timed = row.get("latency", {}).get(str(size), {})
        cells += [number(timed.get(f"{what}_ms")) for what in ("p50", "p95", "p99")]
    status = {"trained": "reference", "refused": "rejected"}.get(row["status"], str(row["status"]))
    kept = row["name"] == result["kept"]
    return [*cells, _faster(row, first), f"**{status}, kept**" if kept else status]


def front(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows than which no other is both faster and better, the fastest first."""
    best: list[Mapping[str, Any]] = []
    for row in sorted(rows, key=lambda r: (r["latency"]["1"]["p50_ms"], -r["proof"]["after"])):
        if not best or row["proof"]["after"] > best[-1]["proof"]["after"]:
            best.append(row)
    return best


def picture(result: Mapping[str, Any], path: Path) -> None:
    """Score against the median time of one example, on a scale of doublings; areas are sizes of files."""
    rows = [
        r for r in result["rows"] if r.get("latency", {}).get("1") and (r.get("proof") or {}).get("after") is not None
    ]
    with canvas(path, 7.2, 4.2) as figure:
        axes = figure.subplots()
        largest = max((r["bytes"] for r in rows), default=1)
        for row in rows:
            kept = row["name"] == result["kept"]
            color = ORANGE if kept else GREY if row["status"] == "trained" else BLUE
            x, y = row["latency"]["1"]["p50_ms"], row["proof"]["after"]
            axes.scatter([x], [y], s=30 + 250 * row["bytes"] / largest, color=color, alpha=0.6, linewidths=0)
            axes.annotate(row["name"].replace("onnx-", ""), (x, y), (4, 5), textcoords="offset points", fontsize=7)
        line = front(rows)
        axes.plot([r["latency"]["1"]["p50_ms"] for r in line], [r["proof"]["after"] for r in line], color=GREY, lw=1)
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(lambda value, place: f"{value:g}")
        axes.set(xlabel="median time of one example (ms)", ylabel=f"{result['metric']}, held-out test")
        axes.grid()
