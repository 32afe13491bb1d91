"""Encoded rows, loaders and objectives of the toy sequence targets: what tests of packing, objectives and truth shown share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from burnish.bundle.processors import processor_of
from burnish.core.batch import Batch, Truth
from burnish.core.component import build
from burnish.core.processor import Processor
from burnish.data.feeding.encode import EncodedRows, encode_part
from burnish.data.feeding.loader import Loader
from burnish.data.table import Part
from burnish.losses import Loss
from tests import toy_sequences as toy
from tests.data_cases import table
from tests.toy_network import Reverser

WAYS = {"Shown": toy.Shown, "Reply": toy.Reply, "Frames": toy.Frames}


@dataclass(frozen=True)
class Sequences:
    """Some rows of a toy target, ready for a network.

    Attributes:
        encoded: of all of them.
        network: untrained, in float64.
    """

    target: toy.Reversed
    processor: Processor
    encoded: EncodedRows
    loader: Loader
    network: Reverser
    loss: Loss


def sequences(folder: Path, way: str, rows: list[dict[str, Any]] | None = None) -> Sequences:
    """Nine rows, or those that are given."""
    rows = toy.rows(9) if rows is None else rows
    source = toy.checkpoint(folder / way, toy.LETTERS + toy.CAPITALS if way == "Reply" else toy.LETTERS)
    target = cast(toy.Reversed, WAYS[way](column="answer").learned(row["answer"] for row in rows))
    processor = processor_of(toy.Spelling(), target, source)
    reads = toy.Spelling(mark=way == "Reply")
    part = Part(table(rows), np.arange(len(rows)))
    encoded = encode_part(part, reads, target, processor, cache=folder / "cache")
    loader = Loader(encoded, reads, target, processor)
    network = toy.Reversing(name=str(source)).build(reads, target, seed=0)
    loss = cast(Loss, build("burnish.losses", target.default_loss, trust_code=True))
    return Sequences(target, processor, encoded, loader, network.double(), loss)


def untrained(folder: Path, way: str, seed: int = 4) -> Sequences:
    """24 rows and a network of float32 that is drawn from a seed, so wide that it writes all kinds of things."""
    made = sequences(folder, way, toy.rows(24))
    network = made.network.float().eval()
    torch.nn.init.normal_(network.last.weight, std=1.0, generator=torch.Generator().manual_seed(seed))
    return made


def tensors(batch: Batch) -> tuple[dict[str, torch.Tensor], Truth[torch.Tensor]]:
    """Inputs and truth as an objective takes them."""
    truth = Truth(*map(torch.from_numpy, (batch.targets, batch.weights, batch.owner, batch.lines)))
    return {name: torch.from_numpy(value) for name, value in batch.inputs.items()}, truth
