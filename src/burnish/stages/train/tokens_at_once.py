"""How many tokens of a language model go through a CPU at once."""

from __future__ import annotations

from dataclasses import replace

from burnish.data.feeding.batches import TrainingBatches
from burnish.targets import OverVocabulary, Target
from burnish.training.accelerator import Accelerator

MOST = {"float32": 512, "bfloat16": 1024}
"""Blocks of a language model remember more than a megabyte for each token until the backward pass. On a CPU more tokens at once
do not go faster in float32; in bfloat16 fewer go slower (`benchmarks/README.md`)."""


def bounded(batches: TrainingBatches, target: Target, accelerator: Accelerator) -> TrainingBatches:
    """The same batches in micro-batches that need no more memory than is of use; the gradient is the same."""
    if accelerator.device.type != "cpu" or not isinstance(target, OverVocabulary):
        return batches
    return replace(batches, most=MOST[accelerator.precision])
