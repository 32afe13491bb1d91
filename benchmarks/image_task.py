"""One task for all contenders of image_training.py, as class folders on disk, and what is kept of each."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

SHARED = Path(__file__).resolve().parents[2] / "shared"
WEIGHTS = SHARED / "weights" / "mobilenet_v2_imagenet" / "model.safetensors"
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Task:
    """What every contender does; `folder` holds class folders `train`, `validation` and `test`.

    Attributes:
        start: state dict (.safetensors) with a head for the classes of the task, which all begin with.
        mean, std: of each channel; the picture is resized to `size / 0.875` and its middle cropped.
    """

    folder: Path
    labels: tuple[str, ...]
    model: str
    start: Path
    adapter: str
    augmentation: str
    rows: int
    size: int
    mean: float
    std: float
    batch_size: int
    epochs: int
    learning_rate: float
    threads: int
    workers: int
    seed: int


def write_task(arguments: argparse.Namespace, adapter: str, folder: Path) -> Task:
    """Links to the chosen pictures, and the weights everyone begins with; ends with a message where there are no data."""
    source = SHARED / "data" / arguments.data
    if not source.is_dir():
        sys.exit(f"skipped: {source} is not here")
    random = np.random.default_rng(arguments.seed)
    own = {"train": source / "train", "validation": source / "val", "test": source / "test"}
    if not own["validation"].is_dir():
        own["validation"] = own["test"]
    limits = {"train": arguments.rows, "validation": arguments.test_rows, "test": arguments.test_rows}
    for name, place in own.items():
        files = sorted(p for p in place.rglob("*") if p.is_file())
        for path in [files[i] for i in random.permutation(len(files))][: limits[name]]:
            _link(path, folder / name / path.parent.name / path.name)
    labels = tuple(sorted(p.name for p in (folder / "train").iterdir()))
    for name in PARTS[1:]:
        strange = {p.name for p in (folder / name).iterdir()} - set(labels)
        if strange:
            sys.exit(f"{name} has labels that training lacks ({', '.join(sorted(strange)[:3])}): raise --rows")
    rows = sum(1 for p in (folder / "train").rglob("*") if p.is_file())
    rate = 1e-4 if adapter == "full" else 2e-3
    task = Task(
        folder,
        labels,
        arguments.model,
        folder / "start.safetensors",
        adapter,
        arguments.augmentation,
        rows,
        arguments.size,
        0.5,
        0.5,
        arguments.batch_size,
        arguments.epochs,
        rate,
        arguments.threads,
        arguments.workers,
        arguments.seed,
    )
    _write_start(task)
    return task


def _link(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    os.symlink(source, place)


def library_model(task: Task) -> Any:
    """The network as torchvision or timm users make it, with random weights and a head for the task."""
    if task.model == "mobilenet_v2":
        import torchvision

        return torchvision.models.mobilenet_v2(num_classes=len(task.labels))
    import timm

    return timm.create_model(task.model, num_classes=len(task.labels))


def head_of(model: Any) -> Any:
    """The layer that gives the logits."""
    return model.get_classifier() if hasattr(model, "get_classifier") else model.classifier[1]


def _write_start(task: Task) -> None:
    """ImageNet weights where they are here, else random ones; a fresh head; the same for everyone."""
    import torch
    from safetensors.torch import load_file, save_file

    torch.manual_seed(task.seed)
    model = library_model(task)
    if task.model == "mobilenet_v2":
        body = {n: v for n, v in load_file(WEIGHTS).items() if not n.startswith("classifier")}
        model.load_state_dict(body, strict=False)
    save_file({n: v.contiguous() for n, v in model.state_dict().items()}, task.start)


def warm_up(task: Task, rows: int = 16) -> Task:
    """A few rows of the same task, in a folder beside it, for one epoch."""
    folder = task.folder / "warm-up"
    for name in PARTS:
        files = sorted(p for p in (task.folder / name).rglob("*") if p.is_file())
        first = list({p.parent.name: p for p in files}.values())  # every label at least once
        for path in dict.fromkeys([*first, *files[:rows]]):
            place = folder / name / path.parent.name / path.name
            if not place.exists():
                _link(path.resolve(), place)
    return replace(task, folder=folder, epochs=1)
