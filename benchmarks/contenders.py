"""The contenders of text_training.py: burnish, `transformers.Trainer` and the usual plain loop on one and the same task.

Each runs in a process of its own, so that no contender inherits what another left in memory, threads or settings.
"""

from __future__ import annotations

import csv
import gc
import os
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from text_task import Clock, Outcome, Task

EVALUATION_ROWS = 64  # rows of an evaluation batch, unless a contender's own default is what is measured


class CountingCollator:
    """transformers' own padding collator, counting tokens on the way."""

    def __init__(self, tokenizer: Any) -> None:
        from transformers import DataCollatorWithPadding

        self._inner, self.useful, self.size = DataCollatorWithPadding(tokenizer), 0, 0

    def __call__(self, rows: list[dict[str, Any]]) -> Any:
        batch = self._inner(rows)
        self.useful += int(batch["attention_mask"].sum())
        self.size += batch["attention_mask"].numel()
        return batch


def check_steps(task: Task, total: int) -> set[int]:
    """After which steps validation accuracy is looked at."""
    return {max(1, round(total * (i + 1) / task.checks)) for i in range(task.checks)}


def burnish(task: Task, precision: str) -> Outcome:
    """The rooms of burnish that train and evaluate, as `burnish train` puts them together; nothing is written."""
    from burnish.evaluation.predict import predict
    from burnish.recipe.recipe import Recipe
    from burnish.runtimes.torch import running
    from burnish.stages.prepare.prepare import prepare
    from burnish.stages.train.assemble import assemble
    from burnish.training.accelerator import Accelerator
    from burnish.training.loop import fit

    outcome, clock = Outcome(), Clock()
    with tempfile.TemporaryDirectory() as cache:
        accelerator = Accelerator("cpu", precision)  # type: ignore[arg-type]
        recipe = Recipe.load({**settings(task), "precision": precision, "data": {**files(task), "cache": cache}})
        prepared = prepare(recipe, lambda event: None, accelerator)
        assembled = assemble(prepared, accelerator, print)
        run, loaders, parts = running(assembled.training.network), assembled.loaders, prepared.parts
        outcome.setup = clock.seconds()
        clock, checks = Clock(), check_steps(task, assembled.batches.total_steps)
        for step in fit(assembled.training):
            outcome.useful, outcome.size = outcome.useful + step.useful, outcome.size + step.size
            if step.number in checks:
                at = clock.seconds()
                with clock.paused():
                    seen, _ = predict(run, loaders["validation"], parts["validation"], loss=None)
                    outcome.curve.append((at, float(np.mean(right(seen)))))
        (outcome.training, outcome.training_cpu), clock = clock.both(), Clock()
        tested, _ = predict(run, loaders["test"], parts["test"], loss=assembled.loss, batch_size=EVALUATION_ROWS)
        outcome.evaluated(EVALUATION_ROWS, clock)
        outcome.correct = right(tested)
        outcome.precision = accelerator.precision
        outcome.flops = task.epochs * needed_flops(assembled.training.network, prepared.encoded["train"].lengths)
    return outcome


def settings(task: Task) -> dict[str, Any]:
    """The recipe's fields that the other contenders are given as well."""
    return {
        "input": {"kind": "text", "columns": ["text"]},
        "target": {"kind": "label", "column": "label"},
        "model": "starter",
        "optimizer": {"kind": "adamw", "weight_decay": 0.01},
        "schedule": {"kind": "linear", "warmup_ratio": 0.0},
        "learning_rate": task.learning_rate,
        "batch_size": task.batch_size,
        "epochs": task.epochs,
        "seed": task.seed,
        "device": "cpu",
        "trackers": [],
        "allow": ["test_rows_in_train"],
    }


def files(task: Task) -> dict[str, str]:
    """The three files of the task."""
    return {name: str(task.folder / f"{name}.csv") for name in ("train", "validation", "test")}


def right(predictions: Any) -> list[bool]:
    """For each row whether the answer is the truth."""
    return [bool(t == a) for t, a in zip(predictions.truth, predictions.answer, strict=True)]


def needed_flops(network: Any, lengths: Any) -> float:
    """6 x weights of the blocks x tokens, and 12 x blocks x width x length² for attention: forward and backward.

    The head reads the first token of the last block: behind its attention nothing is needed of any other token, whether
    a contender computes it or not.
    """
    inside = {
        name: p.numel()
        for name, p in network.named_parameters()
        if p.ndim == 2 and 1 <= network.depth(name) <= network.layers and "pooler" not in name
    }
    last = sum(n for name, n in inside.items() if network.depth(name) == network.layers and ".self." not in name)
    weights, rows, tokens = sum(inside.values()), float(len(lengths)), float(lengths.sum())
    squares = float((lengths.astype(np.float64) ** 2).sum())
    width = int(network.backbone().config.hidden_size)
    return 6 * ((weights - last) * tokens + last * rows) + 12 * int(network.layers) * width * squares


