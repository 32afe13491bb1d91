"""What one more micro-batch costs, in elements: the constant by which `burnish.data.batching.cut` decides where to cut."""

from __future__ import annotations

import time
from typing import Any, cast

import numpy as np
import torch

SHAPES = [(rows, length) for rows in (1, 4, 16, 32) for length in (8, 16, 32)]


def network() -> Any:
    """The starter model with a head of two labels, as burnish trains it."""
    from burnish.core.component import build
    from burnish.inputs import Input
    from burnish.models import Model
    from burnish.targets import Target

    target = build("burnish.targets", {"kind": "label", "column": "label", "labels": ["a", "b"]})
    input_ = build("burnish.inputs", {"kind": "text", "columns": ["text"]})
    model = cast(Model, build("burnish.models", {"kind": "transformers", "name": "starter"}))
    return model.build(cast(Input, input_), cast(Target, target), seed=0).train()


def seconds(model: Any, rows: int, length: int, dtype: torch.dtype) -> float:
    """Forward and backward of one micro-batch, its gradients added to those of another, as every one but the first."""
    ids = torch.randint(1000, 20000, (rows, length))
    # Processor time is the same with one thread, and other programs on the machine do not count.
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    started = clock()
    with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        logits = model(input_ids=ids, attention_mask=torch.ones_like(ids))
    loss: Any = torch.nn.functional.cross_entropy(logits.float(), torch.zeros(rows, dtype=torch.int64))
    loss.backward()
    return clock() - started


def fitted(model: Any, dtype: torch.dtype, repetitions: int) -> tuple[float, float]:
    """Seconds of a micro-batch without elements, and of one element: least squares of relative errors.

    The fastest of some repetitions in turning order stands for each shape, because other programs only ever add time.
    """
    found: dict[tuple[int, int], list[float]] = {shape: [] for shape in SHAPES}
    for repetition in range(repetitions + 1):
        for rows, length in SHAPES:
            taken = seconds(model, rows, length, dtype)
            if repetition:  # the first round chooses kernels
                found[rows, length].append(taken)
    best = np.array([min(found[shape]) for shape in SHAPES])
    shape = np.array([[1.0, rows * length] for rows, length in SHAPES])
    fixed, each = np.linalg.lstsq(shape / best[:, None], np.ones(len(best)), rcond=None)[0]
    return float(fixed), float(each)


def report(repetitions: int) -> str:
    """One line for each precision."""
    model, lines = network(), []
    for dtype in (torch.float32, torch.bfloat16):
        fixed, each = fitted(model, dtype, repetitions)
        name = str(dtype).removeprefix("torch.")
        lines.append(
            f"{name}: {fixed * 1e3:.1f} ms + {each * 1e6:.1f} µs an element: one more micro-batch costs {fixed / each:.0f} elements"
        )
    return "\n".join(lines)
