"""What every technique must do, by existing: with its `off` settings it is not there, bit for bit; else it does something."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from burnish.core.component import build
from burnish.training.averages import AfterTraining, Trained
from burnish.training.technique import Technique
from tests.technique_cases import ALL, NAMES, assert_same, made, of, ready, some, state, steps

OPTIONS: dict[str, Any] = {"dropout": 0.1, "schedule": "linear"}


@pytest.mark.parametrize(("axis", "kind"), ALL, ids=NAMES)
def test_documents_itself_and_is_written_and_read_back(axis: str, kind: str) -> None:
    """With the year of its source."""
    cls = of(axis, kind)
    assert cls.sentence().endswith(".")
    assert re.search(r"\b(19|20)\d\d\b", cls.__doc__ or ""), "say where it comes from"
    assert build(axis, made(axis, kind).model_dump()) == made(axis, kind)


@pytest.mark.parametrize(("axis", "kind"), ALL, ids=NAMES)
def test_named_it_is_on_and_can_be_switched_off(axis: str, kind: str) -> None:
    cls = of(axis, kind)
    assert cls.off.keys() <= cls.model_fields.keys()
    assert not made(axis, kind).is_off
    assert made(axis, kind, **cls.off).is_off


@pytest.mark.parametrize(("axis", "kind"), some(ALL))
def test_off_is_not_there_bit_for_bit(axis: str, kind: str, tmp_path: Path) -> None:
    """Weights, optimizer state, losses and gradient norms of four steps with dropout, and the state of the generator."""
    ends = []
    for techniques in ([], [made(axis, kind, **of(axis, kind).off)]):
        run, average = ready(tmp_path, techniques, **OPTIONS)
        seen = [(s.loss, s.gradient_norm, s.learning_rate) for s in steps(run, average)]
        ends.append((seen, state(run, average) | {"generator": torch.get_rng_state()}))
    assert ends[0][0] == ends[1][0]
    assert_same(ends[0][1], ends[1][1])


JOINING = [c for c in ALL if of(*c).part is not Technique.part or hasattr(of(*c), "running")]
"""Techniques that join in at each step, or after it."""


@pytest.mark.parametrize(("axis", "kind"), some(JOINING))
def test_what_it_does_at_a_step_is_nothing_at_its_off_settings(axis: str, kind: str, tmp_path: Path) -> None:
    """The same by its own machinery, which an off technique is usually spared: two passes of SAM at radius 0, say."""
    technique = made(axis, kind, **of(axis, kind).off)
    still = {**OPTIONS, "optimizer": {"kind": "adamw", "weight_decay": 0.0}}
    plain, _ = ready(tmp_path, [], **still)
    run, _ = ready(tmp_path, [], **still)
    part = technique.part(run.network, run.optimizer)
    run.parts = [] if part is None else [part]
    assert [s.loss for s in steps(plain, None)] == [s.loss for s in steps(run, None)]
    assert_same(state(plain, None), state(run, None))
    average = technique.running(dict(run.network.named_parameters())) if hasattr(technique, "running") else None
    if average is not None:
        average.update(1.0)
        assert_same(average.values, {n: p.detach() for n, p in run.network.named_parameters()})


@pytest.mark.parametrize(("axis", "kind"), ALL, ids=NAMES)
def test_on_it_does_something(axis: str, kind: str, tmp_path: Path) -> None:
    """Other weights, or an average other than the last weights, or a choice among several."""
    technique = made(axis, kind)
    plain, _ = ready(tmp_path, [], **OPTIONS)
    run, average = ready(tmp_path, [technique], **OPTIONS)
    steps(plain, None)
    steps(run, average)
    weights = {n: v.clone() for n, v in run.network.state_dict().items()}
    if isinstance(technique, AfterTraining):
        start = {n: torch.zeros_like(v) for n, v in weights.items()}
        trained = Trained(
            weights, 4, [(2, lambda: start)], start, lambda w: -sum(float(v.abs().sum()) for v in w.values())
        )
        chosen, words = technique.chosen(trained)
        assert words
        assert any(not torch.equal(v, weights[n]) for n, v in chosen.items())
        return
    shipped = weights if average is None else average.values
    assert any(not torch.equal(v, shipped[n]) for n, v in plain.network.named_parameters())
