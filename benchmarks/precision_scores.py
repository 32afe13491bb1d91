"""Whether training in bfloat16 ends in the scores of float32: the starter model on some text sets, on the same test rows.

    python benchmarks/precision_scores.py                          # sst2, trec and sms_spam of ../shared/data
    python benchmarks/precision_scores.py --sets sst2 --rows 1000 --seeds 0 1 --json scores.json

Both precisions train on the same rows in the same order from the same head; the test is always computed in float32, as
`burnish train` does. Scores with 95 % intervals, the paired difference, and processor seconds of the training steps.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
PRECISIONS = ("float32", "bfloat16")


def written(name: str, rows: dict[str, int], folder: Path) -> dict[str, str]:
    """The first training and test rows of a set as two files."""
    found = {}
    for split, count in rows.items():
        source = SHARED / name / f"{split}.csv"
        if not source.is_file():
            sys.exit(f"skipped: {source} is not here")
        with source.open(encoding="utf-8", newline="") as file:
            own = list(csv.DictReader(file))[:count]
        found[split] = str(folder / f"{name}-{split}.csv")
        with Path(found[split]).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label"])
            writer.writerows([row["text"], row["label"]] for row in own)
    return found


def trained(files: dict[str, str], precision: str, seed: int, arguments: argparse.Namespace, cache: str) -> Any:
    """Predictions for the test rows, the recipe, and processor seconds of the steps."""
    from burnish.evaluation.predict import predict
    from burnish.recipe.recipe import Recipe
    from burnish.runtimes.torch import running
    from burnish.stages.prepare.prepare import prepare
    from burnish.stages.train.assemble import assemble
    from burnish.training.accelerator import Accelerator
    from burnish.training.loop import fit

    recipe = Recipe.load(
        {
            "data": {**files, "cache": cache},
            "input": {"kind": "text", "columns": ["text"]},
            "target": {"kind": "label", "column": "label"},
            "model": "starter",
            "precision": precision,
            "device": "cpu",
            "epochs": arguments.epochs,
            "learning_rate": arguments.learning_rate,
            "layer_decay": 0.9,
            "seed": seed,
            "trackers": [],
            "allow": ["test_rows_in_train", "test_rows_in_validation", "validation_rows_in_train"],
        }
    )
    accelerator = Accelerator("cpu", precision)  # type: ignore[arg-type]
    prepared = prepare(recipe, lambda event: None, accelerator)
    assembled = assemble(prepared, accelerator, print)
    started = time.process_time()
    for _ in fit(assembled.training):
        pass
    seconds = time.process_time() - started
    run, part = running(assembled.training.network), prepared.parts["test"]
    return predict(run, assembled.loaders["test"], part, loss=None)[0], prepared.recipe, seconds


def compared(name: str, seed: int, arguments: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Both precisions on one set: a row for each metric."""
    from burnish.evaluation.compare import paired_differences
    from burnish.evaluation.intervals import bootstrap_all

    files = written(name, {"train": arguments.rows, "test": arguments.test_rows}, folder)
    found = {p: trained(files, p, seed, arguments, str(folder / "cache")) for p in PRECISIONS}
    recipe = found["float32"][1]
    metrics = [metric for metric in recipe.metrics if metric.label in ("accuracy", "macro_f1")]
    own = {p: bootstrap_all(metrics, predictions, seed=0) for p, (predictions, _, _) in found.items()}
    differences = paired_differences(metrics, found["bfloat16"][0], found["float32"][0], seed=0)
    rows = []
    for metric in metrics:
        row: dict[str, Any] = {"set": name, "metric": metric.label, "seed": seed}
        for precision in PRECISIONS:
            interval = own[precision][metric.label]
            row[precision] = [interval.value, interval.low, interval.high]
        difference = differences[metric.label]
        row["difference"] = [difference.value, difference.low, difference.high]
        row["seconds"] = {p: found[p][2] for p in PRECISIONS}
        rows.append(row)
    return rows


def line(row: dict[str, Any]) -> str:
    """One row of the table."""
    whole, half, apart = ("{:.3f} ({:.3f} to {:.3f})".format(*row[n]) for n in ("float32", "bfloat16", "difference"))
    seconds = f"{row['seconds']['float32']:.0f} and {row['seconds']['bfloat16']:.0f}"
    return f"| {row['set']} | {row['metric']} | {row['seed']} | {whole} | {half} | {apart} | {seconds} |"


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=["sst2", "trec", "sms_spam"])
    parser.add_argument("--rows", type=int, default=600)
    parser.add_argument("--test-rows", type=int, default=500)
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    print("| data | metric | seed | float32 | bfloat16 | bfloat16 minus float32 | processor s of the steps |")
    print("|---|---|---|---|---|---|---|", flush=True)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.sets:
            for seed in arguments.seeds:
                rows += (found := compared(name, seed, arguments, Path(folder)))
                print("\n".join(map(line, found)), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
