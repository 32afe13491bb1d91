"""What a checkpoint costs on this machine: one real step and real answers, in a process of its own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from burnish.core.errors import BurnishError, RunFailed
from burnish.core.files import write_text
from burnish.core.resident import resident
from burnish.recipe.recipe import Recipe
from burnish.recipe.text import load_file
from burnish.recipe.written import commented

STEPS, ANSWERS = 2, 12
_SHOWN = 400  # characters of what a process that failed said


@dataclass(frozen=True)
class Cost:
    """Measured, not computed by a formula: activations decide, and they depend on rows, adapter and library.

    Attributes:
        memory: bytes resident at the peak of a training step, libraries and data included; None where the system does not
            tell them (only Linux does).
        device_memory: bytes at the peak on a GPU; None without one.
        step: seconds of a training step, the first left out.
        latency: seconds until one row is answered, the median over rows; without the time of reading it.
    """

    memory: int | None
    device_memory: int | None
    step: float
    latency: float


def cost_of(settled: Recipe) -> Cost:
    """Train two steps and answer some rows as a settled recipe says, in a new process.

    Raises:
        RunFailed: the process failed: for lack of memory, say.
    """
    with tempfile.TemporaryDirectory() as made:
        recipe = Path(made) / "recipe.yaml"
        write_text(recipe, commented(settled))
        paths = os.pathsep.join(path for path in sys.path if path)
        done = subprocess.run(
            [sys.executable, "-m", "burnish.stages.choose.measured", str(recipe), str(settled.trust_code)],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
            check=False,
        )
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2][:_SHOWN]
        killed = " (killed, for want of memory most often)" if done.returncode == -9 else ""
        raise RunFailed(f"one step of training ended with code {done.returncode}{killed}: {last}")
    return Cost(**json.loads(done.stdout.strip().rpartition("\n")[2]))


def _measured(recipe: Recipe) -> Cost:
    """In the process that is measured."""
    import torch

    from burnish.runtimes.torch import running
    from burnish.stages.prepare.prepare import prepare
    from burnish.stages.train.assemble import assemble
    from burnish.training.accelerator import Accelerator
    from burnish.training.loop import fit

    accelerator = Accelerator(recipe.device, recipe.precision)
    prepared = prepare(recipe.model_copy(update={"baselines": False}), lambda event: None, accelerator)
    assembled = assemble(prepared, accelerator, lambda text: None)
    seconds = []
    for step in fit(assembled.training):
        seconds.append(step.seconds)
        if len(seconds) == STEPS:
            break
    on_device = accelerator.device.type == "cuda"
    device_memory = torch.cuda.max_memory_allocated(accelerator.device) if on_device else None
    peak = resident()
    network = assembled.training.network.eval()
    loader, run = assembled.loaders["train"], running(network)
    rows = np.linspace(0, len(loader.rows.rows) - 1, ANSWERS).astype(np.int64)
    answers = []
    for row in rows:
        arrays = loader.batch(row[None]).inputs
        began = time.perf_counter()
        run(**arrays)
        answers.append(time.perf_counter() - began)
    return Cost(peak, device_memory, seconds[-1], statistics.median(answers[1:] or answers))


def _main(arguments: list[str]) -> int:
    settings: dict[str, Any] = load_file(Path(arguments[0]))
    try:
        found = _measured(Recipe.load(settings))
    except BurnishError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(asdict(found)) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
