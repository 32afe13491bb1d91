"""Mixed rows through the real batches and loop: cut anyhow, resumed anywhere, they are the same rows with the same truths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from burnish.core.batch import Batch, Truth
from burnish.core.component import build
from burnish.losses import Loss
from burnish.recipe.recipe import Recipe
from burnish.stages.prepare.prepare import prepare
from burnish.stages.train.assemble import Assembled, assemble
from burnish.training import checkpoint
from burnish.training.accelerator import Accelerator
from burnish.training.loop import fit
from burnish.training.objective import SupervisedModule
from tests import vision_cases
from tests.image_cases import picture, save
from tests.slow_cases import slow_but

TRUTHS: dict[str, Any] = {
    "label": lambda i: "abc"[i % 3],
    "labels": lambda i: [n for n in "abc" if (i + ord(n)) % 2],
    "score": lambda i: i * 0.3,
}
MIXING = ("mixup", "cutmix", "mixup_or_cutmix")


def assembled(folder: Path, kind: str = "label", **settings: Any) -> Assembled:
    """A tiny ViT over 21 pictures in steps of 8 (the last of an epoch has 5), with mixing."""
    path = folder / f"{kind}.jsonl"
    if not path.exists():
        rows = [
            {"image": str(save(picture(i, 30, 26), folder / f"{i}.png")), "truth": TRUTHS[kind](i)} for i in range(21)
        ]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    values = {
        "data": {"train": str(path), "validation": str(path), "test": str(path), "cache": str(folder / "cache")},
        "target": {"kind": kind, "column": "truth"},
        "input": {"kind": "image", "size": 32},
        "model": {"kind": "timm", "name": str(vision_cases.checkpoint("timm_vit"))},
        "mixing": "mixup",
        "augmentation": "light",
        "optimizer": "sgd",
        "learning_rate": 0.05,
        "batch_size": 8,
        "epochs": 4,
        "precision": "float32",
        "device": "cpu",
        "allow": ["test_rows_in_train", "validation_rows_in_train", "test_rows_in_validation"],
        **settings,
    }
    accelerator = Accelerator("cpu", "float32")
    prepared = prepare(Recipe.load(values), lambda event: None, accelerator)
    return assemble(prepared, accelerator, lambda text: None)


def joined(batches: list[Batch]) -> dict[int, tuple[bytes, list[float], list[float]]]:
    """By row number: pixels, truths and weights."""
    found = {}
    for batch in batches:
        truths = batch.targets.reshape(len(batch), -1)
        weights = batch.weights.reshape(len(batch), -1)
        for i, row in enumerate(batch.rows):
            found[int(row)] = (batch.inputs["pixel_values"][i].tobytes(), truths[i].tolist(), weights[i].tolist())
    return found


@pytest.mark.parametrize("kind", list(TRUTHS))
def test_however_a_step_is_cut_its_rows_are_the_same(tmp_path: Path, kind: str) -> None:
    """Micro-batches of 1, 3 and all: the same pixels, truths and weights of every row; two truths a row sum to its weight."""
    batches = assembled(tmp_path, kind).batches
    for step in range(4):
        whole = batches.micro(step, 100)
        assert len(whole) == 1
        assert len(whole[0].targets) == 2 * len(whole[0])
        np.testing.assert_allclose(whole[0].weights.reshape(len(whole[0]), 2, -1).sum(axis=1), 1, rtol=1e-6)
        for size in (1, 3):
            assert joined(list(batches.micro(step, size))) == joined(list(whole))
    last = batches.micro(batches.total_steps - 1, 100)[0]
    assert len(last.targets) == len(last), "the end of the run is not mixed"


@pytest.mark.parametrize("kind", list(TRUTHS))
@pytest.mark.parametrize("mixing", slow_but(MIXING, MIXING[0]))
def test_accumulated_micro_batches_are_one_big_batch(tmp_path: Path, kind: str, mixing: str) -> None:
    """Exactness rule 1 with mixed rows: the weights after a run in micro-batches of 3 are those of whole batches."""
    settings: dict[str, Any] = {"mixing": mixing, "max_steps": 6}
    if kind == "label":
        settings["class_weights"] = {"kind": "given", "values": {"a": 1, "b": 3, "c": 0.5}}
    runs = [assembled(tmp_path, kind, **settings).training for _ in range(2)]
    for run in runs:
        run.network.double()
    runs[1].micro_batch_size = 3
    first, second = (list(fit(run)) for run in runs)
    for a, b in zip(first, second, strict=True):
        assert a.loss.mean == pytest.approx(b.loss.mean, rel=1e-5)
        assert a.rows == b.rows
    for x, y in zip(runs[0].network.parameters(), runs[1].network.parameters(), strict=True):
        torch.testing.assert_close(x, y, rtol=0, atol=1e-9)


def test_resumed_is_never_interrupted(tmp_path: Path) -> None:
    """Exactness rule 2 with mixed rows: stopped after step 4 and continued in fresh objects, bit for bit."""
    through = assembled(tmp_path).training
    losses = [s.loss for s in fit(through)]
    before = assembled(tmp_path).training
    for step in fit(before):
        if step.number == 4:
            break
    saved = checkpoint.save(tmp_path / "checkpoints", 4, before.network, before.optimizer, {})
    after = assembled(tmp_path).training
    checkpoint.restore(saved, after.network, after.optimizer)
    assert [s.loss for s in fit(after, start=4)] == losses[4:]
    for x, y in zip(through.network.parameters(), after.network.parameters(), strict=True):
        assert torch.equal(x, y)


@pytest.mark.parametrize(
    ("kind", "loss"),
    [("label", "cross_entropy"), ("label", "focal"), ("labels", "binary_cross_entropy"), ("score", "huber")],
)
def test_two_weighted_truths_are_the_mixed_loss(tmp_path: Path, kind: str, loss: str) -> None:
    """The objective of a mixed batch is share x loss(own truth) + (1 - share) x loss(other truth), as the papers have it."""
    made = assembled(tmp_path, kind)
    mixed = made.batches.mixed(0)
    assert mixed is not None
    network, chosen = made.training.network.eval(), build("burnish.losses", loss)
    assert isinstance(chosen, Loss)
    batch = made.batches.micro(0, 100)[0]
    places = np.array([int(np.flatnonzero(mixed.positions == row)[0]) for row in batch.rows])
    _, shares = mixed.encoded(places)
    own, _ = made.batches.loader.truths(mixed.positions[places], 1)
    other, _ = made.batches.loader.truths(mixed.positions[mixed.partners[places]], 1)
    inputs = {k: torch.from_numpy(v) for k, v in batch.inputs.items()}
    objective = SupervisedModule(network, chosen)
    with torch.no_grad():
        truth = Truth(*map(torch.from_numpy, (batch.targets, batch.weights, batch.owner, batch.lines)))
        total, weight = objective(inputs, truth)
        logits = network(**inputs)
        parts = [chosen.elements(logits, torch.from_numpy(t)).reshape(len(batch), -1) for t in (own, other)]
    share = torch.from_numpy(shares).reshape(-1, 1)
    expected = (share * parts[0] + (1 - share) * parts[1]).sum()
    assert float(total) == pytest.approx(float(expected), rel=1e-5)
    assert float(weight) == pytest.approx(parts[0].numel(), rel=1e-5)
    assert batch.owner.shape == batch.targets.shape
    assert (batch.owner.reshape(len(batch), -1) == np.arange(len(batch))[:, None]).all()
    summed = batch.by_row(batch.weights)
    np.testing.assert_allclose(summed, batch.weights.reshape(len(batch), -1).sum(axis=1), rtol=1e-6)


def test_culprits_are_named_by_row(tmp_path: Path) -> None:
    """A picture for which the network answers NaN: the rows it is in are named, and no weight is changed."""
    made = assembled(tmp_path, mixing="cutmix").training
    batch = made.batches.micro(0, 100)[0]
    bad = torch.from_numpy(batch.inputs["pixel_values"][2])
    original = made.network.forward

    def forward(**inputs: torch.Tensor) -> torch.Tensor:
        logits = original(**inputs)
        hit = (inputs["pixel_values"] == bad).flatten(1).all(dim=1)
        return torch.where(hit[:, None], torch.full_like(logits, float("nan")), logits)

    made.network.forward = forward  # type: ignore[method-assign]
    step = next(iter(fit(made)))
    assert not step.applied
    assert step.culprits == (int(batch.rows[2]),)
