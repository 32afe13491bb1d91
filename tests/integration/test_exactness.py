"""Exactness rules 1, 2 and 5, over every task: how rows are cut, padded, weighted and interrupted changes nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from burnish.core.batch import Batch
from burnish.core.errors import RunFailed
from burnish.training import checkpoint
from burnish.training.averaging import MovingAverage
from burnish.training.loop import Step, Training, fit
from burnish.training.updating import Clip
from tests.slow_cases import slow_but
from tests.training_cases import CASES, PADDED, TEXTS, Fixed, training, weights_of

UNEVEN = np.linspace(0.25, 2.75, len(TEXTS))
"""Multiples of a quarter: sums of them are exact in float32, in which weights are kept, in whatever order."""


def differ(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> float:
    """The largest difference of any weight."""
    assert a.keys() == b.keys()
    return max(float((a[n] - b[n]).abs().max()) for n in a)


QUICK = ("label", "tags", "sounds", "ctc_group", "whisper", "images")
"""Tasks of the fast suite: an answer a row, one an element, batches of files, frames, and words."""


def once(first: object, others: list[object]) -> list[Any]:
    """Each task with the first setting; with the others one, the rest in the slow suite."""
    few = [pytest.param(first, kind, marks=[] if kind in QUICK else [pytest.mark.slow]) for kind in CASES]
    slow = [pytest.mark.slow] if others else []
    return few + [
        pytest.param(other, kind, marks=slow if kind != CASES[0] else []) for other in others for kind in CASES
    ]


@pytest.mark.parametrize(("micro_batch_size", "kind"), once(3, [1]))
def test_accumulated_micro_batches_are_one_big_batch(tmp_path: Path, kind: str, micro_batch_size: int) -> None:
    """k micro-batches, the last one short, with uneven weights, give the weights of one batch (float64)."""
    whole = training(tmp_path, kind, double=True, weights=UNEVEN, optimizer={"kind": "sgd"})
    pieces = training(
        tmp_path, kind, double=True, weights=UNEVEN, optimizer={"kind": "sgd"}, micro_batch_size=micro_batch_size
    )
    first, second = list(fit(whole)), list(fit(pieces))
    assert differ(weights_of(whole), weights_of(pieces)) < 1e-12
    for a, b in zip(first, second, strict=True):
        assert a.loss.mean == pytest.approx(b.loss.mean, rel=1e-6)
        assert a.gradient_norm == pytest.approx(b.gradient_norm, rel=1e-9)


class Wider(Fixed):
    """The same rows with eight more columns of padding; windows of sound that have no mask keep their length."""

    def batch(self, rows: Any) -> Batch:
        batch = super().batch(rows)
        whole = () if "attention_mask" in batch.inputs else ("input_features",)
        more = {n: v if n in whole else np.pad(v, [(0, 0)] * (v.ndim - 1) + [(0, 8)]) for n, v in batch.inputs.items()}
        elements = self.target.shape == "element"
        if elements or self.target.shape in ("decoded", "frames"):
            assert not elements or batch.targets.shape[1] == batch.inputs["input_ids"].shape[1]
            pad = ((0, 0), (0, 8))
            wider = {name: np.pad(getattr(batch, name), pad) for name in ("targets", "weights", "owner")}
            return dataclasses.replace(batch, inputs=more, **wider)
        return dataclasses.replace(batch, inputs=more)


@pytest.mark.parametrize("kind", slow_but(PADDED, *(kind for kind in QUICK if kind in PADDED)))
def test_padding_more_changes_nothing(tmp_path: Path, kind: str) -> None:
    """Rows padded to a longer common length give the same weights (float64)."""
    narrow = training(tmp_path, kind, double=True, optimizer={"kind": "sgd"})
    wide = training(tmp_path, kind, double=True, optimizer={"kind": "sgd"})
    wide.batches = Wider(**vars(wide.batches))
    list(fit(narrow))
    list(fit(wide))
    assert differ(weights_of(narrow), weights_of(wide)) < 1e-10


@pytest.mark.parametrize("kind", slow_but(CASES, *QUICK))
def test_rows_of_weight_zero_are_not_there(tmp_path: Path, kind: str) -> None:
    """A batch with rows of weight 0 is the batch without them (float64)."""
    weights = np.ones(len(TEXTS))
    weights[[1, 6]] = 0
    with_them = training(
        tmp_path, kind, double=True, weights=weights, optimizer={"kind": "sgd"}, order=[[0, 1, 2], [5, 6]]
    )
    without = training(tmp_path, kind, double=True, optimizer={"kind": "sgd"}, order=[[0, 2], [5]])
    steps = list(fit(with_them))
    list(fit(without))
    assert differ(weights_of(with_them), weights_of(without)) < 1e-12
    assert [s.rows for s in steps] == [2, 1]


def test_the_loop_is_the_usual_plain_loop(tmp_path: Path) -> None:
    """Same seed, same batches: the loop everybody writes by hand, with Adam, ends in the same weights (float64)."""
    ours = training(tmp_path, "label", double=True, optimizer={"kind": "adam", "weight_decay": 0.0})
    plain = training(tmp_path, "label", double=True)
    model, fixed = plain.network, plain.batches
    assert isinstance(fixed, Fixed)
    loader = []
    for rows in fixed.order:
        batch = fixed.batch(rows)
        inputs = {name: torch.from_numpy(value) for name, value in batch.inputs.items()}
        loader.append((inputs, torch.from_numpy(batch.targets)))

    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    model.train()
    for inputs, labels in loader:
        optimizer.zero_grad()
        outputs = model(**inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()

    list(fit(ours))
    assert differ(weights_of(ours), weights_of(plain)) < 1e-9


@pytest.mark.parametrize(("settings", "kind"), once({"kind": "adamw"}, [{"kind": "sgd", "momentum": 0.9}]))
def test_resumed_is_never_interrupted(tmp_path: Path, kind: str, settings: dict[str, object]) -> None:
    """Stopped after step 2, saved, loaded into fresh objects: bit for bit the run that was not, with dropout and average."""
    options: dict[str, Any] = {"optimizer": settings, "dropout": 0.1, "schedule": "linear"}
    through = training(tmp_path, kind, **options)
    whole = average_of(through)
    losses = [s.loss for s in averaged(through, whole)]

    before = training(tmp_path, kind, **options)
    half = average_of(before)
    for step in averaged(before, half):
        if step.number == 2:
            break
    saved = checkpoint.save(tmp_path / "checkpoints", 2, before.network, before.optimizer, {"note": 1}, half)

    after = training(tmp_path, kind, seed=0, **options)
    rest = average_of(after)
    with torch.no_grad():
        for parameter in after.network.parameters():
            parameter.add_(1.0)
    torch.manual_seed(12345)
    checkpoint.restore(checkpoint.read(saved.path), after.network, after.optimizer, rest)
    resumed = [s.loss for s in averaged(after, rest, start=2)]
    assert resumed == losses[2:]
    assert differ(weights_of(through), weights_of(after)) == 0.0
    assert differ(whole.values, rest.values) == 0.0
    assert rest.updates == whole.updates == 4


def average_of(run: Training) -> MovingAverage:
    """A moving average of the weights of a run."""
    return MovingAverage(checkpoint.changing(run.network, run.optimizer), 0.9)


def averaged(run: Training, average: MovingAverage, start: int = 0) -> Iterator[Step]:
    """The steps of a run, each taken into the average before it is seen."""
    for step in fit(run, start=start):
        average.update()
        yield step


def poisoned(run: Training, row: int) -> Training:
    """The network answers infinity for one row."""
    original = run.network.forward
    fixed = run.batches
    assert isinstance(fixed, Fixed)
    key = fixed.encoded[row]["input_ids"]

    def forward(**inputs: torch.Tensor) -> torch.Tensor:
        logits = original(**inputs)
        width = min(len(key), inputs["input_ids"].shape[1])
        hit = (inputs["input_ids"][:, :width] == torch.from_numpy(key[:width].astype(np.int64))).all(dim=1)
        shape = (-1, *[1] * (logits.ndim - 1))
        return torch.where(hit.reshape(shape), torch.full_like(logits, float("nan")), logits)

    run.network.forward = forward  # type: ignore[method-assign]
    return run


def test_a_loss_that_is_not_finite_names_its_row_and_changes_no_weight(tmp_path: Path) -> None:
    """The step is not applied, and the row behind it is named."""
    run = poisoned(training(tmp_path, "label"), row=5)
    before = weights_of(run)
    seen: list[Step] = []
    for step in fit(run):
        seen.append(step)
        if not step.applied:
            break
        before = weights_of(run)
    assert seen[-1].number == 2
    assert seen[-1].culprits == (5,)
    assert differ(before, weights_of(run)) == 0.0


def test_a_checkpoint_that_is_not_finite_is_never_saved(tmp_path: Path) -> None:
    """Saving stops with the name of the weight, and nothing is left behind."""
    run = training(tmp_path, "label")
    with torch.no_grad():
        next(iter(run.network.parameters())).view(-1)[0] = float("nan")
    with pytest.raises(RunFailed, match="not finite"):
        checkpoint.save(tmp_path / "checkpoints", 1, run.network, run.optimizer, {})
    assert not list((tmp_path / "checkpoints").glob("*"))


def test_when_memory_runs_out_micro_batches_shrink_and_the_result_stays(tmp_path: Path) -> None:
    """Out of memory on more than one row at once: halved until it fits, said, and the same weights."""
    said: list[str] = []
    small = training(tmp_path, "label", double=True, optimizer={"kind": "sgd"}, micro_batch_size=4)
    small.notify = said.append
    original = small.network.forward

    def forward(**inputs: torch.Tensor) -> torch.Tensor:
        if len(inputs["input_ids"]) > 1:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")
        return original(**inputs)

    small.network.forward = forward  # type: ignore[method-assign]
    whole = training(tmp_path, "label", double=True, optimizer={"kind": "sgd"})
    steps = list(fit(small))
    list(fit(whole))
    assert small.micro_batch_size == 1
    assert steps[0].micro_batch_size == 1
    assert len(said) == 2
    assert "effective batch" in said[0]
    assert differ(weights_of(small), weights_of(whole)) < 1e-12


def test_clipping_bounds_the_step(tmp_path: Path) -> None:
    """Plain SGD with a tiny bound on the norm moves the weights by exactly bound x rate."""
    run = training(
        tmp_path,
        "label",
        double=True,
        optimizer={"kind": "sgd", "weight_decay": 0.0, "momentum": 0.0},
        clip=Clip(1e-3, None),
        order=[[0, 1, 2]],
    )
    before = weights_of(run)
    list(fit(run))
    after = weights_of(run)
    moved = torch.sqrt(sum(((after[n] - before[n]) ** 2).sum() for n in after))  # type: ignore[arg-type]
    assert float(moved) == pytest.approx(1e-3 * 1e-3, rel=1e-4)
