"""How long `burnish board` takes: the first page of many runs, and what a live update costs.

    python benchmarks/board.py                          # 1,000 runs x 10,000 points, about 2 GB in a temporary folder
    python benchmarks/board.py --runs 100 --points 1000 --folder /tmp/board

The runs are made up, their files are shaped as `burnish train` writes them. The server is another process; its processor
time is read from /proc. Files are in the page cache, as they are after they were written.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa

from burnish.core.predictions import Predictions, schema

ROWS = 1000
NAMES = ["a", "b", "c", "d"]
SHOWN = 40
LIVE = 12


def events(points: int, seed: int) -> bytes:
    """Steps with a loss, and 20 validations among them."""
    draw, lines = np.random.default_rng(seed), []
    loss = 2 * np.exp(-np.arange(points) / points * 3) + 0.1 * draw.random(points)
    for step in range(1, points + 1):
        told: dict[str, Any] = {"time": 1.7e9 + step, "name": "step", "number": step, "total_steps": points}
        told |= {"epoch": step / 100, "loss": float(loss[step - 1]), "learning_rate": 1e-4, "rows": 16, "seconds": 0.5}
        lines.append(json.dumps(told))
        if step % max(1, points // 20) == 0:
            scores = {"loss": float(loss[step - 1]), "accuracy": float(1 - loss[step - 1] / 3)}
            told = {
                "time": 1.7e9 + step,
                "name": "validation",
                "number": step,
                "scores": scores,
                "deciding": "accuracy",
            }
            lines.append(json.dumps(told))
    return ("\n".join(lines) + "\n").encode()


def predictions(seed: int) -> tuple[Predictions, float]:
    """A thousand rows of four classes, some wrong."""
    truth = np.random.default_rng(0).integers(0, 4, ROWS)
    draw = np.random.default_rng(seed)
    answer = np.where(draw.random(ROWS) < 0.8 + 0.1 * draw.random(), truth, draw.integers(0, 4, ROWS))
    chances = 0.1 + 0.6 * np.eye(4)[answer]
    columns = {
        "row": np.arange(ROWS),
        "truth": [NAMES[t] for t in truth],
        "answer": [NAMES[a] for a in answer],
        "probabilities": chances.tolist(),
        "loss": np.full(ROWS, 0.5),
        "group": [None] * ROWS,
    }
    return Predictions(pa.table(columns, schema=schema("label", NAMES, pa.string()))), float((truth == answer).mean())


def make(folder: Path, runs: int, points: int) -> None:
    """The runs; the last `LIVE` of them are not finished."""
    texts = [events(points, seed) for seed in range(4)]
    tables = [predictions(seed) for seed in range(20)]
    confusion = {"names": NAMES, "counts": np.ones((4, 4), int).tolist()}
    per_class = {name: dict.fromkeys(("precision", "recall", "f1", "support", "answered"), 0.5) for name in NAMES}
    for number in range(runs):
        run = folder / f"run-{number:04d}"
        (run / "bundle" / "model").mkdir(parents=True)
        (run / "bundle" / "model" / "model.safetensors").write_bytes(b"x" * 1000)
        split = {"rows": ROWS, "which": "w" * 64, "table": "t" * 64, "files": [{"path": "data/reviews.csv"}]}
        recipe = {
            "model": {"name": "starter"},
            "adapter": {"kind": "full"},
            "task": "text-classification",
            "seed": number,
        }
        filler = {f"field_{i}": {"kind": "value", "number": i} for i in range(80)}
        (run / "begun.json").write_text(json.dumps({"recipe": {**recipe, **filler}, "data": {"test": split}}))
        (run / "environment.json").write_text(json.dumps({"data": {"test": split}}))
        (run / "recipe.yaml").write_text("task: text-classification\n")
        (run / "events.jsonl").write_bytes(texts[number % 4])
        if number >= runs - LIVE:
            continue
        table, accuracy = tables[number % 20]
        table.save(run / "predictions.parquet")
        figures = {"value": accuracy, "low": accuracy - 0.02, "high": accuracy + 0.02, "greater_is_better": True}
        metrics = {"accuracy": figures} | {f"metric_{i}": figures for i in range(60)}
        told = {"split": "test", "target": "label", "rows": ROWS, "rows_without_truth": 0, "headline": ["accuracy"]}
        told |= {"metrics": metrics, "confusion": confusion, "per_class": per_class, "training": {"seconds": 100.0}}
        (run / "scores.json").write_text(json.dumps(told))


def processor_seconds(process: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def get(address: str, path: str, pairs: list[tuple[str, Any]] | None = None) -> bytes:
    """A page, as a browser asks for it."""
    query = f"?{urlencode(pairs)}" if pairs else ""
    with urllib.request.urlopen(f"{address}{path}{query}") as answer:
        return bytes(answer.read())


def measure(address: str, process: int, folder: Path, repetitions: int) -> dict[str, float]:
    """Seconds of the first page, and processor milliseconds of live updates."""
    found: dict[str, float] = {}
    started, spent = time.perf_counter(), processor_seconds(process)
    page = get(address, "/").decode()
    found["page, s"] = time.perf_counter() - started
    found["page, MB"] = len(page) / 1e6
    runs = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])["runs"]  # type: ignore[index]
    ranked = sorted((r for r in runs if "value" in r), key=lambda r: -r["value"])
    shown = [r["run"] for r in ranked[:SHOWN]]
    before = time.perf_counter()
    get(address, "/api/curves", [("run", name) for name in shown])
    found[f"curves of {SHOWN} rows, s"] = time.perf_counter() - before
    found["first page with its curves, s"] = time.perf_counter() - started
    found["processor time of that, s"] = processor_seconds(process) - spent
    before = time.perf_counter()
    for at in range(1, len(shown), 8):
        names = [shown[0], *shown[at : at + 8]]
        told = json.loads(get(address, "/api/standings", [("metric", "accuracy"), *(("run", name) for name in names)]))
        assert {one["state"] for one in told.values()} <= {"level", "behind"}, told
    found[f"verdicts of {SHOWN} rows, s"] = time.perf_counter() - before
    return found | live(address, process, folder, [r["run"] for r in runs if r["state"] == "running"], repetitions)


def live(address: str, process: int, folder: Path, names: list[str], repetitions: int) -> dict[str, float]:
    """Each time every running run writes two lines; processor time of asking for them, and of looking at all runs."""
    told = {name: [0, 0] for name in names}

    def read() -> int:
        pairs = [p for name in names for p in (("run", name), ("start", told[name][0]), ("file", told[name][1]))]
        data = get(address, "/api/live", pairs)
        for name, part in json.loads(data).items():
            told[name] = [part["end"], part["file"]]
        return len(data)

    while read() > 2:
        pass
    sizes = []
    version = json.loads(get(address, "/api/runs", [("since", 1)]))["version"]
    spent = {"live": 0.0, "runs": 0.0}
    for turn in range(repetitions):
        for name in names:
            with open(folder / name / "events.jsonl", "a", encoding="utf-8") as file:
                file.write(
                    json.dumps({"time": time.time(), "name": "step", "number": 10**6 + turn, "loss": 1.0}) + "\n"
                )
        before = processor_seconds(process)
        sizes.append(read())
        middle = processor_seconds(process)
        version = json.loads(get(address, "/api/runs", [("since", version)]))["version"]
        spent["live"] += middle - before
        spent["runs"] += processor_seconds(process) - middle
    each = {key: 1000 * value / repetitions for key, value in spent.items()}
    return {
        f"live update of {len(names)} running runs, processor ms": each["live"],
        "bytes of it": statistics.median(sizes),
        "look at all runs (every fourth update), processor ms": each["runs"],
        "an update on average, processor ms": each["live"] + each["runs"] / 4,
    }


def main() -> None:
    """Make the runs, start the board, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--repetitions", type=int, default=40)
    parser.add_argument("--folder", type=Path, help="where the runs are made and stay; default: a temporary folder")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        if not any(folder.glob("run-*")):
            make(folder, chosen.runs, chosen.points)
        for path in sorted(folder.glob("run-*"))[-LIVE:]:
            os.utime(path / "events.jsonl")
        command = [sys.executable, "-m", "burnish.cli", "board", str(folder), "--port", "0"]
        started = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            said = server.stdout.readline()
            print(f"{'start of the command, s':>60}  {time.perf_counter() - started:.2f}")
            address = re.search(r"http://[\d.:]+", said)[0]  # type: ignore[index]
            for name, value in measure(address, server.pid, folder, chosen.repetitions).items():
                print(f"{name:>60}  {value:.3f}")
            server.terminate()


if __name__ == "__main__":
    main()
