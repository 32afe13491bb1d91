"""Every technique there is, by existing: what the suites over techniques share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from burnish.core.component import build, component_class, kinds
from burnish.training import checkpoint
from burnish.training.averages import AfterTraining, Averaging
from burnish.training.averaging import WeightAverage
from burnish.training.loop import Step, Training, fit
from burnish.training.technique import Technique
from tests.training_cases import training

AXES = {
    "penalty": "burnish.training.penalties",
    "perturbation": "burnish.training.perturbations",
    "gradient_clip": "burnish.training.clips",
    "averaging": "burnish.training.averages",
}
"""Fields of a recipe that are axes of techniques."""
ALL = [(axis, kind) for axis in AXES.values() for kind in kinds(axis)]
NAMES = [kind for _, kind in ALL]


def of(axis: str, kind: str) -> type[Technique]:
    """The class of a technique."""
    return cast(type[Technique], component_class(axis, kind))


DRAWING_NOTHING = [(axis, kind) for axis, kind in ALL if not of(axis, kind).draws]


def some(cases: list[tuple[str, str]]) -> list[Any]:
    """These techniques; those that do nothing in the steps of a run in the slow suite."""
    later = [pytest.mark.slow]
    return [pytest.param(*c, marks=later if issubclass(of(*c), AfterTraining) else [], id=c[1]) for c in cases]


def made(axis: str, kind: str, **settings: Any) -> Technique:
    """A technique with these settings."""
    return cast(Technique, build(axis, {"kind": kind, **settings}))


def ready(folder: Path, techniques: Sequence[Technique], **options: Any) -> tuple[Training, WeightAverage | None]:
    """A tiny training with these techniques, and the average that its consumer keeps."""
    run = training(folder, techniques=techniques, **options)
    averages = [t for t in techniques if isinstance(t, Averaging) and not t.is_off]
    weights = checkpoint.changing(run.network, run.optimizer)
    return run, averages[0].running(weights) if averages else None


def steps(run: Training, average: WeightAverage | None, *, start: int = 0, end: int = 100) -> list[Step]:
    """Its steps up to `end`, each taken into the average."""
    seen = []
    for step in fit(run, start=start):
        if average is not None:
            average.update(step.number / run.batches.total_steps)
        seen.append(step)
        if step.number == end:
            break
    return seen


def state(run: Training, average: WeightAverage | None) -> dict[str, torch.Tensor]:
    """Every number that a run ends with: weights and buffers, the optimizer's state, and the average."""
    found = {f"weight {n}": v.detach().clone() for n, v in run.network.state_dict().items()}
    for index, entries in run.optimizer.state_dict()["state"].items():
        found |= {f"optimizer {index} {k}": torch.as_tensor(v).clone() for k, v in entries.items()}
    if average is not None:
        found |= {f"average {n}": v.clone() for n, v in average.values.items()}
    return found


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    """Bit for bit."""
    assert one.keys() == other.keys()
    assert not [name for name, value in one.items() if not torch.equal(value, other[name])]
