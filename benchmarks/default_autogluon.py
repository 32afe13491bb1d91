"""AutoGluon's multimodal predictor as it comes, on one case; run by `defaults.py` in an environment of its own.

    PYTHON default_autogluon.py FOLDER CHECKPOINT SEED OUT COLUMN...

Only the checkpoint, the metric that is reported, and what this machine has (no GPU, no worker processes) are named.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import pandas
from autogluon.multimodal import MultiModalPredictor
from sklearn.metrics import accuracy_score, f1_score


def main(folder: Path, checkpoint: str, seed: int, out: Path, columns: list[str]) -> None:
    """Train, test, write macro F1 and accuracy."""
    train, test = (pandas.read_csv(folder / f"{name}.csv", keep_default_na=False) for name in ("train", "test"))
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        predictor = MultiModalPredictor(label="label", eval_metric="f1_macro", path=place, verbosity=3)
        predictor.fit(
            train[[*columns, "label"]],
            column_types={**dict.fromkeys(columns, "text"), "label": "categorical"},
            hyperparameters={
                "model.names": ["hf_text"],
                "model.hf_text.checkpoint_name": checkpoint,
                "env.num_gpus": 0,
                "env.num_workers": 0,
                "env.num_workers_inference": 0,
            },
            seed=seed,
        )
        seconds = time.perf_counter() - started
        answers = predictor.predict(test[columns])
    truth = test["label"]
    found = {"macro_f1": f1_score(truth, answers, average="macro"), "accuracy": accuracy_score(truth, answers)}
    metrics = {name: {"value": float(value), "low": None, "high": None} for name, value in found.items()}
    kept = {"split": "test", "headline": list(metrics), "metrics": metrics, "seconds": round(seconds, 1)}
    out.write_text(json.dumps(kept), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]), sys.argv[5:])
