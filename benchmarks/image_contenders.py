"""The contenders of image_training.py: burnish, `transformers.Trainer` and the usual plain loop on one and the same task."""

from __future__ import annotations

import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from contest import Clock, Outcome, trained_by_burnish
from image_task import Task, head_of, library_model


def burnish(task: Task, precision: str) -> Outcome:
    """As `burnish train` does it."""
    return trained_by_burnish(lambda cache: recipe(task, precision, cache), precision)


def recipe(task: Task, precision: str, cache: str) -> dict[str, Any]:
    """What the other contenders are given as well."""
    library = "torchvision" if task.model == "mobilenet_v2" else "timm"
    flip = {"kind": "light", "scale": [1.0, 1.0], "horizontal_flip": True, "colour_jitter": 0.0}
    return {
        "task": "image-classification",
        "data": {**{n: str(task.folder / n) for n in ("train", "validation", "test")}, "cache": cache},
        "input": {"kind": "image", "size": task.size, "mean": [task.mean] * 3, "std": [task.std] * 3},
        "model": {"kind": library, "name": task.model, "weights": str(task.start)},
        "adapter": task.adapter,
        "augmentation": flip if task.augmentation == "flip" else "none",
        "optimizer": {"kind": "adamw", "weight_decay": 0.01},
        "schedule": {"kind": "linear", "warmup_ratio": 0.0},
        "gradient_clip_norm": None,
        "learning_rate": task.learning_rate,
        "batch_size": task.batch_size,
        "epochs": task.epochs,
        "precision": precision,
        "seed": task.seed,
        "device": "cpu",
        "trackers": [],
        "allow": ["test_rows_in_train", "validation_rows_in_train"],
    }


def data_sets(task: Task) -> dict[str, Any]:
    """Class folders as torchvision users read them."""
    from torchvision import datasets
    from torchvision import transforms as t

    last = [t.ToTensor(), t.Normalize([task.mean] * 3, [task.std] * 3)]
    plain = t.Compose([t.Resize(round(task.size / 0.875)), t.CenterCrop(task.size), *last])
    flipped = t.Compose([t.Resize((task.size, task.size)), t.RandomHorizontalFlip(), *last])
    ways = {"train": flipped if task.augmentation == "flip" else plain, "validation": plain, "test": plain}
    return {n: datasets.ImageFolder(str(task.folder / n), way, allow_empty=True) for n, way in ways.items()}


def prepared_model(task: Task) -> Any:
    """The network with the weights all begin with; where the head alone learns, the rest needs no gradient."""
    from safetensors.torch import load_file

    model = library_model(task)
    model.load_state_dict(load_file(task.start))
    if task.adapter == "head_only":
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        for parameter in head_of(model).parameters():
            parameter.requires_grad_(True)
    return model


def _train(task: Task, model: Any) -> None:
    """Train mode; the batch norms of a frozen backbone stay as they are, as those who know do it."""
    model.train()
    if task.adapter == "head_only":
        for module in model.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.eval()


@contextmanager
def _autocast(bf16: bool) -> Iterator[None]:
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        yield


@torch.inference_mode()
def answered_right(task: Task, model: Any, rows: Any, bf16: bool) -> list[bool]:
    """The usual evaluation loop."""
    model.eval()
    loader = torch.utils.data.DataLoader(rows, 64, num_workers=task.workers)
    out: list[bool] = []
    with _autocast(bf16):
        for pixels, labels in loader:
            out += (model(pixels).argmax(-1) == labels).tolist()
    return out


def plain_loop(task: Task, bf16: bool) -> Outcome:
    """What is usually written by hand: a DataLoader with worker processes, AdamW, a linear schedule, validation."""
    outcome = Outcome()
    torch.manual_seed(task.seed)
    model, rows = prepared_model(task), data_sets(task)
    learning = [p for p in model.parameters() if p.requires_grad]
    loader = torch.utils.data.DataLoader(rows["train"], task.batch_size, shuffle=True, num_workers=task.workers)
    optimizer = torch.optim.AdamW(learning, lr=task.learning_rate, weight_decay=0.01)
    total = len(loader) * task.epochs
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / total)
    criterion = torch.nn.CrossEntropyLoss()
    clock = Clock()
    for _ in range(task.epochs):
        _train(task, model)
        waiting = time.perf_counter()
        for pixels, labels in loader:
            outcome.reading += time.perf_counter() - waiting
            optimizer.zero_grad()
            with _autocast(bf16):
                loss = criterion(model(pixels), labels)
            loss.backward()
            optimizer.step()
            schedule.step()
            waiting = time.perf_counter()
        answered_right(task, model, rows["validation"], bf16)
    clock.stop(outcome)
    outcome.correct = answered_right(task, model, rows["test"], False)
    return outcome


class Answering(torch.nn.Module):
    """A network as the Trainer wants it: pixels and labels to loss and logits."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.task, self.model = task, prepared_model(task)

    def train(self, mode: bool = True) -> Answering:
        """As `_train` does it."""
        super().train(mode)
        if mode:
            _train(self.task, self.model)
        return self

    def forward(self, pixel_values: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Loss and logits [B, C]."""
        logits = self.model(pixel_values)
        return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}


def collate(rows: list[tuple[torch.Tensor, int]]) -> dict[str, torch.Tensor]:
    """A batch of pictures and labels."""
    return {"pixel_values": torch.stack([r[0] for r in rows]), "labels": torch.tensor([r[1] for r in rows])}


def trainer(task: Task, bf16: bool) -> Outcome:
    """`transformers.Trainer` with a validation after each epoch."""
    import transformers

    outcome, rows = Outcome(), data_sets(task)
    with tempfile.TemporaryDirectory() as output:
        arguments = transformers.TrainingArguments(
            output_dir=output,
            per_device_train_batch_size=task.batch_size,
            per_device_eval_batch_size=64,
            num_train_epochs=task.epochs,
            learning_rate=task.learning_rate,
            lr_scheduler_type="linear",
            weight_decay=0.01,
            max_grad_norm=0.0,
            eval_strategy="epoch",
            dataloader_num_workers=task.workers,
            bf16=bf16,
            use_cpu=True,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            seed=task.seed,
        )
        runner = transformers.Trainer(
            Answering(task), arguments, collate, rows["train"], rows["validation"], processing_class=None
        )
        runner.remove_callback(transformers.PrinterCallback)
        clock = Clock()
        runner.train()
        clock.stop(outcome)
        answered = runner.predict(rows["test"])
        outcome.correct = (answered.predictions.argmax(-1) == answered.label_ids).tolist()
    return outcome


CONTENDERS: Mapping[str, Callable[[Task], Outcome]] = {
    "plain loop": lambda task: plain_loop(task, bf16=False),
    "Trainer": lambda task: trainer(task, bf16=False),
    "burnish": lambda task: burnish(task, "float32"),
    "plain loop, bf16": lambda task: plain_loop(task, bf16=True),
    "Trainer, bf16": lambda task: trainer(task, bf16=True),
    "burnish, auto": lambda task: burnish(task, "auto"),
}


def run(name: str, task: Task) -> Outcome:
    """One contender once, in a worker process."""
    import transformers

    warnings.simplefilter("ignore")
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    transformers.utils.logging.set_verbosity_error()
    torch.set_num_threads(task.threads)
    return CONTENDERS[name](task)
