"""From whole gradients to changed weights: measured, bounded, applied."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from burnish.training.accelerator import Accelerator


@dataclass
class Clip:
    """How gradients are bounded before the step: by the norm of all together, by value, or not at all."""

    norm: float | None = 1.0
    value: float | None = None


def unscale(optimizer: torch.optim.Optimizer, scaler: torch.amp.GradScaler | None) -> None:
    """Take the scale of float16 out of the gradients, where there is one."""
    if scaler is not None:
        scaler.unscale_(optimizer)


def gradient_norms(optimizer: torch.optim.Optimizer, accelerator: Accelerator) -> tuple[dict[str, float], Tensor]:
    """Gradient norms by depth, and of all together."""
    by_group: dict[str, list[Tensor]] = {}
    for group in optimizer.param_groups:
        name = level(int(group["burnish_depth"]), int(group["burnish_layers"]))
        by_group.setdefault(name, []).extend(p.grad for p in group["params"] if p.grad is not None)
    names = [n for n, gradients in by_group.items() if gradients]
    if not names:
        return {}, torch.zeros(())
    norms = torch.stack([accelerator.norm(by_group[n]) for n in names])
    return dict(zip(names, norms.tolist(), strict=True)), torch.linalg.vector_norm(norms)


def level(depth: int, layers: int) -> str:
    """What a depth is called: embeddings, layer N, head."""
    if depth == 0:
        return "embeddings"
    return "head" if depth > layers else f"layer {depth}"


def _parameters(optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def update(optimizer: torch.optim.Optimizer, clip: Clip, total_norm: Tensor) -> None:
    """A step with bounded gradients, whose norm is known."""
    parameters = _parameters(optimizer)
    if clip.norm is not None:
        nn.utils.clip_grads_with_norm_(parameters, clip.norm, total_norm)
    if clip.value is not None:
        nn.utils.clip_grad_value_(parameters, clip.value)
    optimizer.step()


def scaled_update(
    optimizer: torch.optim.Optimizer, scaler: torch.amp.GradScaler, clip: Clip, total_norm: Tensor
) -> bool:
    """A float16 step; the scaler leaves the weights alone when scaled gradients overflowed, and lowers its scale."""
    if bool(torch.isfinite(total_norm)) and clip.norm is not None:
        nn.utils.clip_grads_with_norm_(_parameters(optimizer), clip.norm, total_norm)
    before = scaler.get_scale()
    scaler.step(optimizer)
    scaler.update()
    return scaler.get_scale() >= before
