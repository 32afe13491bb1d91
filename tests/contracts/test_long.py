"""What every way with long rows must do, by existing: off it is not there bit for bit, and a document is one example."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from burnish.core.component import build, component_class, kinds
from burnish.core.windows import MEMBERSHIP
from burnish.long import Long
from burnish.models._windows import WindowedNetwork
from burnish.training.loop import Training
from tests.technique_cases import assert_same, state, steps
from tests.training_cases import Fixed, training

AXIS = "burnish.long"
KINDS = kinds(AXIS)
TEXTS = [kind for kind in KINDS if cast(type[Long], component_class(AXIS, kind)).of == "text"]
LENGTH = 8
ON: dict[str, list[dict[str, Any]]] = {
    "truncate": [{"keep": "tail"}, {"keep": "head_and_tail"}],
    "slide": [{"joining": joining} for joining in ("mean", "max", "noisy_or", "attention")],
    "hierarchical": [{"layers": 1, "dropout": 0.0}],
    "context": [{"tokens": 8}],
    "tiles": [{}],
}
"""Settings with which each is on."""
EVERY = [{"kind": kind, **settings} for kind in TEXTS for settings in ON[kind]]
SEVERAL = [
    pytest.param(
        long, marks=[pytest.mark.slow] if long.get("joining") in ("mean", "max", "noisy_or") else [], id=str(long)
    )
    for long in EVERY
    if long["kind"] in ("slide", "hierarchical")
]
"""Ways with several windows; what the plain ways of joining share is in the slow suite."""


def run(folder: Path, long: dict[str, Any] | None, **options: Any) -> Training:
    """A tiny training on texts of which most are longer than eight tokens."""
    kind = options.pop("target", "labels" if (long or {}).get("joining") == "noisy_or" else "label")
    return training(folder, kind, reading={"max_length": LENGTH, "long": long}, **options)


def fixed(training: Training) -> Fixed:
    assert isinstance(training.batches, Fixed)
    return training.batches


def logits(training: Training, rows: list[int]) -> torch.Tensor:
    """Of these rows, in eval mode."""
    training.network.eval()
    with torch.no_grad():
        found: torch.Tensor = training.network(**training.accelerator.tensors(fixed(training).batch(rows).inputs))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_documents_itself_and_is_written_and_read_back(kind: str) -> None:
    cls = component_class(AXIS, kind)
    assert cls.sentence().endswith(".")
    for settings in ON[kind]:
        made = cast(Long, build(AXIS, {"kind": kind, **settings}))
        assert build(AXIS, made.model_dump()) == made
        assert not made.is_off
        assert cast(Long, build(AXIS, {"kind": kind, **settings, **made.off})).is_off
    if kind in ("slide", "hierarchical", "context"):
        assert re.search(r"\b(19|20)\d\d\b", cls.__doc__ or ""), "say where it comes from"


@pytest.mark.parametrize("kind", TEXTS)
def test_off_is_not_there_bit_for_bit(kind: str, tmp_path: Path) -> None:
    """Weights, optimizer state, losses and gradient norms of four steps with dropout, and the state of the generator."""
    off = {"kind": kind, **cast(type[Long], component_class(AXIS, kind)).off}
    ends = []
    for long in (None, off):
        made = run(tmp_path, long, dropout=0.1)
        seen = [(s.loss, s.gradient_norm, s.learning_rate) for s in steps(made, None)]
        ends.append((seen, state(made, None) | {"generator": torch.get_rng_state()}))
    assert ends[0][0] == ends[1][0]
    assert_same(ends[0][1], ends[1][1])


@pytest.mark.parametrize("kind", ["slide", "hierarchical"])
def test_its_own_machinery_does_nothing_at_its_off_settings(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One window, framed and joined as several are, is the beginning of the text: the same weights, bit for bit."""
    plain = run(tmp_path, None, dropout=0.1)
    cls = cast(type[Long], component_class(AXIS, kind))
    off, monkeyed = {"kind": kind, **cls.off}, property(lambda self: False)
    monkeypatch.setattr(Long, "is_off", monkeyed)
    made = run(tmp_path, off, dropout=0.1)
    assert isinstance(made.network, WindowedNetwork)
    assert [s.loss for s in steps(plain, None)] == [s.loss for s in steps(made, None)]
    there = {name.removeprefix("inner."): value for name, value in made.network.state_dict().items()}
    assert_same(dict(plain.network.state_dict()), there)


@pytest.mark.parametrize("long", [long for long in EVERY if long["kind"] != "context"], ids=str)
def test_on_it_does_something(long: dict[str, Any], tmp_path: Path) -> None:
    target = "labels" if long.get("joining") == "noisy_or" else "label"
    plain, made = run(tmp_path, None, target=target), run(tmp_path, long)
    rows = [3, 6, 9]  # the long ones
    assert not torch.allclose(logits(plain, rows), logits(made, rows))
    assert torch.allclose(logits(plain, [2, 10]), logits(made, [2, 10]), atol=1e-6), "short texts are read as ever"


@pytest.mark.parametrize("long", SEVERAL)
def test_a_document_alone_is_a_document_among_others(long: dict[str, Any], tmp_path: Path) -> None:
    made = run(tmp_path, long, double=True)
    steps(made, None, end=2)  # so that what joins windows has left where it begins
    together = logits(made, [3, 2, 6, 9, 10])
    for place, row in enumerate([3, 2, 6, 9, 10]):
        torch.testing.assert_close(logits(made, [row])[0], together[place], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("long", SEVERAL)
def test_micro_batches_are_one_batch(long: dict[str, Any], tmp_path: Path) -> None:
    """The document is the unit of weight and of the loss's normalisation, however many windows it has."""
    order, weights = [[3, 2, 6, 9, 10, 1]], np.array([1, 1, 2, 0.5, 1, 1, 0, 1, 1, 3, 1])
    ends = []
    for size in (6, 2, 1):
        made = run(tmp_path, long, double=True, order=order, weights=weights, micro_batch_size=size)
        (step,) = steps(made, None)
        ends.append((float(step.loss.total / step.loss.weight), step.gradient_norm, float(step.loss.weight)))
    for one in ends[1:]:
        assert one == pytest.approx(ends[0], rel=1e-9)


@pytest.mark.parametrize("long", SEVERAL)
def test_a_row_of_weight_0_is_not_there(long: dict[str, Any], tmp_path: Path) -> None:
    losses = []
    for order, weights in (([[3, 2, 6]], np.array([1.0] * 6 + [0.0] + [1.0] * 4)), ([[3, 2]], None)):
        made = run(tmp_path, long, double=True, order=order, weights=weights)
        (step,) = steps(made, None)
        losses.append((float(step.loss.total), step.gradient_norm))
    assert losses[0] == pytest.approx(losses[1], rel=1e-9)


@pytest.mark.parametrize("long", SEVERAL)
def test_what_is_saved_answers_as_it_did(long: dict[str, Any], tmp_path: Path) -> None:
    from burnish.models.transformers import Transformers

    made = run(tmp_path, long)
    steps(made, None, end=2)
    made.network.save(tmp_path / "saved")
    read = Transformers(name=str(tmp_path / "saved")).load(tmp_path / "saved", fixed(made).input, fixed(made).target)
    before = logits(made, [3, 2, 9])
    read.eval()
    with torch.no_grad():
        inputs = made.accelerator.tensors(fixed(made).batch([3, 2, 9]).inputs)
        torch.testing.assert_close(read(**inputs), before, rtol=0, atol=1e-6)
    assert inputs[MEMBERSHIP].shape[0] == 3
