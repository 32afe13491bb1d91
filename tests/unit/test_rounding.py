"""Rounding to eight bits while a network learns: the scheme of the int8 exports, frozen late, norms folded, and taken off again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from burnish.compression.quantization import Quantization
from burnish.core.errors import InputError
from burnish.runtimes.onnx import opened
from burnish.training.loop import fit
from burnish.training.rounding.network import HELD, as_onnx, in_float, quantised, restored
from burnish.training.rounding.places import places_of
from burnish.training.rounding.scales import Range, rounded_weights, scale_of_weights, whole_weights
from tests import vision_cases
from tests.unit.test_distil import after, assembled

IMAGES: dict[str, Any] = {"averaging": None, "mixing": None, "augmentation": None}


def test_states_are_rounded_as_onnxruntime_does() -> None:
    """Scale and zero point of its quantiser, and its operators."""
    quant = pytest.importorskip("onnxruntime.quantization.quant_utils")
    for low, high in ((-1.5, 3.0), (0.2, 3.0), (-4.0, -1.0), (-0.01, 7.3)):
        one = Range()
        one.low.fill_(low)
        one.high.fill_(high)
        scale, zero = one.scale()
        point, theirs = quant.compute_scale_zp(
            np.array(low, np.float32), np.array(high, np.float32), np.array(0, np.uint8), np.array(255, np.uint8)
        )
        assert float(scale) == pytest.approx(float(theirs), rel=1e-6)
        assert int(zero) == int(point)


def test_weights_have_a_scale_for_each_output_and_pass_their_gradient() -> None:
    torch.manual_seed(0)
    weights = torch.randn(4, 6, requires_grad=True)
    rounded = rounded_weights(weights)
    whole, scale = whole_weights(weights)
    torch.testing.assert_close(rounded, whole * scale[:, None], rtol=0, atol=1e-6)
    assert whole.abs().amax(1).tolist() == [127] * 4
    torch.testing.assert_close(scale, scale_of_weights(weights, 0))
    rounded.sum().backward()
    assert weights.grad is not None
    assert torch.equal(weights.grad, torch.ones(4, 6))


def test_ranges_follow_what_is_seen_until_they_are_frozen() -> None:
    one = Range(momentum=0.5)
    states = torch.tensor([-1.0, 3.0])
    assert torch.equal(one.eval()(states), states), "nothing was seen"
    one.train()(states)
    assert (float(one.low), float(one.high)) == (-1.0, 3.0)
    one(2 * states)
    assert (float(one.low), float(one.high)) == (-1.5, 4.5)
    one.observing = False
    one(100 * states)
    one.eval()(100 * states)
    assert (float(one.low), float(one.high)) == (-1.5, 4.5)


def test_late_steps_leave_the_ranges_which_are_saved_with_the_weights(tmp_path: Path) -> None:
    made = assembled(tmp_path, "label", quantise={"frozen_from": 0.01}, max_steps=40)
    network = made.training.network
    held = {n for n in network.state_dict() if n.startswith(HELD)}
    assert held
    after(made, 1)
    first = {n: network.state_dict()[n].clone() for n in held}
    assert all(torch.isfinite(value).all() for value in first.values())
    for step in fit(made.training, start=1):
        if step.number == 3:
            break
    seen = network.state_dict()
    assert all(torch.equal(first[n], seen[n]) for n in held)


@pytest.mark.parametrize("name", ["timm_resnet"])
def test_norms_are_folded_and_taken_off_the_network_answers_in_float_as_before(name: str, tmp_path: Path) -> None:
    model = {"kind": "timm", "name": str(vision_cases.checkpoint(name))}
    made = assembled(tmp_path, "image", model=model, **IMAGES)
    network = made.training.network.eval()
    inputs = made.training.accelerator.tensors(made.batches.two_rows().inputs)
    with torch.no_grad():
        before = network(**inputs)
        places = places_of(network, inputs, embeddings=True)
        quantised(network, places)
        assert places.norms
        assert places.outputs
        network.eval()
        in_float(network)
        torch.testing.assert_close(network(**inputs), before, rtol=1e-4, atol=1e-4)
    assert not any(HELD in name for name, _ in network.named_modules())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["label", "image"])
def test_the_graph_answers_as_the_rounded_network(kind: str, tmp_path: Path) -> None:
    """In onnxruntime, on real rows: the same decisions, and no logit a step of its scale apart.

    So in burnish's session, and with unsigned weights in any.
    """
    pytest.importorskip("onnxscript")
    ort = pytest.importorskip("onnxruntime")
    from burnish.exporters.onnx import traced

    more = (
        {}
        if kind == "label"
        else {**IMAGES, "model": {"kind": "timm", "name": str(vision_cases.checkpoint("timm_resnet"))}}
    )
    made = assembled(tmp_path, kind, quantise={}, **more)
    after(made, 4)
    network, told = made.training.network, None
    from burnish.training.shrinking.quantise import Quantise

    told = Quantise().finished(network)
    Quantise().save_ranges(told, tmp_path)
    network.eval()
    ranges = restored(network, tmp_path)
    assert ranges is not None
    batch = made.batches.micro(0, 100)[0]
    names = [n for n in batch.inputs if n in ("input_ids", "attention_mask", "token_type_ids", "pixel_values")]
    tensors = [torch.from_numpy(batch.inputs[n]) for n in names]
    with torch.no_grad():
        rounded = network(**dict(zip(names, tensors, strict=True))).numpy()

    class Positional(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, *given: torch.Tensor) -> torch.Tensor:
            return self.network(**dict(zip(names, given, strict=True)))  # type: ignore[no-any-return]

    with as_onnx(ranges, network):
        free = tuple({0: "batch"} for _ in names)
        traced(Positional().eval(), tensors, names, ["logits"], {"given": free}, 23).save(str(tmp_path / "m.onnx"))
    for sign in ("signed", "unsigned"):
        (tmp_path / sign).mkdir()
        kept = Quantization(method="aware_int8", unsigned=sign == "unsigned")
        kept.compress(tmp_path / "m.onnx", tmp_path / sign / "m.onnx", [])
    elsewhere = ort.InferenceSession(str(tmp_path / "unsigned/m.onnx"), providers=["CPUExecutionProvider"])
    steps = [float(one.scale()[0]) for one in ranges.values()]
    for session in (opened(tmp_path / "signed/m.onnx", ["CPUExecutionProvider"], 1), elsewhere):
        found = session.run(None, {n: batch.inputs[n] for n in names})[0]
        assert np.abs(found - rounded).max() <= max(steps)
        assert (found.argmax(1) == rounded.argmax(1)).all()
    again = network(**dict(zip(names, tensors, strict=True))).detach().numpy()
    np.testing.assert_array_equal(again, rounded)


def test_what_cannot_get_used_to_rounding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="could not get used to rounding"):
        assembled(tmp_path, "label", quantise={}, adapter={"kind": "lora", "rank": 2})
