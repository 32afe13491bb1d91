"""Columns and heads go in steps; what is taken out at the end answers as the network in which it is zero."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.network import Network
from burnish.models import Model
from burnish.models.transformers.students import opened
from burnish.training.loop import fit
from burnish.training.pruning import Steps
from burnish.training.pruning.columns import columns_of, heads_of, take_out, wanted
from burnish.training.shrinking.prune import Prune
from tests import vision_cases
from tests.checkpoints import chat_checkpoint, tiny_checkpoint
from tests.integration import survival_data
from tests.network_cases import LABEL
from tests.unit.test_distil import assembled


def zeros(network: Network) -> list[int]:
    """Columns of each block that are zero."""
    return [int((columns_of(block).strengths == 0).sum()) for stack in network.stacks() for block in stack]


def test_columns_go_in_steps_and_what_is_zero_is_taken_out(tmp_path: Path) -> None:
    """The same logits to 1e-5, a multiple of 8 left, and plain transformers reads the result."""
    made = assembled(tmp_path, "label", prune={"feed_forward": 0.5, "steps": 2, "until": 0.5}, max_steps=8)
    network, gone = made.training.network, []
    have = len(columns_of(network.stacks()[0][0]).strengths)
    for _ in fit(made.training):
        gone.append(zeros(network)[0])
    assert gone[0] == 0
    assert gone == sorted(gone)
    assert gone[3:] == [have // 2] * 5
    assert len(set(gone)) == 3
    inputs = made.training.accelerator.tensors(made.batches.two_rows().inputs)
    network.eval()
    with torch.no_grad():
        before = network(**inputs)
        assert "parameters are left" in Prune(feed_forward=0.5).taken_out(network)
        torch.testing.assert_close(network(**inputs), before, rtol=0, atol=1e-5)
    network.save(tmp_path / "small")
    again = opened(tmp_path / "small")
    assert again.config.intermediate_size == have // 2
    with torch.no_grad():
        torch.testing.assert_close(again(**inputs).logits, before, rtol=0, atol=1e-5)


def test_heads_that_share_keys_go_together(tmp_path: Path) -> None:
    """Of a language model whose configuration says how wide a head is."""
    from transformers import LlamaConfig, LlamaForCausalLM

    chat_checkpoint(tmp_path / "llama", "llama", texts=[" ".join(survival_data.WORDS)], layers=2)
    wide = LlamaConfig.from_pretrained(tmp_path / "llama", num_attention_heads=4, num_key_value_heads=2, head_dim=8)
    LlamaForCausalLM(wide).save_pretrained(tmp_path / "llama")
    settings: dict[str, Any] = {
        "model": {"name": str(tmp_path / "llama")},
        "adapter": "full",
        "averaging": None,
        "prune": {"feed_forward": 0.0, "heads": 0.5, "steps": 1},
        "max_steps": 4,
    }
    made = assembled(tmp_path, "chat", **settings)
    network = made.training.network
    list(fit(made.training))
    config: Any = network.backbone().config
    strengths = heads_of(network.stacks()[0][0], config.num_attention_heads).strengths
    assert (strengths == 0).tolist().count(True) == 1
    assert len(strengths) == 2
    inputs = made.training.accelerator.tensors(made.batches.two_rows().inputs)
    network.eval()
    with torch.no_grad():
        before = network(**inputs)
        heads = config.num_attention_heads
        take_out(network, wanted(network, 0.0, 0.5))
        assert config.num_attention_heads == heads // 2 == 2
        torch.testing.assert_close(network(**inputs), before, rtol=0, atol=1e-5)


def test_blocks_are_passed_by_in_steps_the_last_first_and_taken_out(tmp_path: Path) -> None:
    """A network whose blocks were passed by answers as the one without them, and plain transformers reads it."""
    tiny_checkpoint(tmp_path / "checkpoint-0.0", texts=[" ".join(survival_data.WORDS)], dropout=0.0, layers=4)
    made = assembled(tmp_path, "label", prune={"layers": 0.5, "steps": 2, "until": 0.5}, max_steps=8)
    network = made.training.network
    (stack,) = network.stacks()
    going = [stack[2], stack[1]]
    parameters = [next(block.parameters()).detach().clone() for block in going]
    seen = []
    for _ in fit(made.training):
        seen.append([not torch.equal(next(b.parameters()), then) for b, then in zip(going, parameters, strict=True)])
        parameters = [next(block.parameters()).detach().clone() for block in going]
    assert seen[0] == [True, True]
    assert len(stack) == 4
    inputs = made.training.accelerator.tensors(made.batches.two_rows().inputs)
    network.eval()
    with torch.no_grad():
        before = network(**inputs)
        first, last = stack[0], stack[3]
        assert "parameters are left" in Prune(layers=0.5).taken_out(network)
        assert list(stack) == [first, last]
        torch.testing.assert_close(network(**inputs), before, rtol=0, atol=1e-5)
    network.save(tmp_path / "small")
    again = opened(tmp_path / "small")
    assert again.config.num_hidden_layers == 2
    with torch.no_grad():
        torch.testing.assert_close(again(**inputs).logits, before, rtol=0, atol=1e-5)


def test_how_much_goes_by_when() -> None:
    two = Steps(2, 0.5)
    assert [two.share(step, 8) for step in range(8)] == [0.0, 0.5, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0]


def bottlenecks(folder: Path) -> Model:
    """A tiny ResNet of timm with bottlenecks."""
    folder.mkdir()
    vision_cases._timm(folder, "resnet50", {"layers": [1, 1, 1, 1], "channels": [16, 16, 32, 32]})
    made = build("burnish.models", {"kind": "timm", "name": str(folder)})
    assert isinstance(made, Model)
    return made


@pytest.mark.parametrize("library", ["torchvision", "timm"])
def test_channels_that_are_zero_are_taken_out_and_the_plain_library_reads_what_is_left(
    library: str, tmp_path: Path
) -> None:
    """The same logits to 1e-5: as they were zero, as burnish and as the library read it."""
    model = vision_cases.model("torchvision_mobilenet") if library == "torchvision" else bottlenecks(tmp_path / "wide")
    network = model.build(vision_cases.INPUT, LABEL, seed=1).eval()
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.5, 0.5)
            torch.nn.init.uniform_(module.running_mean, -0.1, 0.1)
    pixels = torch.randn(3, 3, 32, 32)
    part = Prune(channels=0.5, steps=2, until=0.5).part(network, None)
    assert part is not None
    size = sum(p.numel() for p in network.parameters())
    with torch.no_grad():
        whole = network(pixel_values=pixels)
        part.comes_to(0, 8)
        part.on_weights()
        assert torch.equal(network(pixel_values=pixels), whole), "nothing goes in the first step"
        part.comes_to(7, 8)
        part.on_weights()
        before = network(pixel_values=pixels)
        assert not torch.allclose(before, whole, atol=1e-3)
        Prune(channels=0.5).taken_out(network)
        assert sum(p.numel() for p in network.parameters()) < 0.8 * size
        torch.testing.assert_close(network(pixel_values=pixels), before, rtol=0, atol=1e-5)
    inner = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d) and m.groups > 1]
    assert all(m.out_channels % 8 == 0 for m in inner)
    (tmp_path / "small").mkdir()
    network.save(tmp_path / "small")
    loaded = model.load(tmp_path / "small", vision_cases.INPUT, LABEL).eval()
    if library == "timm":
        plain = vision_cases.plain("timm_resnet", tmp_path / "small")
    else:
        import torchvision

        told = json.loads((tmp_path / "small" / "config.json").read_text())
        plain = torchvision.models.mobilenet_v2(num_classes=told["num_classes"], **told["model_args"])
        plain.load_state_dict(load_file(tmp_path / "small" / "model.safetensors"))
    with torch.no_grad():
        torch.testing.assert_close(loaded(pixel_values=pixels), before, rtol=0, atol=1e-5)
        torch.testing.assert_close(plain.eval()(pixels), before, rtol=0, atol=1e-5)


def test_channels_that_no_argument_can_say_are_refused(tmp_path: Path) -> None:
    network = vision_cases.model("timm_resnet").build(vision_cases.INPUT, LABEL, seed=1)
    with pytest.raises(InputError, match="timm cannot be told of ResNet how many channels"):
        Prune(channels=0.5).part(network, None)
    images: dict[str, Any] = {"averaging": None, "mixing": None, "augmentation": None}
    model = {"kind": "timm", "name": str(vision_cases.checkpoint("timm_resnet"))}
    with pytest.raises(InputError, match="only channels are pruned"):
        assembled(tmp_path, "image", prune={}, model=model, **images)
    with pytest.raises(InputError, match="have no channels"):
        assembled(tmp_path, "label", prune={"channels": 0.5})


def test_weights_from_before_all_has_gone_are_never_the_best() -> None:
    prune = build("burnish.training.shrinking", {"kind": "prune", "until": 0.5})
    assert isinstance(prune, Prune)
    assert not prune.complete(0.49)
    assert prune.complete(0.5)


def test_what_cannot_be_taken_apart_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no head_dim"):
        assembled(tmp_path, "label", prune={"heads": 0.5})
    with pytest.raises(InputError, match="would have to do without"):
        assembled(tmp_path, "label", prune={}, adapter="head_only")
