"""Sequence targets from outside the package in the loop: exact, resumed, validated, learned.

Their whole way, from `train` to the server, is in `test_sequences_from_outside.py`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from burnish.core.component import build
from burnish.decoders import Decoder, answered
from burnish.recipe.recipe import Recipe
from burnish.runtimes.torch import generating
from burnish.stages.prepare.prepare import prepare
from burnish.stages.train.assemble import Assembled, assemble
from burnish.stages.train.validate import measure
from burnish.training import checkpoint
from burnish.training.accelerator import Accelerator
from burnish.training.loop import fit
from tests import toy_sequences as toy

PACKED = {"kind": "tests.toy_sequences:Packed", "line": 40}
WAYS: dict[str, dict[str, Any]] = {
    "Shown": {},
    "Frames": {},
    "Reply": {},
    "Reply packed": {"sampler": PACKED},
    "Reply packed in chunks": {"sampler": PACKED, "objective": {"kind": "chunked", "places": 16}},
}


def assembled(folder: Path, name: str, rows: int = 60, **settings: Any) -> Assembled:
    """A run on so many rows, ready for the loop."""
    files = {}
    for number, split in enumerate(("train", "validation")):
        path = folder / f"{split}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in toy.rows(rows, number)), encoding="utf-8")
        files[split] = str(path)
    values = toy.recipe(folder, name.partition(" ")[0], max_steps=6, **WAYS[name])
    values |= {"data": {**files, "cache": str(folder / "cache")}, "allow": ["validation_rows_in_train"], **settings}
    accelerator = Accelerator("cpu", "float32")
    prepared = prepare(Recipe.load(values), lambda event: None, accelerator)
    return assemble(prepared, accelerator, lambda text: None)


def weights(made: Assembled) -> list[torch.Tensor]:
    """Of the network."""
    return [p.detach().clone() for p in made.training.network.parameters()]


@pytest.mark.parametrize("name", list(WAYS))
def test_however_a_step_is_cut_the_weights_are_the_same(tmp_path: Path, name: str) -> None:
    """Exactness rule 1 on the real batches: micro-batches of two lines against whole steps, in float64."""
    runs = [assembled(tmp_path, name, optimizer="sgd", learning_rate=0.05) for _ in range(2)]
    for run in runs:
        run.training.network.double()
    runs[1].training.micro_batch_size = 2
    first, second = (list(fit(run.training)) for run in runs)
    for a, b in zip(first, second, strict=True):
        assert a.loss.mean == pytest.approx(b.loss.mean, rel=1e-5)
        assert (a.rows, a.useful) == (b.rows, b.useful)
    for one, other in zip(*map(weights, runs), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


def test_packed_and_in_chunks_are_the_plain_run(tmp_path: Path) -> None:
    """The same rows, steps and weights in float64; less padding."""
    plain = {"sampler": "shuffled", "optimizer": "sgd", "learning_rate": 0.05}
    runs = [assembled(tmp_path, "Reply", **plain)]
    for name in ("Reply packed", "Reply packed in chunks"):
        runs.append(assembled(tmp_path, name, optimizer="sgd", learning_rate=0.05))
    for run in runs:
        run.training.network.double()
    steps = [list(fit(run.training)) for run in runs]
    for a, b, c in zip(*steps, strict=True):
        assert a.rows == b.rows == c.rows
        assert a.useful == b.useful == c.useful
        assert b.size <= a.size
    for other in runs[1:]:
        for one, two in zip(weights(runs[0]), weights(other), strict=True):
            torch.testing.assert_close(one, two, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", list(WAYS))
def test_resumed_is_never_interrupted(tmp_path: Path, name: str) -> None:
    """Exactness rule 2 with dropout: stopped after step 3 and continued in fresh objects, bit for bit."""

    def made() -> Assembled:
        model = {**toy.recipe(tmp_path, name.partition(" ")[0])["model"], "dropout": 0.1}
        return assembled(tmp_path, name, model=model)

    through, before, after = made(), made(), made()
    losses = [s.loss for s in fit(through.training)]
    for step in fit(before.training):
        if step.number == 3:
            break
    saved = checkpoint.save(tmp_path / "saved", 3, before.training.network, before.training.optimizer, {})
    checkpoint.restore(saved, after.training.network, after.training.optimizer)
    assert [s.loss for s in fit(after.training, start=3)] == losses[3:]
    for one, other in zip(weights(through), weights(after), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("name", ["Shown", "Frames", "Reply"])
def test_validation_loss_is_that_of_the_loop(tmp_path: Path, name: str) -> None:
    """With what is given of the truth, over all rows, whatever the batches."""
    made = assembled(tmp_path, name)
    recipe = Recipe.load({**toy.recipe(tmp_path, name), "data": {"train": str(tmp_path / "train.jsonl")}})
    assert recipe.objective.kind() == "supervised"
    loader, objective = made.loaders["validation"], made.training.objective
    batch = loader.batch(np.arange(len(loader.rows)))
    with torch.no_grad():
        total, weight = objective.eval()(
            made.training.accelerator.tensors(batch.inputs), made.training.accelerator.truth(batch)
        )
    prepared = prepare(
        Recipe.load({**toy.recipe(tmp_path, name), "data": settings(tmp_path), "allow": ["validation_rows_in_train"]}),
        lambda event: None,
        made.training.accelerator,
    )
    scores = measure(replace(prepared, recipe=prepared.recipe), made, None, lambda text: None)
    assert scores["loss"] == pytest.approx(float(total / weight), rel=1e-5)


def settings(folder: Path) -> dict[str, str]:
    """The files that `assembled` wrote."""
    return {name: str(folder / f"{name}.jsonl") for name in ("train", "validation")} | {"cache": str(folder / "cache")}


@pytest.mark.slow
def test_each_way_learns_to_reverse(tmp_path: Path) -> None:
    """Replies of up to four letters, written one by one, after 700 steps: it is the task that is learned."""
    made = assembled(tmp_path, "Reply packed", rows=1000, max_steps=700, learning_rate=1e-2)
    list(fit(made.training))
    loader, rows = made.loaders["validation"], toy.rows(30, 9, longest=4)
    views = loader.input.views(rows, loader.processor.for_input)
    how = cast(Decoder, build("burnish.decoders", {"kind": "greedy", "max_new_tokens": toy.LONGEST}))
    run = generating(made.training.network)
    said = answered(run, how, loader.input, loader.target, loader.processor, views, limit=30)
    assert sum(one.answer == row["answer"] for one, row in zip(said, rows, strict=True)) > 15
