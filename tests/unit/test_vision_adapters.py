"""Adapters over networks for images: what learns moves, what is frozen stays, running statistics of batch norms included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from burnish.adapters import Adapter, hold_still
from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.network import Network
from burnish.training import checkpoint
from tests.network_cases import LABEL, batch
from tests.slow_cases import slow_but
from tests.vision_cases import INPUT, KINDS, model, network, plain

ADAPTERS: dict[str, dict[str, Any]] = {
    "full": {},
    "head_only": {},
    "last_layers": {"layers": 1},
    "gradual_unfreezing": {"every": 0.2},
}
PAIRS = [(kind, architecture) for architecture in KINDS for kind in ADAPTERS]
PAIRS += [("lora", "timm_vit"), ("lora", "transformers_vit")]
QUICK = [pair for pair in PAIRS if pair[1] == "timm_resnet" or pair[0] == "lora"]
over_pairs = pytest.mark.parametrize(("kind", "architecture"), slow_but(PAIRS, *QUICK))


def adapter_of(kind: str) -> Adapter:
    made = build("burnish.adapters", {"kind": kind, **({"rank": 4} if kind == "lora" else ADAPTERS[kind])})
    assert isinstance(made, Adapter)
    return made


def train_some(built: Network) -> None:
    """As the loop does: train mode, frozen batch norms held still."""
    built.train()
    hold_still(built)
    learning = [p for p in built.parameters() if p.requires_grad]
    torch.manual_seed(0)  # dropout
    for _ in range(3):
        loss = nn.functional.cross_entropy(built(**batch(built)), torch.tensor([0, 1, 2]))
        for parameter, gradient in zip(learning, torch.autograd.grad(loss, learning, allow_unused=True), strict=True):
            if gradient is not None:
                parameter.data -= 0.01 * gradient  # more is chaos for batch norms over three rows
    built.eval()


@over_pairs
def test_trained_saved_and_loaded_is_the_same(kind: str, architecture: str, tmp_path: Path) -> None:
    built = network(architecture).float()
    adapter = adapter_of(kind)
    adapter.prepare(built)
    adapter.at(built, 0.0)
    start = built(**batch(built)).detach()
    train_some(built)
    adapter.finish(built)
    logits = built(**batch(built)).detach()
    assert float((logits - start).abs().max()) > 1e-4
    built.save(tmp_path)
    assert torch.equal(built(**batch(built)), logits)
    loaded = model(architecture).load(tmp_path, INPUT, LABEL).eval()
    exact = 1e-4 if kind == "lora" else 0.0
    torch.testing.assert_close(loaded(**batch(built)), logits, rtol=exact, atol=exact)
    pixels = batch(built)["pixel_values"]
    # The plain library adds up in another order: its channels are not last in memory.
    torch.testing.assert_close(plain(architecture, tmp_path)(pixels), logits, rtol=1e-3, atol=1e-4)
    assert (tmp_path / "adapter" / "adapter_model.safetensors").is_file() is (kind == "lora")


@over_pairs
def test_what_is_frozen_does_not_drift(kind: str, architecture: str) -> None:
    """Parameters, and the mean, variance and counter of every batch norm below what learns."""
    built = network(architecture)
    adapter = adapter_of(kind)
    adapter.prepare(built)
    adapter.at(built, 0.0)
    before = {name: value.clone() for name, value in built.state_dict().items()}
    frozen = {name for name, p in built.named_parameters() if not p.requires_grad}
    for path, module in built.named_modules():
        if isinstance(module, nn.BatchNorm2d) and f"{path}.weight" in frozen:
            frozen |= {f"{path}.{name}" for name, _ in module.named_buffers()}
    train_some(built)
    moved = {name for name, value in built.state_dict().items() if not torch.equal(value, before[name])}
    assert not moved & frozen
    assert any(built.depth(name) == built.layers + 1 for name, _ in built.named_parameters() if name in moved)
    if kind == "full" and any(isinstance(m, nn.BatchNorm2d) for m in built.modules()):
        assert any(name.endswith("running_mean") for name in moved)


def test_low_rank_updates_want_linear_layers() -> None:
    with pytest.raises(InputError, match="no linear layer of the body"):
        adapter_of("lora").prepare(network("timm_resnet"))


def test_a_layout_that_would_crash_is_not_used() -> None:
    """torch's gradient of a strided 1 x 1 convolution of 8 channels, kept last, ends the process on some CPUs."""
    built = network("timm_resnet").float()
    assert built.channels_last is False
    assert any("channels are not kept last" in note for note in built.notes)
    logits = built(pixel_values=torch.randn(2, 3, 224, 224))
    logits.sum().backward()
    assert network("timm_mobilenet").channels_last is True


def test_a_resumed_optimizer_lies_in_memory_as_its_weights(tmp_path: Path) -> None:
    """Fused optimizers walk through memory: moments read from a file must not meet other elements than before."""
    built = network("torchvision_mobilenet").float()
    assert any(not p.is_contiguous() for p in built.parameters())

    def steps(optimizer: torch.optim.Optimizer, count: int) -> None:
        for _ in range(count):
            optimizer.zero_grad()
            built(**batch(built)).square().sum().backward()
            optimizer.step()

    first = torch.optim.AdamW(built.parameters(), lr=1e-3, fused=True)
    steps(first, 2)
    saved = checkpoint.save(tmp_path, 2, built, first, {})
    steps(first, 2)
    through = {name: value.clone() for name, value in built.state_dict().items()}
    second = torch.optim.AdamW(built.parameters(), lr=1e-3, fused=True)
    checkpoint.restore(saved, built, second)
    steps(second, 2)
    assert all(torch.equal(value, through[name]) for name, value in built.state_dict().items())
