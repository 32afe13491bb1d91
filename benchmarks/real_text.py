"""Real data sets: our runs, and the same recipe through `transformers.Trainer`, on the same rows and encodings.

    burnish train benchmarks/real_text/trec.yaml --out runs/real/trec-0 seed=0     our side, from the command line
    python benchmarks/real_text.py trainer trec --seed 0                           the other side
    python benchmarks/real_text.py all --who burnish --seeds 0 1 2                 every data set that has no result yet
    python benchmarks/real_text.py table                                           both, side by side

`all` keeps each figure in `benchmarks/real_text/results`, with the seconds of processor time of the whole process, which
a busy machine disturbs less than seconds on the clock; the `table` is made of these files.

The Trainer gets the same checkpoint, head seed, splits, encoded rows, effective batch, epochs, learning rate, linear
schedule with warm-up, weight decay, clipping and precision; it keeps the best epoch by the same metric. Like ours, which
are length-bucketed, its batches are of rows of like length (`group_by_length`), padded dynamically.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from kept_results import run_and_keep

HERE = Path(__file__).parent
RUNS = HERE.parent / "runs" / "real"
RESULTS = HERE / "real_text" / "results"
WHO = ("burnish", "Trainer")
SHOWN = ("accuracy", "macro_f1", "pearson", "spearman", "span_f1")
"""Metrics in the table, where a data set has them; ROC AUC where it has no accuracy."""


def trainer(name: str, seed: int) -> dict[str, Any]:
    """Train and test one data set with `transformers.Trainer`; the test scores with intervals."""
    import torch
    import transformers

    from burnish.data.feeding.loader import Loader
    from burnish.evaluation.predict import predict
    from burnish.evaluation.scores import scores
    from burnish.recipe.recipe import Recipe
    from burnish.recipe.text import load_file
    from burnish.runtimes.torch import running
    from burnish.stages.prepare.prepare import prepare
    from burnish.training.accelerator import Accelerator

    recipe = Recipe.load({**load_file(HERE / "real_text" / f"{name}.yaml"), "seed": seed})
    accelerator = Accelerator(recipe.device, recipe.precision)
    prepared = prepare(recipe, lambda event: None, accelerator)
    settled = prepared.recipe
    network = settled.model.build(settled.input, settled.target, seed=seed)
    loaders = {
        split: Loader(rows, settled.input, settled.target, prepared.processor)
        for split, rows in prepared.encoded.items()
    }
    if settled.class_weights.kind() != "none":
        counts = settled.target.counts(prepared.values("train"))
        weights = np.asarray(settled.class_weights.weights(settled.target.names, counts), np.float32)
        loaders["train"] = Loader(prepared.encoded["train"], settled.input, settled.target, prepared.processor, weights)

    class Rows(torch.utils.data.Dataset[dict[str, Any]]):
        """Where a row is; its length stands where `group_by_length` looks for it."""

        def __init__(self, split: str) -> None:
            self.split = split

        def __len__(self) -> int:
            return len(loaders[self.split].rows)

        def __getitem__(self, i: int) -> dict[str, Any]:
            return {"row": i, "split": self.split, "input_ids": range(int(loaders[self.split].rows.lengths[i]))}

    def collate(items: list[dict[str, Any]]) -> dict[str, Any]:
        batch = loaders[items[0]["split"]].batch(np.array([item["row"] for item in items]))
        tensors = {k: torch.from_numpy(v) for k, v in batch.inputs.items()}
        return {**tensors, "labels": torch.from_numpy(batch.targets), "weights": torch.from_numpy(batch.weights)}

    class Model(torch.nn.Module):
        """The network with the usual mean loss inside, as Trainer expects it."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, labels: Any = None, weights: Any = None, **inputs: Any) -> dict[str, Any]:
            logits = self.network(**inputs).float()
            total = settled.loss(logits, labels, weights)
            return {"loss": total.total / total.weight, "logits": logits}

    def validated(_: Any) -> dict[str, float]:
        part, loader = prepared.parts["validation"], loaders["validation"]
        table, loss = predict(running(network), loader, part, loss=settled.loss)
        metric = next(m for m in settled.metrics if m.label == settled.deciding_metric)
        return {"deciding": metric.value(table), "nll": loss.mean}

    steps = -(-len(prepared.encoded["train"]) // settled.batch_size)
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=settled.batch_size,
            per_device_eval_batch_size=settled.evaluation_batch_size,
            num_train_epochs=settled.epochs,
            learning_rate=settled.learning_rate,
            weight_decay=settled.optimizer.weight_decay,
            warmup_steps=int(0.06 * steps * settled.epochs),
            lr_scheduler_type="linear",
            max_grad_norm=1.0,
            train_sampling_strategy="group_by_length",
            eval_strategy="epoch",
            save_strategy="epoch",
            save_total_limit=1,
            load_best_model_at_end=True,
            metric_for_best_model="deciding",
            greater_is_better=True,
            bf16=accelerator.precision == "bfloat16",
            use_cpu=accelerator.device.type == "cpu",
            remove_unused_columns=False,
            label_names=["labels"],
            report_to=[],
            seed=seed,
            disable_tqdm=True,
            logging_strategy="epoch",
        )
        model = Model()
        run = transformers.Trainer(
            model=model,
            args=arguments,
            train_dataset=Rows("train"),
            eval_dataset=Rows("validation"),
            data_collator=collate,
            compute_metrics=validated,
        )
        started = time.perf_counter()
        run.train()
        seconds = time.perf_counter() - started
        split = "test" if "test" in prepared.parts else "validation"
        table, _ = predict(running(network), loaders[split], prepared.parts[split], loss=settled.loss)
    found = scores(table, settled.metrics, settled.target.headline, seed=seed)
    return {"seconds": seconds, "split": split, **found}


