"""How `burnish predict` scales: one process and several, each with its own thread, and one with all of them.

    python benchmarks/predicting.py RUN_OR_BUNDLE                    # some ten minutes on two free cores (estimated)
    python benchmarks/predicting.py RUN_OR_BUNDLE --rows 2000 --repetitions 1

Rows are sentences of ../shared/data/sst2, or the lines of --data, repeated. Starting (reading the bundle, loading
libraries) is measured with a table of one row and taken off. Contenders take turns; medians.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SST2 = Path(__file__).parents[1].parent / "shared" / "data" / "sst2" / "train.csv"
CONTENDERS = {"1 process, 1 thread": (1, 1), "2 processes, 1 thread each": (2, 1), "1 process, 2 threads": (1, 2)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path, help="a model of one text column, called text")
    parser.add_argument("--data", type=Path, help="texts, one a line")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--runtime")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        many, one = table(asked.data, asked.rows, folder / "many.jsonl"), table(asked.data, 1, folder / "one.jsonl")
        net: dict[str, list[float]] = {contender: [] for contender in CONTENDERS}
        for repetition in range(asked.repetitions):
            names = list(CONTENDERS)
            for contender in names[repetition % len(names) :] + names[: repetition % len(names)]:
                start = seconds(asked, one, folder, *CONTENDERS[contender])
                whole = seconds(asked, many, folder, *CONTENDERS[contender])
                net[contender].append(whole - start)
                print(f"{contender}: {whole:.1f} s, of which {start:.1f} s to start", file=sys.stderr)
    first = statistics.median(net["1 process, 1 thread"])
    print("| contender | rows/s | times the first |\n|---|---|---|")
    for contender, found in net.items():
        middle = statistics.median(found)
        print(f"| {contender} | {asked.rows / middle:.1f} | {first / middle:.2f} |")


def table(data: Path | None, rows: int, path: Path) -> Path:
    """So many rows as JSON lines."""
    if data is not None:
        texts = data.read_text(encoding="utf-8").splitlines()
    elif SST2.is_file():
        with SST2.open(encoding="utf-8", newline="") as file:
            texts = [row["text"] for row in csv.DictReader(file)]
    else:
        sys.exit(f"{SST2} is not here: name texts with --data")
    with path.open("w", encoding="utf-8") as out:
        for i in range(rows):
            out.write(json.dumps({"number": i, "text": texts[i % len(texts)]}) + "\n")
    return path


def seconds(asked: argparse.Namespace, data: Path, folder: Path, processes: int, threads: int) -> float:
    """Wall seconds of one command."""
    out = folder / "answers.jsonl"
    out.unlink(missing_ok=True)
    words = [sys.executable, "-m", "burnish.cli", "predict", str(asked.bundle), str(data), "-o", str(out)]
    words += ["--processes", str(processes), *(["--runtime", asked.runtime] if asked.runtime else [])]
    begun = time.monotonic()
    variables = {**os.environ, "OMP_NUM_THREADS": str(threads), "BURNISH_CACHE": str(folder / "cache")}
    subprocess.run(words, check=True, capture_output=True, env=variables)
    return time.monotonic() - begun


if __name__ == "__main__":
    main()