def checkpoint(task: Task) -> tuple[Any, Any, dict[str, Any]]:
    """The same checkpoint and rows as transformers users load them: model, tokenizer, and a data set for each split."""
    from datasets import Dataset
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from burnish.core.component import build

    folder = str(build("burnish.models", {"kind": "transformers", "name": "starter"}).folder())  # type: ignore[attr-defined]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    number = {name: i for i, name in enumerate(task.labels)}
    splits = {}
    for name, path in files(task).items():
        with Path(path).open(encoding="utf-8", newline="") as file:
            rows = [{"text": r["text"], "label": number[r["label"]]} for r in csv.DictReader(file)]
        encoded = Dataset.from_list(rows).map(lambda r: tokenizer(r["text"], truncation=True), batched=True)
        splits[name] = encoded.remove_columns("text")
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(number))
    return model, tokenizer, splits


@torch.inference_mode()
def answered_right(model: Any, tokenizer: Any, rows: Any) -> list[bool]:
    """The usual evaluation loop: padded batches in the order of the file."""
    from transformers import DataCollatorWithPadding

    model.eval()
    loader = torch.utils.data.DataLoader(rows, EVALUATION_ROWS, collate_fn=DataCollatorWithPadding(tokenizer))
    out: list[bool] = []
    for batch in loader:
        labels = batch.pop("labels")
        out += (model(**batch).logits.argmax(-1) == labels).tolist()
    model.train()
    return out


def trainer(task: Task, strategy: str, bf16: bool) -> Outcome:
    """`transformers.Trainer` with dynamic padding; train_runtime without what validation took."""
    import transformers

    class Checks(transformers.TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            if state.global_step in check_steps(task, state.max_steps):
                at = clock.seconds()
                with clock.paused():
                    accuracy = float(np.mean(answered_right(model, tokenizer, splits["validation"])))
                    outcome.curve.append((at, accuracy))

    outcome, clock = Outcome(), Clock()
    with tempfile.TemporaryDirectory() as output:
        model, tokenizer, splits = checkpoint(task)
        collator = CountingCollator(tokenizer)
        arguments = transformers.TrainingArguments(
            output_dir=output,
            per_device_train_batch_size=task.batch_size,
            num_train_epochs=task.epochs,
            learning_rate=task.learning_rate,
            lr_scheduler_type="linear",
            weight_decay=0.01,
            train_sampling_strategy=strategy,
            bf16=bf16,
            use_cpu=True,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            seed=task.seed,
        )
        runner = transformers.Trainer(
            model, arguments, collator, splits["train"], processing_class=tokenizer, callbacks=[Checks()]
        )
        runner.remove_callback(transformers.PrinterCallback)
        outcome.setup, clock = clock.seconds(), Clock()
        runner.train()
        outcome.training, outcome.training_cpu = clock.both()
        outcome.useful, outcome.size = collator.useful, collator.size
        for size in (arguments.per_device_eval_batch_size, EVALUATION_ROWS):
            arguments.per_device_eval_batch_size = size
            clock = Clock()
            answered = runner.predict(splits["test"])
            outcome.evaluated(size, clock)
        outcome.correct = (answered.predictions.argmax(-1) == answered.label_ids).tolist()
    return outcome


def plain_loop(task: Task) -> Outcome:
    """What is usually written by hand: shuffled batches, dynamic padding, AdamW, a linear schedule."""
    outcome, clock = Outcome(), Clock()
    torch.manual_seed(task.seed)
    model, tokenizer, splits = checkpoint(task)
    collator = CountingCollator(tokenizer)
    loader = torch.utils.data.DataLoader(splits["train"], task.batch_size, shuffle=True, collate_fn=collator)
    optimizer = torch.optim.AdamW(model.parameters(), lr=task.learning_rate, weight_decay=0.01)
    total, number = len(loader) * task.epochs, 0
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / total)
    outcome.setup, clock = clock.seconds(), Clock()
    model.train()
    for _ in range(task.epochs):
        for batch in loader:
            optimizer.zero_grad()
            loss = model(**batch).loss
            loss.backward()
            optimizer.step()
            schedule.step()
            number += 1
            if number in check_steps(task, total):
                at = clock.seconds()
                with clock.paused():
                    accuracy = float(np.mean(answered_right(model, tokenizer, splits["validation"])))
                    outcome.curve.append((at, accuracy))
    (outcome.training, outcome.training_cpu), clock = clock.both(), Clock()
    outcome.useful, outcome.size = collator.useful, collator.size
    outcome.correct = answered_right(model, tokenizer, splits["test"])
    outcome.evaluated(EVALUATION_ROWS, clock)
    return outcome


CONTENDERS: Mapping[str, Callable[[Task], Outcome]] = {
    "plain loop": plain_loop,
    "Trainer": lambda task: trainer(task, "random", bf16=False),
    "Trainer, group_by_length": lambda task: trainer(task, "group_by_length", bf16=False),
    "burnish": lambda task: burnish(task, "float32"),
    "Trainer, bf16": lambda task: trainer(task, "random", bf16=True),
    "Trainer, group_by_length, bf16": lambda task: trainer(task, "group_by_length", bf16=True),
    "burnish, auto": lambda task: burnish(task, "auto"),
}


def run(name: str, task: Task) -> Outcome:
    """One contender once, in a worker process."""
    import datasets
    import transformers

    warnings.simplefilter("ignore")
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    datasets.disable_progress_bars()
    torch.set_num_threads(task.threads)
    gc.collect()
    return CONTENDERS[name](task)
