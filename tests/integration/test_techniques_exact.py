"""Exactness rules 1 and 2 with every technique switched on: a new file of an axis of techniques is covered by existing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from burnish.core.component import build
from burnish.training import checkpoint
from burnish.training.loop import Training
from burnish.training.perturbations import _two_passes as two_passes
from burnish.training.technique import Technique
from tests.integration.survival import Runs, assert_same, end_together, kill_before_step, result, runs
from tests.integration.survival_data import recipe
from tests.integration.test_exactness import UNEVEN, Wider
from tests.integration.test_two_processes import assert_equal_runs, data
from tests.technique_cases import ALL, AXES, DRAWING_NOTHING, made, ready, some, state, steps
from tests.technique_cases import assert_same as assert_same_state
from tests.training_cases import Fixed

PLAIN: dict[str, Any] = {"double": True, "optimizer": {"kind": "sgd"}, "learning_rate": 0.05}
QUIET = [kind for _, kind in DRAWING_NOTHING]
FIELDS = [(field, kind) for field, axis in AXES.items() for a, kind in ALL if a == axis]
OF_TEXTS = [("mixing", "embedding_mixup"), ("augmentation", "word_dropout"), ("augmentation", "typos")]
"""Of the other axes, what is done to texts; what is done to pictures and sounds is in the suites of whole runs."""


def differ(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    assert one.keys() == other.keys()
    return max(float((value.double() - other[name].double()).abs().max()) for name, value in one.items())


def ended(folder: Path, technique: Technique, **options: Any) -> dict[str, torch.Tensor]:
    run, average = ready(folder, [technique], **{**PLAIN, **options})
    steps(run, average)
    return state(run, average)


@pytest.mark.parametrize("micro_batch_size", [pytest.param(1, marks=pytest.mark.slow), 3])
@pytest.mark.parametrize(("axis", "kind"), some(DRAWING_NOTHING))
def test_micro_batches_are_one_batch(axis: str, kind: str, micro_batch_size: int, tmp_path: Path) -> None:
    """With uneven weights, in float64."""
    technique = made(axis, kind)
    whole = ended(tmp_path, technique, weights=UNEVEN)
    assert differ(whole, ended(tmp_path, technique, weights=UNEVEN, micro_batch_size=micro_batch_size)) < 1e-11


@pytest.mark.slow
@pytest.mark.parametrize(("axis", "kind"), DRAWING_NOTHING, ids=QUIET)
def test_more_padding_and_rows_of_weight_0_change_nothing(axis: str, kind: str, tmp_path: Path) -> None:
    technique = made(axis, kind)
    weights = np.ones(11)
    weights[[1, 6]] = 0
    with_them, average = ready(tmp_path, [technique], **PLAIN, weights=weights, order=[[0, 1, 2], [5, 6]])
    fixed = with_them.batches
    assert isinstance(fixed, Fixed)
    with_them.batches = Wider(**vars(fixed))
    steps(with_them, average)
    assert differ(state(with_them, average), ended(tmp_path, technique, order=[[0, 2], [5]])) < 1e-10


def second_passes_differ(network: nn.Module) -> None:
    """In training, whoever is in a batch for the second time is answered otherwise: dropout of which everything is known."""

    def hook(module: nn.Module, given: Any, inputs: dict[str, torch.Tensor], logits: torch.Tensor) -> torch.Tensor:
        lines = [tuple(int(i) for i in row if i) for row in inputs["input_ids"]]
        again = torch.tensor([line in lines[:i] for i, line in enumerate(lines)])
        shift = torch.linspace(-1, 1, logits.shape[-1], dtype=logits.dtype)
        return logits + again[:, None] * shift if module.training else logits

    network.register_forward_hook(hook, with_kwargs=True)


def two_passes_ended(folder: Path, **options: Any) -> dict[str, torch.Tensor]:
    run, _ = ready(folder, [made(AXES["perturbation"], "r_drop")], **{**PLAIN, **options})
    second_passes_differ(run.network)
    steps(run, None)
    return state(run, None)


def test_micro_batches_of_two_passes_are_one_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-Drop with passes that differ, and not at random."""
    monkeypatch.setattr(two_passes, "is_random", lambda network, inputs: True)
    order = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 0]]
    whole = two_passes_ended(tmp_path, weights=UNEVEN, order=order)
    assert differ(whole, two_passes_ended(tmp_path, weights=UNEVEN, order=order, micro_batch_size=3)) < 1e-11


