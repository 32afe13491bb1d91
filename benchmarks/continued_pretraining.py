"""Continued pretraining, and what it does for a classifier: the checkpoint trained further on texts of the field, then both.

    python benchmarks/continued_pretraining.py banking77 --model starter --labels 500
    python benchmarks/continued_pretraining.py ag_news --model weights/llama_260k_dreams --task language-modeling --texts 4000

Texts are those of the training file, without labels; the test file is never learned from. Labelled rows are drawn from the
training file. Both classifiers have the same rows, settings and seeds; the difference on the test rows is paired.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import burnish
from burnish.core.predictions import Predictions
from burnish.evaluation.compare import paired_difference
from burnish.metrics.accuracy import Accuracy

HERE = Path(__file__).parent
DATA = HERE.parent / "shared" / "data"
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
    started = time.perf_counter()
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
    run = burnish.train(recipe, out=folder)
    base = run.scores["baselines"]["base"]
    shown = {
        name: {
            "before": base["metrics"][name]["value"],
            "after": value["value"],
            "difference": base["differences"][name],
        }
        for name, value in run.scores["metrics"].items()
        if name in base["differences"]
    }
    return {"seconds": time.perf_counter() - started, "texts": len(texts), "scores": shown}


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
    return Predictions.load(burnish.train(recipe, out=folder).path / "predictions.parquet")


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


def main() -> None:
    """Print what was measured as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "name", help="folder with train.csv and test.csv, a column label, and text or others that are joined"
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
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measured(options, Path(folder)), indent=2))


if __name__ == "__main__":
    main()
