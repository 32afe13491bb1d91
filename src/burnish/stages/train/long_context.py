"""What reading long texts at once takes: which attention is used, and memory of the longest example, measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from burnish.core.network import Network
from burnish.core.resident import NOW, PEAK, resident
from burnish.data.feeding.batches import TrainingBatches
from burnish.training.accelerator import Accelerator

RESET = Path("/proc/self/clear_refs")
ATTENTIONS = {
    "sdpa": "memory-efficient: no table of all pairs of tokens is kept",
    "flash_attention_2": "memory-efficient: no table of all pairs of tokens is kept",
    "eager": "not memory-efficient: it keeps a table of all pairs of tokens for each head and layer",
}


def context_said(network: Network, batches: TrainingBatches, accelerator: Accelerator) -> list[str]:
    """The attention of a network, and what one pass forward and backward of the longest example takes.

    The network, the state of the generator and what gradients there are stay as they were.
    """
    kind = str(getattr(getattr(network.backbone(), "config", None), "_attn_implementation", None) or "its own")
    said = f"attention: {kind}" + (f" ({ATTENTIONS[kind]})" if kind in ATTENTIONS else "")
    lengths = batches.loader.rows.lengths[batches.order.usable]
    place, most = int(np.argmax(lengths)), int(lengths.max())
    batch = batches.loader.batch(batches.order.usable[place : place + 1])
    bytes_taken = _measured(network, accelerator.tensors(batch.inputs), accelerator)
    if bytes_taken is None:
        return [f"{said}; the memory of an example is not measured on this system"]
    return [
        f"{said}; one training example of {most:,} tokens takes {bytes_taken / 2**20:,.0f} MiB forward and backward, measured"
    ]


def _measured(network: Network, inputs: dict[str, torch.Tensor], accelerator: Accelerator) -> int | None:
    """Bytes at the peak beyond those before; None where the system does not say."""
    cuda = accelerator.device.type == "cuda"
    devices = [accelerator.device] if cuda else []
    with torch.random.fork_rng(devices=devices):
        before = _begin(cuda)
        if before is None:
            return None
        training = network.training
        network.train()
        try:
            with accelerator.autocast():
                network(**inputs).float().sum().backward()
            peak = torch.cuda.max_memory_allocated() if cuda else resident(PEAK)
        finally:
            network.zero_grad(set_to_none=True)
            network.train(training)
    return max(0, (peak or 0) - before)


def _begin(cuda: bool) -> int | None:
    """Bytes that are taken now, from which the peak is counted anew."""
    if cuda:
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    try:
        RESET.write_text("5", encoding="ascii")  # Linux: the peak begins anew
    except OSError:
        return None
    return resident(NOW)
