"""Networks over tiny checkpoints, as the suites of models, adapters and parameter groups need them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from burnish.core.network import Network
from burnish.inputs.text import Text
from burnish.inputs.tokens import Tokens
from burnish.models.transformers import Transformers
from burnish.targets import Target
from burnish.targets.label import Label
from burnish.targets.tags import Tags
from tests.checkpoints import tiny_checkpoint

INPUT = Text()
LABEL = Label(labels=["angry", "glad", "sad"])
WORDS = Tokens()
TAGS = Tags(labels=["O", "B-city", "I-city"])

_folders: list[TemporaryDirectory[str]] = []


@cache
def checkpoint(architecture: str, layers: int = 2) -> Path:
    """A tiny checkpoint that all tests of a process read and none changes."""
    _folders.append(TemporaryDirectory())
    return tiny_checkpoint(Path(_folders[-1].name), architecture, layers=layers)


def network(architecture: str, target: Target = LABEL, *, seed: int = 1, layers: int = 2, **settings: Any) -> Network:
    """A fresh network in eval mode, in float64 so that comparisons are sharp."""
    model = Transformers(name=str(checkpoint(architecture, layers)), **settings)
    built = model.build(INPUT if target.shape == "row" else WORDS, target, seed=seed)
    return built.eval().double()


def batch(built: Network, padding: int = 0) -> dict[str, torch.Tensor]:
    """Three rows of 9, 5 and 1 tokens, all of them real words, and `padding` columns more than needed; or three pictures."""
    if not hasattr(built.backbone(), "config") or not hasattr(built.backbone().config, "vocab_size"):
        return {"pixel_values": torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))}
    lengths = (9, 5, 1)
    config: Any = built.backbone().config
    ids = torch.full((3, max(lengths) + padding), int(config.pad_token_id))
    mask = torch.zeros_like(ids)
    stream = torch.Generator().manual_seed(0)
    for row, length in enumerate(lengths):
        ids[row, :length] = torch.randint(10, int(config.vocab_size), (length,), generator=stream)
        mask[row, :length] = 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": torch.zeros_like(ids)}


def train_some(built: Network, steps: int = 3, rate: float = 0.05) -> None:
    """A few steps of plain descent on everything that requires a gradient."""
    learning = [p for p in built.parameters() if p.requires_grad]
    for _ in range(steps):
        loss = torch.nn.functional.cross_entropy(built(**batch(built)), torch.tensor([0, 1, 2]))
        for parameter, gradient in zip(learning, torch.autograd.grad(loss, learning, allow_unused=True), strict=True):
            if gradient is not None:
                parameter.data -= rate * gradient
