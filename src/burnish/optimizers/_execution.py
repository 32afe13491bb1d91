"""Shared by the optimizers: what torch accepts, and which of its implementations is fastest here."""

from __future__ import annotations

from typing import Any


def copied(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The groups as torch may fill them in without touching the caller's."""
    return [dict(group) for group in groups]


def fused(groups: list[dict[str, Any]], devices: tuple[str, ...] = ("cpu", "cuda", "mps", "xpu")) -> bool | None:
    """True where one kernel can update all parameters of these groups; None leaves the choice to torch.

    None means foreach (many tensors a kernel) on accelerators and a plain loop on the CPU, where foreach gains nothing.

    Args:
        groups: torch parameter groups.
        devices: device types for which torch has a fused kernel of this optimizer.
    """
    parameters = [p for group in groups for p in group["params"]]
    return True if parameters and all(p.is_floating_point() and p.device.type in devices for p in parameters) else None
