"""Body and head apart, in every library: together they are the network, in training as well."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from burnish.adapters import hold_still
from burnish.adapters.head_only import HeadOnly
from burnish.core.component import build
from burnish.core.network import Inseparable, Network
from burnish.inputs.image import Image
from burnish.models._folding import folded
from burnish.models._vision.split import head_split
from tests import audio_cases, network_cases, vision_cases
from tests.network_cases import LABEL, batch

TEXTS = ("bert", "gpt2", "llama", "qwen2", "roberta", "distilbert", "deberta_v2", "modernbert", "electra")
EVERY = [*TEXTS, *vision_cases.KINDS, *audio_cases.ARCHITECTURES]
FULL = {
    "timm": (
        "resnet18",
        "vgg11_bn",
        "convnext_atto",
        "vit_tiny_patch16_224",
        "mobilenetv3_small_050",
        "efficientnet_b0",
    ),
    "torchvision": ("resnet50", "vgg16", "mobilenet_v2", "efficientnet_b0", "convnext_tiny", "swin_t"),
}


def of(architecture: str) -> Network:
    if architecture in audio_cases.ARCHITECTURES:
        return audio_cases.network(architecture)
    return network_cases.network(architecture) if architecture in TEXTS else vision_cases.network(architecture)


def rows(architecture: str, built: Network) -> dict[str, torch.Tensor]:
    """Three rows; sounds of uneven length."""
    return audio_cases.batch(architecture) if architecture in audio_cases.ARCHITECTURES else batch(built)


@pytest.mark.parametrize("architecture", EVERY)
def test_head_over_features_is_the_network(architecture: str) -> None:
    """In eval mode, on other rows than those from which it was found; quickened features are the same."""
    built = of(architecture)
    named = rows(architecture, built)
    split = built.head_split(**named)
    other = {n: v[[2, 0]] for n, v in named.items()}
    with torch.no_grad():
        whole, features = built(**other), split.features(**other)
        assert len(features) == len(whole)
        assert features[0].numel() <= 4096  # one state of a row, not all of them
        torch.testing.assert_close(split.logits(features), whole, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(split.quickened()(**other), features, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("architecture", EVERY)
def test_the_head_learns_the_same(architecture: str) -> None:
    """Gradients in train mode, with the same random stream, are those of the whole network with a frozen body."""
    built = of(architecture)
    HeadOnly().prepare(built)
    named = rows(architecture, built)
    split = built.head_split(**named)
    features = split.features(**named).detach()
    built.train()
    hold_still(built)
    for module in built.modules():  # of the body: what is frozen is computed in eval mode
        if isinstance(module, nn.Dropout) and architecture in TEXTS:
            module.p = 0.0
    learning = {n: p for n, p in built.named_parameters() if p.requires_grad}
    found = []
    for answer in (lambda: built(**named), lambda: split.logits(features)):
        torch.manual_seed(3)
        loss = nn.functional.cross_entropy(answer(), torch.tensor([0, 1, 2]))
        found.append(torch.autograd.grad(loss, list(learning.values())))
    for name, a, b in zip(learning, *found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-10, msg=name)


def test_dropout_before_the_last_layer_stays_on() -> None:
    built = vision_cases.network("torchvision_mobilenet", dropout=0.5)
    split = built.head_split(**batch(built))
    features = torch.ones(4, split.features(**batch(built)).shape[1], dtype=torch.float64)
    built.train()
    assert not torch.equal(split.logits(features), split.logits(features))
    built.eval()
    assert torch.equal(split.logits(features), split.logits(features))


LARGE = [pytest.mark.slow]
QUICK = ("resnet50", "vit_tiny_patch16_224")
PUBLISHED = [
    pytest.param(library, name, marks=LARGE if name.startswith("vgg") else [] if name in QUICK else pytest.mark.slow)
    for library, names in FULL.items()
    for name in names
]


@pytest.mark.parametrize(("library", "name"), PUBLISHED)
def test_architectures_as_they_are_published(library: str, name: str) -> None:
    """Random weights, pictures of 64: the parts are the whole, and looking for the dropout changes nothing."""
    input_ = Image(size=64, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    model: Any = build("burnish.models", {"kind": library, "name": name, "random_weights": True})
    built = model.build(input_, LABEL, seed=0).eval()
    pixels = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    before = {n: v.clone() for n, v in built.state_dict().items()}
    split = built.head_split(pixel_values=pixels)
    assert all(torch.equal(v, before[n]) for n, v in built.state_dict().items())
    assert not any(module.training for module in built.modules())
    with torch.no_grad():
        whole = built(pixel_values=pixels)
        torch.testing.assert_close(split.logits(split.features(pixel_values=pixels)), whole, rtol=1e-5, atol=1e-5)
        quick = split.quickened()(pixel_values=pixels)
        torch.testing.assert_close(quick, split.features(pixel_values=pixels), rtol=1e-3, atol=1e-4)


def test_what_cannot_be_separated_says_why() -> None:
    tags = network_cases.network("bert", network_cases.TAGS)
    with pytest.raises(Inseparable, match="each element"):
        tags.head_split(**batch(tags))
    with pytest.raises(Inseparable, match="2 layers"):
        head_split(nn.Linear(2, 2), ["a", "b"], lambda module, named: module(named["x"]), {"x": torch.ones(1, 2)})
    two = nn.Sequential(nn.Conv2d(3, 5, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(Inseparable, match="on \\[3, 4, 4\\] of a row"):
        head_split(two, ["0"], lambda module, named: module(named["x"]), {"x": torch.ones(1, 3, 4, 4)})


def test_folding_leaves_norms_that_others_read_alone() -> None:
    """A convolution called twice is not folded; one read by its norm alone is."""

    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.shared, self.own = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
            self.first, self.second, self.third = nn.BatchNorm2d(3), nn.BatchNorm2d(3), nn.BatchNorm2d(3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            out: torch.Tensor = self.third(self.own(self.second(self.shared(self.first(self.shared(x))))))
            return out

    model = Twice().train()
    for _ in range(3):
        model(torch.randn(4, 3, 5, 5) * 3 + 1)
    x = torch.randn(2, 3, 5, 5)
    model.eval()
    made = folded(model, lambda module: module(x))
    torch.testing.assert_close(made(x), model(x))
    assert isinstance(made.third, nn.Identity)
    assert isinstance(made.second, nn.BatchNorm2d)
    assert isinstance(model.third, nn.BatchNorm2d)
