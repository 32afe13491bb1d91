"""What it costs to score many predictions: time and memory of all metrics with bootstrap intervals.

    python benchmarks/evaluation.py                       # 1,000,000 predictions of 20 classes, 1,000 draws
    python benchmarks/evaluation.py --rows 100000 --resamples 200

Predictions are made up: probabilities of a softmax, about 70 % right. The headline of classification is scored as
`burnish train` does at its end: accuracy, macro F1, balanced accuracy, MCC, ROC AUC and log loss with intervals, the
other metrics without. Memory is the peak of the process above what it held before.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import pyarrow as pa

from burnish.core.predictions import Predictions, schema
from burnish.evaluation.scores import metrics_for, scores
from burnish.targets import target_of


def table(rows: int, classes: int, seed: int) -> Predictions:
    """Made-up predictions, in the form in which they are read from a run."""
    draw = np.random.default_rng(seed)
    names = [f"class {i:02d}" for i in range(classes)]
    truth = draw.integers(0, classes, rows)
    logits = draw.normal(size=(rows, classes)).astype(np.float32)
    logits[np.arange(rows), truth] += 2.6
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    words = pa.array(names)
    lists = pa.ListArray.from_arrays(
        pa.array(np.arange(0, rows * classes + 1, classes, dtype=np.int32)), pa.array(chances.ravel())
    )
    form = schema("label", names, pa.string())
    columns = [
        pa.array(np.arange(rows)),
        words.take(pa.array(truth)),
        words.take(pa.array(chances.argmax(axis=1))),
        lists,
        pa.array(-np.log(chances[np.arange(rows), truth])),
        pa.nulls(rows, pa.string()),
    ]
    return Predictions(pa.table(columns, schema=form))


def peak() -> float:
    """The most memory this process has held, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


def main() -> None:
    """Make the table, score it, print seconds and memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--classes", type=int, default=20)
    parser.add_argument("--resamples", type=int, default=1000)
    chosen = parser.parse_args()
    predictions = table(chosen.rows, chosen.classes, 0)
    target = target_of(predictions)
    metrics = metrics_for(target)
    before, started, worked = peak(), time.perf_counter(), time.process_time()
    told = scores(predictions, metrics, target.headline, seed=0, resamples=chosen.resamples)
    print(f"{chosen.rows:,} predictions, {chosen.classes} classes, {chosen.resamples:,} draws, {len(metrics)} metrics")
    print(f"{time.perf_counter() - started:.1f} s, {time.process_time() - worked:.1f} s of processor time")
    print(f"peak {peak():.2f} GiB, {peak() - before:.2f} GiB above the table itself")
    for label in told["headline"]:
        figures = told["metrics"][label]
        print(f"{label:>20}  {figures['value']:.4f}  [{figures['low']:.4f}, {figures['high']:.4f}]")


if __name__ == "__main__":
    main()