def restored(run: Training, average: Any, path: Path) -> None:
    """Everything spoilt, then read from a checkpoint."""
    with torch.no_grad():
        for parameter in run.network.parameters():
            parameter.add_(1.0)
    torch.manual_seed(12345)
    checkpoint.restore(checkpoint.read(path), run.network, run.optimizer, average)


@pytest.mark.parametrize(("axis", "kind"), some(ALL))
def test_resumed_is_never_interrupted(axis: str, kind: str, tmp_path: Path) -> None:
    """Stopped after step 2 and loaded into fresh objects: bit for bit, with dropout and AdamW."""
    technique, options = made(axis, kind), {"dropout": 0.1, "schedule": "linear"}
    through, whole = ready(tmp_path, [technique], **options)
    losses = [s.loss for s in steps(through, whole)]
    before, half = ready(tmp_path, [technique], **options)
    steps(before, half, end=2)
    saved = checkpoint.save(tmp_path / "checkpoints", 2, before.network, before.optimizer, {}, half)
    after, rest = ready(tmp_path, [technique], **options)
    restored(after, rest, saved.path)
    assert [s.loss for s in steps(after, rest, start=2)] == losses[2:]
    assert_same_state(state(through, whole), state(after, rest))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with runs(tmp_path_factory.mktemp("techniques")) as found:
        yield found


@pytest.mark.slow
@pytest.mark.parametrize(("field", "kind"), [*OF_TEXTS, *(c for c in FIELDS if (AXES[c[0]], c[1]) in DRAWING_NOTHING)])
def test_two_processes_are_one(place: Runs, field: str, kind: str) -> None:
    settings: dict[str, Any] = {"dropout": 0.0, "optimizer": {"kind": "sgd"}, "learning_rate": 0.05}
    folder = place.folder / f"two-{kind}"
    file = recipe(folder, data=data(folder, "label", 57), **settings, **{field: kind})
    one, two = folder / "one", folder / "both"
    place.complete("train", file, "--out", one)
    children = place.together(2, "train", file, "--out", two)
    assert end_together(children) == [0, 0], "\n".join(c.output for c in children)
    assert_equal_runs(one, two)


@pytest.mark.slow
@pytest.mark.parametrize(("field", "kind"), [*OF_TEXTS, *FIELDS])
def test_a_killed_run_ends_as_one_that_was_not(place: Runs, field: str, kind: str) -> None:
    """The whole run to the tested bundle, bit for bit."""
    folder = place.folder / f"killed-{kind}"
    file = recipe(folder, **{field: kind})
    place.complete("train", file, "--out", folder / "through")
    place.start("train", file, "--out", folder / "killed", hook=kill_before_step(8)).end()
    place.complete("train", "--resume", "--out", folder / "killed")
    assert_same(folder / "killed", result(folder / "through"))


def test_every_field_of_techniques_is_here() -> None:
    from burnish.core.component import component_class, kinds
    from burnish.recipe.axes import AXES as PACKAGES

    found = [p for p in PACKAGES.values() if issubclass(component_class(p, kinds(p)[0]), Technique)]
    apart = ["burnish.training.shrinking"]  # three fields of one axis: tests/contracts/test_shrinking.py
    assert sorted(found) == sorted([*AXES.values(), *apart])
    assert all(build(AXES[field], kind) for field, kind in FIELDS)