def everything(who: str, seeds: list[int], names: list[str]) -> None:
    """Run what has no result yet, one after the other, the first seed of every data set before the second."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    RUNS.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        for name in names:
            if not (RESULTS / f"{name}-{seed}-{who}.json").is_file():
                _one(name, seed, who)


def _one(name: str, seed: int, who: str) -> None:
    """One run in a process of its own, so that its processor time can be told from the clock."""
    place = RUNS / f"{name}-{seed}" if who == "burnish" else RUNS / f"{name}-{seed}.trainer.json"
    if who == "burnish":
        program = [sys.executable, "-m", "burnish.cli", "train", str(HERE / "real_text" / f"{name}.yaml")]
        command = [*program, "--out", str(place), f"seed={seed}", f"baselines={str(seed == 0).lower()}"]
    else:
        command = [sys.executable, __file__, "trainer", name, "--seed", str(seed)]
    scores = place / "scores.json" if who == "burnish" else place
    run_and_keep(command, case=f"{name}-{seed}", who=who, runs=RUNS, scores=scores, results=RESULTS)


def show() -> None:
    """Test scores with intervals and seconds of processor time, both sides in a line, for every result that is there."""
    print("| data | metric | seed | burnish | Trainer | processor s, burnish and Trainer |")
    print("|---|---|---|---|---|---|")
    cases = {tuple(path.stem.rsplit("-", 2)[:2]) for path in RESULTS.glob("*.json")}
    for name in sorted({name for name, _ in cases}):
        seeds = sorted(seed for own, seed in cases if own == name)
        kept = {(seed, who): _kept(name, seed, who) for seed in seeds for who in WHO}
        told = {metric for found in kept.values() for metric in found.get("metrics", {})}
        shown = [m for m in SHOWN if m in told] + ["roc_auc"] * ("accuracy" not in told and "roc_auc" in told)
        for metric in shown:
            for seed in seeds:
                scores = " | ".join(_score(kept[seed, who], metric) for who in WHO)
                seconds = " and ".join(f"{kept[seed, who].get('processor_seconds', float('nan')):.0f}" for who in WHO)
                print(f"| {name} | {metric} | {seed} | {scores} | {seconds} |")


def _kept(name: str, seed: str, who: str) -> dict[str, Any]:
    path = RESULTS / f"{name}-{seed}-{who}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _score(found: dict[str, Any], metric: str) -> str:
    own = found.get("metrics", {}).get(metric)
    return "" if own is None else f"{own['value']:.3f} ({own['low']:.3f} to {own['high']:.3f})"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("trainer")
    one.add_argument("name")
    one.add_argument("--seed", type=int, default=0)
    many = commands.add_parser("all")
    many.add_argument("--who", choices=WHO, required=True)
    many.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    many.add_argument("--names", nargs="+", default=sorted(p.stem for p in (HERE / "real_text").glob("*.yaml")))
    commands.add_parser("table")
    asked = parser.parse_args()
    if asked.command == "table":
        show()
        return
    if asked.command == "all":
        everything(asked.who, asked.seeds, asked.names)
        return
    found = trainer(asked.name, asked.seed)
    RUNS.mkdir(parents=True, exist_ok=True)
    out = RUNS / f"{asked.name}-{asked.seed}.trainer.json"
    out.write_text(json.dumps(found, indent=2), encoding="utf-8")
    print(f"{asked.name} seed {asked.seed}: {found['seconds']:.0f} s, {out}")


if __name__ == "__main__":
    main()
