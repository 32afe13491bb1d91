"""The pull towards the weights a run began with."""

from __future__ import annotations

import hashlib
from typing import Any

import torch
from torch import Tensor, nn

from burnish.training.penalties._pulling import Pull, decays, in_body

SAMPLED = 4096  # numbers of each tensor that go into the hash: enough to tell checkpoints apart, and quick


class TowardsStart(Pull):
    """A pull of the body towards where it began; it can tell whether a resumed run begins there too."""

    start: dict[int, Tensor]

    def reference(self) -> str:
        """A hash of the weights it pulls towards."""
        digest = hashlib.sha256()
        for tensor in self.start.values():
            flat = tensor.reshape(-1)
            digest.update(flat[:: max(1, len(flat) // SAMPLED)].float().cpu().numpy().tobytes())
        return digest.hexdigest()


def towards_start(
    optimizer: torch.optim.Optimizer, strength: float, head_strength: float, *, decoupled: bool
) -> TowardsStart:
    """The pull; the optimizer's own weight decay of the body is switched off.

    Args:
        optimizer: whose parameters have their pretrained values now.
        strength: towards the start, of the body; decoupled the share of the way back at each step at the peak rate.
        head_strength: towards zero, of the head's matrices.
        decoupled: whether weights are moved, and not gradients.
    """
    bodies = [group for group in optimizer.param_groups if in_body(group)]
    for group in bodies:
        group["weight_decay"] = 0.0
    start = {id(p): p.detach().clone() for group in bodies for p in group["params"]}
    peak = next((group["lr"] / group["burnish_scale"] for group in bodies if group["burnish_scale"]), 1.0)

    def chosen(group: dict[str, Any], parameter: nn.Parameter) -> bool:
        return id(parameter) in start or (head_strength > 0 and decays(group, parameter))

    def gradient(parameter: Tensor) -> Tensor:
        begun = start.get(id(parameter))
        return parameter * head_strength if begun is None else (parameter - begun) * strength

    def moved(parameter: nn.Parameter, rate: float) -> Tensor:
        begun = start.get(id(parameter))
        if begun is None:
            return parameter.mul_(1 - rate * head_strength)
        return parameter.sub_(parameter - begun, alpha=min(1.0, rate / peak * strength))

    pull = (
        TowardsStart(optimizer, chosen, moved=moved)
        if decoupled
        else TowardsStart(optimizer, chosen, gradient=gradient)
    )
    pull.start = start
    return pull
