"""The ladder on real data and weights: what a run becomes when it is made smaller and faster, on this machine.

    python benchmarks/compression.py run sst2                 train the run, climb every rung, keep the table
    python benchmarks/compression.py run sst2 --only trained  only some rungs
    python benchmarks/compression.py table                    what is kept, side by side

Data lies in `../shared/data`, runs go to `runs/compression`. What is kept: `benchmarks/compression/results/NAME.json`, the
rows of compression.json without the attempts behind them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RUNS = HERE.parent / "runs" / "compression"
RESULTS = HERE / "compression" / "results"
RECIPES = {
    "sst2": "real_text/sst2.yaml",
    "banking77": "real_text/banking77.yaml",
    "sms_spam": "real_text/sms_spam.yaml",
    "gtsrb": "real_images/gtsrb.yaml",
    "bccd_cells": "real_images/bccd_cells.yaml",
    "fsdd": "real_audio/fsdd_yamnet.yaml",
}
BOUND = 1.0  # points
KEPT = ("name", "rung", "words", "status", "why", "bytes", "peak_memory", "latency", "interval")
PROOF = ("before", "after", "low", "flips")


def run(name: str, only: list[str], bound: float) -> None:
    """Train the run if it is not there, climb, and keep the table."""
    from burnish import train
    from burnish.stages.compress.run import compress

    place = RUNS / name
    if not (place / "scores.json").is_file():
        train(HERE / RECIPES[name], out=place, baselines=False)
    result = compress(place, bound=bound, only=only, say=print)
    keep(name, result)


def keep(name: str, result: dict[str, Any]) -> None:
    """The figures of a ladder, small enough to keep."""
    rows = [
        {**{k: row[k] for k in KEPT if k in row}, "proof": {k: (row.get("proof") or {}).get(k) for k in PROOF}}
        for row in result["rows"]
    ]
    kept = {k: result[k] for k in ("metric", "bound", "target", "reached", "kept", "made_by")}
    machine = {
        "processor": platform.processor() or platform.machine(),
        "threads": os.environ.get("OMP_NUM_THREADS", ""),
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**kept, "machine": machine, "rows": rows}, indent=1) + "\n"
    (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")


def table() -> None:
    """Every kept ladder as a Markdown table."""
    from burnish.report.compression import section

    for path in sorted(RESULTS.glob("*.json")):
        print(f"### {path.stem}\n")
        print("\n".join(section(json.loads(path.read_text(encoding="utf-8")))[2:]), end="\n\n")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("run")
    one.add_argument("name", choices=RECIPES)
    one.add_argument("--only", nargs="*", default=[])
    one.add_argument("--bound", type=float, default=BOUND)
    commands.add_parser("table")
    arguments = parser.parse_args()
    if arguments.command == "table":
        table()
    else:
        run(arguments.name, arguments.only, arguments.bound)


if __name__ == "__main__":
    main()
