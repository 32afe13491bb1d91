"""What one more micro-batch costs, in elements: the constant by which `burnish.data.feeding.order.cut` decides where to cut."""

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


def seconds(model: Any, rows: int, length: int, dtype: torch.dtype, backward: bool) -> float:
    """Forward and, in training, backward of one micro-batch; gradients are added to those of another."""
    ids = torch.randint(1000, 20000, (rows, length))
    # Processor time is the same with one thread, and other programs on the machine do not count.
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    started = clock()
    with torch.set_grad_enabled(backward), torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        logits = model(input_ids=ids, attention_mask=torch.ones_like(ids))
    if backward:
        loss: Any = torch.nn.functional.cross_entropy(logits.float(), torch.zeros(rows, dtype=torch.int64))
        loss.backward()
    return clock() - started


def fitted(model: Any, dtype: torch.dtype, repetitions: int, backward: bool) -> tuple[float, float]:
    """Seconds of a micro-batch without elements, and of one element: least squares of relative errors.

    The fastest of some repetitions in turning order stands for each shape, because other programs only ever add time.
    """
    found: dict[tuple[int, int], list[float]] = {shape: [] for shape in SHAPES}
    for repetition in range(repetitions + 1):
        for rows, length in SHAPES:
            taken = seconds(model, rows, length, dtype, backward)
            if repetition:  # the first round chooses kernels
                found[rows, length].append(taken)
    best = np.array([min(found[shape]) for shape in SHAPES])
    shape = np.array([[1.0, rows * length] for rows, length in SHAPES])
    fixed, each = np.linalg.lstsq(shape / best[:, None], np.ones(len(best)), rcond=None)[0]
    return float(fixed), float(each)


def report(repetitions: int) -> str:
    """One line for training in each precision, and one for evaluation, which is always float32."""
    model, lines = network(), []
    for what, dtype in (("training", torch.float32), ("training", torch.bfloat16), ("evaluation", torch.float32)):
        model.train(what == "training")
        fixed, each = fitted(model, dtype, repetitions, what == "training")
        lines.append(
            f"{what}, {str(dtype).removeprefix('torch.')}: {fixed * 1e3:.1f} ms + {each * 1e6:.1f} µs an element: "
            f"one more micro-batch costs {fixed / each:.0f} elements"
        )
    return "\n".join(lines)
