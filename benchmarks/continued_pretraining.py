"""Continued pretraining, and what it does for a classifier: the checkpoint trained further on texts of the field, then both.

    python benchmarks/continued_pretraining.py banking77 --model starter --labels 500
    python benchmarks/continued_pretraining.py ag_news --model weights/llama_260k_dreams --task language-modeling --texts 4000
    python benchmarks/continued_pretraining.py table

Texts are those of the training file, without labels; the test file is never learned from. Labelled rows are drawn from the
training file. Both classifiers have the same rows, settings and seeds; the difference on the test rows is paired.
Results are kept in `benchmarks/continued_pretraining/results`; runs that were ended go on where they were.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

import burnish
from burnish.core.predictions import Predictions
from burnish.evaluation.compare import paired_difference
from burnish.metrics.accuracy import Accuracy

HERE = Path(__file__).resolve().parent
DATA = HERE.parent.parent / "shared" / "data"
RUNS = Path(os.environ.get("PRETRAINING_RUNS", HERE.parent / "runs" / "continued_pretraining"))
RESULTS = HERE / "continued_pretraining" / "results"
QUIET: dict[str, Any] = {"trackers": [], "device": "cpu"}


def rows_of(path: Path, most: int | None, seed: int) -> list[dict[str, str]]:
    """Rows of a CSV file, at most so many, drawn at random."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [{"text": _text(row), "label": row["label"]} for row in csv.DictReader(file)]
    if most is None or most >= len(rows):
        return rows
    return [rows[i] for i in np.sort(np.random.default_rng(seed).permutation(len(rows))[:most])]


def _text(row: dict[str, str]) -> str:
    """The column `text`, or all columns but the label."""
    return row["text"] if "text" in row else ". ".join(value for name, value in row.items() if name != "label")


def pretrained(folder: Path, texts: list[dict[str, str]], options: argparse.Namespace) -> dict[str, Any]:
    """A run over the texts alone: its scores before and after, and the seconds it took."""
    recipe = {
        "task": options.task,
        "model": options.model,
        "data": texts,
        "input": {"column": "text", "max_length": options.max_length},
        "epochs": options.epochs,
        "sampler": "length_bucketed",
        **({"learning_rate": options.learning_rate} if options.learning_rate else {}),
        **QUIET,
    }
    scores = trained(recipe, folder)
    base = scores["baselines"]["base"]
    shown = {
        name: {
            "before": base["metrics"][name]["value"],
            "after": value["value"],
            "difference": base["differences"][name],
        }
        for name, value in scores["metrics"].items()
        if name in base["differences"]
    }
    return {"seconds": scores["training"]["seconds"], "texts": len(texts), "scores": shown}


def trained(recipe: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The scores of a run, which is begun, gone on with, or done already."""
    if not (folder / "scores.json").is_file():
        resumed = (folder / "checkpoints").is_dir()
        if not resumed:
            shutil.rmtree(folder, ignore_errors=True)
        burnish.train(recipe, out=folder, resume=resumed)
    found: dict[str, Any] = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    return found


def classified(
    folder: Path, model: str, train: list[dict[str, str]], test: list[dict[str, str]], seed: int
) -> Predictions:
    """A classifier from a checkpoint; its answers to the test rows."""
    recipe = {
        "task": "text-classification",
        "model": model,
        "data": {"train": train, "test": test},
        "input": {"columns": ["text"]},
        "target": {"column": "label"},
        "seed": seed,
        "baselines": False,
        **QUIET,
    }
    trained(recipe, folder)
    return Predictions.load(folder / "predictions.parquet")


def measured(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Before and after on held-out texts; accuracy of a classifier with and without, for each seed."""
    source = options.data / options.name
    texts = [{"text": row["text"]} for row in rows_of(source / "train.csv", options.texts, 0)]
    train = rows_of(source / "train.csv", options.labels, 1)
    test = rows_of(source / "test.csv", options.tested, 2)
    found: dict[str, Any] = {"pretraining": pretrained(folder / "further", texts, options), "classifiers": []}
    for seed in options.seeds:
        plain = classified(folder / f"plain-{seed}", options.model, train, test, seed)
        further = classified(folder / f"further-{seed}", str(folder / "further"), train, test, seed)
        difference = paired_difference(Accuracy(), further, plain, seed=0)
        found["classifiers"].append(
            {
                "seed": seed,
                "labels": len(train),
                "without": Accuracy().value(plain),
                "with": Accuracy().value(further),
                "difference": [difference.value, difference.low, difference.high],
            }
        )
    return found


def table() -> None:
    """All that is kept, as Markdown."""
    print("| data, model | what | before or without | after or with | difference (95 % CI) |\n|---|---|---|---|---|")
    for place in sorted(RESULTS.glob("*.json")):
        kept = json.loads(place.read_text(encoding="utf-8"))
        for name, told in kept["pretraining"]["scores"].items():
            change = told["difference"]
            ends = f"{change['value']:+.3f} ({change['low']:+.3f} to {change['high']:+.3f})"
            print(f"| {place.stem} | {name} of held-out texts | {told['before']:.3f} | {told['after']:.3f} | {ends} |")
        for one in kept["classifiers"]:
            value, low, high = one["difference"]
            words = f"accuracy, {one['labels']} labels, seed {one['seed']}"
            ends = f"{value:+.3f} ({low:+.3f} to {high:+.3f})"
            print(f"| {place.stem} | {words} | {one['without']:.3f} | {one['with']:.3f} | {ends} |")


def main() -> None:
    """Measure, keep and print as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "name",
        help="`table`, or folder with train.csv and test.csv, a column label, and text or others that are joined",
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the data sets")
    parser.add_argument("--model", default="starter", help="checkpoint")
    parser.add_argument("--task", default="masked-language-modeling", help="or language-modeling")
    parser.add_argument("--texts", type=int, help="most texts of the field")
    parser.add_argument("--labels", type=int, default=500, help="labelled training rows")
    parser.add_argument("--tested", type=int, help="most test rows")
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--max-length", type=int)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    options = parser.parse_args()
    if options.name == "table":
        table()
        return
    case = f"{options.name}-{Path(options.model).name}"
    place = RESULTS / f"{case}.json"
    if not place.is_file():
        found = json.dumps(measured(options, RUNS / case), indent=1)
        RESULTS.mkdir(parents=True, exist_ok=True)
        place.write_text(found + "\n", encoding="utf-8")
    print(place.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
