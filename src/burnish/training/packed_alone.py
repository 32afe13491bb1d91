"""Whether a network answers examples that share a line as if each were alone: tried on a run's own rows before it begins.

Most architectures keep packed examples apart only under conditions, and none says so when they are not met: keys and values
that are remembered (`use_cache`), a mask of ones, or positions that are not counted anew let each example see those before
it; state-space models (Mamba) and positions of a network's own never look.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from burnish.core.errors import InputError
from burnish.core.network import Inseparable, Network, modes_kept
from burnish.data.feeding.batches import TrainingBatches
from burnish.data.feeding.packing import lines_of, packed_batch
from burnish.training.accelerator import Accelerator

ALLOWED, ALLOWED_IN_HALF = 1e-3, 5e-2
"""Largest difference of two logits, as a share of the largest logit, with weights in float32 and in half precision. Rounding
is a hundredth of it; an example that sees another differs by a tenth and more."""
STEPS = 16  # steps in which a line of several rows is looked for
LINES, PLACES = 2, 16  # lines that are tried, and places of each of their rows


def require_alone(network: Network, batches: TrainingBatches, accelerator: Accelerator) -> list[str]:
    """Check that a run's packed examples do not see each other, in eval mode and without mixed precision.

    Args:
        network: on its device; it is left as it was.
        batches: of the run.
        accelerator: of this process.

    Returns:
        What was found, in words; nothing where no example shares a line.

    Raises:
        InputError: logits of a row that shares a line are not those of the row alone.
    """
    if not batches.order.sampler.packs():
        return []
    tried = shared_lines(batches)
    with _answering(network):
        differences = [_difference(network, batches, line, accelerator) for line in tried]
    if not differences:
        return [f"packing: no example shares a line in the first {min(STEPS, batches.total_steps)} steps"]
    half = next(network.parameters()).dtype in (torch.bfloat16, torch.float16)
    allowed = ALLOWED_IN_HALF if half else ALLOWED
    worst = max(differences)
    if not worst <= allowed:
        raise InputError(
            f"examples that share a line see each other in {type(network.backbone()).__name__}: logits of a packed example "
            f"differ from those of the same example alone by {worst:.2g} of the largest; {allowed:g} is rounding",
            expected="an architecture that keeps examples apart where `position_ids` begin anew, such as Llama, Qwen2 or "
            "Gemma (state-space models such as Mamba, and networks with positions of their own, do not)",
            fix="write sampler: length_bucketed; it pads little, and no example shares a line",
            place="sampler",
        )
    return [
        f"packing: {sum(map(len, tried))} examples in {len(tried)} lines of this run were tried, and none sees another "
        f"(largest difference {worst:.1e}, {allowed:g} allowed)"
    ]


def shared_lines(batches: TrainingBatches) -> list[NDArray[np.int64]]:
    """Positions of the rows of the first few lines that hold several."""
    lengths, found = batches.loader.rows.given_lengths, []
    for step in range(min(STEPS, batches.total_steps)):
        positions = batches.order.batch(step)
        lines = lines_of(batches.order.sampler, lengths[positions])
        found += [positions[line] for line in lines if len(line) > 1]
        if len(found) >= LINES:
            break
    return found[:LINES]


@contextmanager
def _answering(network: nn.Module) -> Iterator[None]:
    """Eval mode without gradients, until the block ends."""
    with modes_kept(network), torch.inference_mode():
        network.eval()
        yield


def _difference(network: Network, batches: TrainingBatches, line: NDArray[np.int64], accelerator: Accelerator) -> float:
    """The largest difference between logits of rows in one line and of each alone, as a share of the largest logit."""
    loader = batches.loader
    lengths = loader.rows.given_lengths[line]
    begins = np.cumsum(lengths) - lengths
    places = [np.unique(np.linspace(0, n - 1, min(PLACES, n)).astype(np.int64)) for n in lengths.tolist()]
    among = np.concatenate([start + own for start, own in zip(begins.tolist(), places, strict=True)])
    together = _logits(network, accelerator.tensors(packed_batch(loader, [line]).inputs), among)
    alone = torch.cat(
        [
            _logits(network, accelerator.tensors(loader.batch(line[i : i + 1]).inputs), own)
            for i, own in enumerate(places)
        ]
    )
    return float((together - alone).abs().max() / alone.abs().max().clamp(min=1e-30))


def _logits(network: Network, inputs: dict[str, Tensor], places: NDArray[np.int64]) -> Tensor:
    """[P, C] at some places of a batch of one line; those of a vocabulary are not computed at all places."""
    chosen = torch.from_numpy(places)
    try:
        states = network.place_states(**inputs)
        of_some: Tensor = network.place_logits(states[0, chosen.to(states.device)])
        return of_some.float()
    except Inseparable:
        logits: Tensor = network(**inputs)
        return logits[0, chosen.to(logits.device)].float()
