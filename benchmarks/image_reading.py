"""What it costs to read pictures: in line, and by threads that share Python's lock."""

from __future__ import annotations

import statistics
import tempfile
import time
from typing import Any

import numpy as np
from image_contenders import recipe
from image_task import Task


def report(task: Task, repetitions: int) -> str:
    """Images a second and processor milliseconds an image, plain and with `standard`, by 0, 1, 2 and 4 threads."""
    from burnish.data.feeding.ahead import ahead

    lines = ["| rows | threads | images/s | processor ms an image |", "|---|---|---|---|"]
    for augmentation in ("none", "standard"):
        loader, count = _loader(task, augmentation)
        pieces = [np.arange(i, min(i + 16, count)) for i in range(0, count, 16)]
        for threads in (0, 1, 2, 4):
            wall, processor = [], []
            for _ in range(repetitions):
                started = time.perf_counter(), time.process_time()
                for _ in ahead(pieces, loader.batch, threads):
                    pass
                wall.append(time.perf_counter() - started[0])
                processor.append(time.process_time() - started[1])
            rate, cost = count / statistics.median(wall), 1000 * statistics.median(processor) / count
            lines.append(f"| {augmentation} | {threads} | {rate:.0f} | {cost:.2f} |")
    return "\n".join(lines)


def _loader(task: Task, augmentation: str) -> tuple[Any, int]:
    from burnish.recipe.recipe import Recipe
    from burnish.stages.prepare.prepare import prepare
    from burnish.stages.train.assemble import training_batches
    from burnish.training.accelerator import Accelerator

    with tempfile.TemporaryDirectory() as cache:
        accelerator = Accelerator("cpu", "float32")
        chosen = Recipe.load({**recipe(task, "float32", cache), "augmentation": augmentation})
        prepared = prepare(chosen, lambda event: None, accelerator)
        return training_batches(prepared, accelerator).loader, len(prepared.parts["train"])
