"""What a run finds by trying before its first step: its precision, and whether packed examples stay apart."""

from __future__ import annotations

from dataclasses import replace

from burnish.core.network import Network
from burnish.core.windows import WINDOWS
from burnish.data.feeding.batches import TrainingBatches
from burnish.stages.train.precision import decided
from burnish.targets import OverVocabulary, Target
from burnish.training.accelerator import Accelerator
from burnish.training.packed_alone import require_alone

MOST = {"float32": 512, "bfloat16": 1024}
"""Tokens of a micro-batch on a CPU. Blocks of a language model remember more than a megabyte for each until the backward pass.
More at once do not go faster in float32; in bfloat16 fewer go slower (`benchmarks/README.md`)."""
OF_WINDOWS = 8192
"""Tokens of a micro-batch of documents on a CPU, unless one has more: as many as 32 examples of 256 tokens have."""


def tried(
    network: Network, batches: TrainingBatches, target: Target, accelerator: Accelerator
) -> tuple[TrainingBatches, list[str]]:
    """The batches in micro-batches that suit the precision, which is decided here, and what is to be said.

    Raises:
        InputError: packed examples see each other.
    """
    notes = decided(network, batches, accelerator)
    if accelerator.device.type == "cpu" and WINDOWS in batches.loader.rows.names:
        batches = replace(batches, most=OF_WINDOWS)
    if accelerator.device.type == "cpu" and isinstance(target, OverVocabulary):
        batches = replace(batches, most=MOST[accelerator.precision])
    return batches, notes + require_alone(network, batches, accelerator)
