"""An alarm for networks of CTC that write nothing: they give the blank at every frame and may never leave that."""

from __future__ import annotations

import numpy as np
import torch

from burnish.core.network import Network
from burnish.data.feeding.batches import TrainingBatches
from burnish.decoders import Framewise
from burnish.recipe.recipe import Settled
from burnish.targets import Generative
from burnish.training.accelerator import Accelerator

STEP = 100
"""By which a network has usually begun to write."""
SEEN = 8
NEARLY_ALL = 0.995


def blanks_only(
    recipe: Settled, network: Network, batches: TrainingBatches, accelerator: Accelerator, step: int
) -> str | None:
    """What is to be said where a network writes nothing at step 100, or half-way through a shorter run; else None."""
    if not isinstance(recipe.decoder, Framewise) or step != min(STEP, max(1, batches.total_steps // 2)):
        return None
    assert isinstance(recipe.target, Generative)
    loader = batches.features or batches.loader
    positions = batches.order.usable[:: max(1, len(batches.order.usable) // SEEN)][:SEEN]
    encoded = loader.encoded(positions)
    training = network.training
    network.eval()
    with torch.no_grad():
        logits = network(**accelerator.tensors(loader.collate(encoded)[0])).argmax(-1).cpu().numpy()
    network.train(training)
    processor = batches.loader.processor
    blank = recipe.target.ends(processor).blank
    lengths = [recipe.target.frames(row, logits.shape[1], processor) for row in encoded]
    frames = np.concatenate([row[:length] for row, length in zip(logits, lengths, strict=True)])
    share = float((frames == blank).mean()) if len(frames) else 0.0
    if share < NEARLY_ALL:
        return None
    letters = float(np.mean([len(loader.rows.target(int(p))[0]) for p in positions]))
    return (
        f"at step {step} the network writes nothing: {share:.1%} of {len(frames):,} frames are blanks, where about "
        f"{letters * len(positions) / max(1, len(frames)):.0%} should be characters. If the loss stays where it is: train "
        "longer, lengthen warm-up, lower learning_rate, or begin with adapter: head_only"
    )
