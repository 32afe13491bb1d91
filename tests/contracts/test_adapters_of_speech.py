"""What every adapter must do over networks that hear: an encoder with a decoder, and one with a head for each frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from burnish.adapters import Adapter
from burnish.core.batch import Truth
from burnish.core.component import build, kinds
from burnish.core.errors import InputError
from burnish.models.transformers import Transformers
from burnish.targets import Target
from burnish.training.objective import SupervisedModule
from tests.recogniser_cases import Heard, heard, tensors

AXIS = "burnish.adapters"
SMALL: dict[str, dict[str, Any]] = {"last_layers": {"layers": 1}, "lora": {"rank": 4}}
WITHOUT = {"head_only": "whisper_natural", "gradual_unfreezing": "whisper_natural", "decoder_only": "ctc"}
"""Which of these networks have nothing for an adapter: the head of a writer is its embeddings; a body has no decoder."""
PAIRS = [(kind, name) for kind in kinds(AXIS) for name in ("whisper_natural", "ctc") if WITHOUT.get(kind) != name]
over_pairs = pytest.mark.parametrize(("kind", "name"), PAIRS)


@pytest.fixture(name="made")
def _made(tmp_path: Path) -> Callable[[str], Heard]:
    return lambda name: heard(name, tmp_path, double=False)


def adapted(case: Heard, kind: str) -> Adapter:
    adapter = cast(Adapter, build(AXIS, {"kind": kind, **SMALL.get(kind, {})}))
    adapter.prepare(case.network)
    return adapter


def answer(case: Heard) -> torch.Tensor:
    with torch.no_grad():
        return cast(torch.Tensor, case.network(**tensors(case.batch([0, 1, 2]), double=False)))


def train(case: Heard) -> None:
    """Three steps of plain descent on all that learns."""
    batch, learning = case.batch([0, 1, 2]), [p for p in case.network.parameters() if p.requires_grad]
    truth = Truth(*map(torch.from_numpy, (batch.targets, batch.weights, batch.owner, batch.lines)))
    for _ in range(3):
        total, weight = SupervisedModule(case.network, case.loss)(tensors(batch, double=False), truth)
        gradients = torch.autograd.grad(total / weight, learning, allow_unused=True)
        for parameter, gradient in zip(learning, gradients, strict=True):
            if gradient is not None:
                parameter.data -= 0.05 * gradient


@over_pairs
def test_answers_are_unchanged_before_the_first_step(kind: str, name: str, made: Callable[[str], Heard]) -> None:
    case = made(name)
    before = answer(case)
    adapted(case, kind)
    case.network.eval()
    assert torch.equal(answer(case), before)


@over_pairs
def test_only_what_is_marked_moves_and_it_is_saved(
    kind: str, name: str, made: Callable[[str], Heard], tmp_path: Path
) -> None:
    """The encoder stays bit for bit where it is frozen; what is read back answers as the network in memory."""
    case = made(name)
    adapter = adapted(case, kind)
    adapter.at(case.network, 1.0)
    before = {parameter: value.clone() for parameter, value in case.network.named_parameters()}
    marked = {parameter for parameter, value in case.network.named_parameters() if value.requires_grad}
    start = answer(case)
    train(case)
    moved = {n for n, value in case.network.named_parameters() if not torch.equal(value, before[n])}
    assert moved
    assert moved <= marked
    if kind == "decoder_only":
        assert not [n for n in moved if "decoder.layers." not in n and "decoder.layer_norm" not in n]
    logits = answer(case)
    assert float((logits - start).abs().max()) > 1e-3
    folder = tmp_path / "model"
    case.network.save(folder)
    loaded = Transformers().load(folder, case.input, cast(Target, case.target)).eval()
    with torch.no_grad():
        again = loaded(**tensors(case.batch([0, 1, 2]), double=False))
    torch.testing.assert_close(again, logits, rtol=1e-5, atol=5e-5)


def test_what_has_nothing_for_an_adapter_is_said(made: Callable[[str], Heard]) -> None:
    with pytest.raises(InputError, match="no encoder with a decoder"):
        adapted(made("ctc"), "decoder_only")
    with pytest.raises(InputError, match="nothing that head_only trains"):
        adapted(made("whisper_natural"), "head_only")
