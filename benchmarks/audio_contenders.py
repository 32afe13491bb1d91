"""The contenders of audio_training.py: burnish, `transformers.Trainer` and the usual plain loop on one and the same task."""

from __future__ import annotations

import os
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import torch
from audio_task import RATE, Collate, Sounds, Task, library_model
from contest import Clock, Outcome, trained_by_burnish


def burnish(task: Task) -> Outcome:
    """As `burnish train` does it."""
    return trained_by_burnish(lambda cache: recipe(task, cache), "float32")


def recipe(task: Task, cache: str) -> dict[str, Any]:
    """What the other contenders are given as well."""
    kind = "timm" if task.network == "yamnet" else "transformers"
    return {
        "task": "audio-classification",
        "data": {**{n: str(task.folder / n) for n in ("train", "validation", "test")}, "cache": cache},
        "input": {"kind": "audio"},
        "model": {"kind": kind, "name": str(task.checkpoint)},
        "adapter": task.adapter,
        "augmentation": "none",
        "optimizer": {"kind": "adamw", "weight_decay": 0.01},
        "schedule": {"kind": "linear", "warmup_ratio": 0.0},
        "learning_rate": task.learning_rate,
        "batch_size": task.batch_size,
        "epochs": task.epochs,
        "precision": "float32",
        "seed": task.seed,
        "device": "cpu",
        "trackers": [],
        "allow": ["test_rows_in_train", "validation_rows_in_train"],
    }


class Answering(torch.nn.Module):
    """A network as the Trainer and the loop want it: arrays and labels to loss and logits."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.head_only, self.model = task.adapter == "head_only", library_model(task)

    def train(self, mode: bool = True) -> Answering:
        """Train mode; the batch norms of a frozen backbone stay as they are, as those who know do it."""
        super().train(mode)
        if mode and self.head_only:
            for module in self.model.modules():
                if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                    module.eval()
        return self

    def forward(
        self,
        labels: torch.Tensor,
        pixel_values: torch.Tensor | None = None,
        input_values: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Loss and logits [B, C]."""
        if pixel_values is not None:
            logits = self.model(pixel_values)
        elif attention_mask is None:
            logits = self.model(input_values).logits
        else:
            logits = self.model(input_values, attention_mask=attention_mask).logits
        return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}


@torch.inference_mode()
def answered_right(model: Answering, loader: Any) -> list[bool]:
    """The usual evaluation loop."""
    model.eval()
    return [bool(right) for batch in loader for right in model(**batch)["logits"].argmax(-1) == batch["labels"]]


def plain_loop(task: Task) -> Outcome:
    """What is usually written by hand: a DataLoader, AdamW, a linear schedule, clipping, validation."""
    outcome, collate = Outcome(), Collate(task)
    torch.manual_seed(task.seed)
    clock = Clock()
    model = Answering(task)
    learning = [p for p in model.parameters() if p.requires_grad]
    more: dict[str, Any] = {"collate_fn": collate, "num_workers": task.workers}
    loader = torch.utils.data.DataLoader(Sounds(task, "train"), task.batch_size, shuffle=True, **more)
    checks, tests = (torch.utils.data.DataLoader(Sounds(task, n), 64, **more) for n in ("validation", "test"))
    optimizer = torch.optim.AdamW(learning, lr=task.learning_rate, weight_decay=0.01)
    total = len(loader) * task.epochs
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / total)
    for _ in range(task.epochs):
        model.train()
        waiting = time.perf_counter()
        for batch in loader:
            outcome.reading += time.perf_counter() - waiting
            optimizer.zero_grad()
            model(**batch)["loss"].backward()
            torch.nn.utils.clip_grad_norm_(learning, 1.0)
            optimizer.step()
            schedule.step()
            waiting = time.perf_counter()
        answered_right(model, checks)
    clock.stop(outcome)
    outcome.correct = answered_right(model, tests)
    return outcome


def trainer(task: Task) -> Outcome:
    """`transformers.Trainer` with a validation after each epoch."""
    import transformers

    outcome = Outcome()
    torch.manual_seed(task.seed)
    with tempfile.TemporaryDirectory() as output:
        arguments = transformers.TrainingArguments(
            output_dir=output,
            per_device_train_batch_size=task.batch_size,
            per_device_eval_batch_size=64,
            num_train_epochs=task.epochs,
            learning_rate=task.learning_rate,
            lr_scheduler_type="linear",
            weight_decay=0.01,
            eval_strategy="epoch",
            dataloader_num_workers=task.workers,
            use_cpu=True,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            remove_unused_columns=False,
            seed=task.seed,
        )
        clock = Clock()
        runner = transformers.Trainer(
            Answering(task), arguments, Collate(task), Sounds(task, "train"), Sounds(task, "validation")
        )
        runner.remove_callback(transformers.PrinterCallback)
        runner.train()
        clock.stop(outcome)
        answered = runner.predict(Sounds(task, "test"))  # type: ignore[arg-type]
        outcome.correct = (answered.predictions.argmax(-1) == answered.label_ids).tolist()  # type: ignore[union-attr]
    return outcome


CONTENDERS: Mapping[str, Callable[[Task], Outcome]] = {"plain loop": plain_loop, "Trainer": trainer, "burnish": burnish}


def same_reading(task: Task) -> float:
    """The largest difference between what burnish and the others give a network of the same waveform.

    Resampled is once, by burnish: scipy's shorter filter lets through more beside the edge at 4 kHz.
    """
    from burnish.core.component import build
    from burnish.media.sound.reading import at_rate

    reading: Any = build("burnish.inputs", recipe(task, "")["input"] | {"column": "audio"})
    sounds = Sounds(task, "test")
    processor, path = reading.processor(task.checkpoint), sounds.files[0][0]
    own = reading.encode([{"audio": str(path)}], processor)[0][processor.name]
    theirs = Collate(task)([(sounds.prepared(at_rate(path.read_bytes(), RATE)), 0)])
    name = next(n for n in theirs if n in ("pixel_values", "input_values"))
    return float((torch.from_numpy(own) - theirs[name][0]).abs().max())


def run(name: str, task: Task) -> Outcome:
    """One contender once, in a worker process."""
    import transformers

    warnings.simplefilter("ignore")
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(task.threads)
    return CONTENDERS[name](task)
