"""Exactness rule 1 through the batches that `burnish train` reads: sampler, bucketing, cutting and padding included."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from burnish.recipe.recipe import Recipe
from burnish.stages.prepare.prepare import prepare
from burnish.stages.train.assemble import Assembled, assemble
from burnish.training.accelerator import Accelerator
from burnish.training.loop import fit
from tests.integration import tiny_runs
from tests.slow_cases import slow_but

TASKS = ("label", "labels", "score", "tags", "pairs")


def assembled(task: str, checkpoint: Path, table: Path, cache: Path, micro_batch_size: int | None) -> Assembled:
    """A tiny run before its first step, in float64 and without dropout, over the shipped way of reading."""
    settings = tiny_runs.settings(task, checkpoint, {"train": str(table), "cache": str(cache)})
    settings |= {"model": {"kind": "transformers", "name": str(checkpoint), "dropout": 0.0}}
    settings |= {"optimizer": "sgd", "learning_rate": 0.1, "batch_size": 16, "micro_batch_size": micro_batch_size}
    accelerator = Accelerator("cpu", "float32")
    prepared = prepare(Recipe.load(settings), lambda event: None, accelerator)
    made = assemble(prepared, accelerator, lambda text: None)
    made.training.network.double()
    return made


@pytest.mark.parametrize("task", slow_but(TASKS, "label"))
def test_micro_batches_of_a_run_are_one_big_batch(
    task: str, bert: Path, table: Callable[[str], Path], tmp_path: Path
) -> None:
    """Rows of other lengths, cut by length into other pieces, with the last step of an epoch short: the same weights."""
    runs: list[dict[str, torch.Tensor]] = []
    norms: list[list[float]] = []
    shapes: list[set[Any]] = []
    for micro_batch_size in (None, 5, 1):
        made = assembled(task, bert, table(task), tmp_path / "cache", micro_batch_size)
        cut = [batch for step in range(3) for batch in made.batches.micro(step, micro_batch_size or 16)]
        shapes.append({batch.inputs["input_ids"].shape for batch in cut})
        norms.append([step.gradient_norm for step in fit(made.training)])
        runs.append({name: value.clone() for name, value in made.training.network.state_dict().items()})
    assert len({frozenset(each) for each in shapes}) == 3, "the pieces differ"
    for other, norm in zip(runs[1:], norms[1:], strict=True):
        assert max(float((runs[0][name] - value).abs().max()) for name, value in other.items()) < 1e-10
        assert norm == pytest.approx(norms[0], rel=1e-8)
