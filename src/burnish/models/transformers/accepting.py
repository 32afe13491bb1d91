"""Which of a batch's arrays a network takes."""

from __future__ import annotations

from typing import Any

import torch


def accepted(inputs: dict[str, torch.Tensor], names: frozenset[str], dtype: torch.dtype) -> dict[str, Any]:
    """What the architecture has a use for; real numbers (pixels, samples) in the number type of the weights."""
    kept: dict[str, Any] = {
        name: value.to(dtype) if value.is_floating_point() else value for name, value in inputs.items() if name in names
    }
    if "use_cache" in names:
        kept["use_cache"] = False  # keys and values for generation would only take memory here
    if "interpolate_pos_encoding" in names:
        kept["interpolate_pos_encoding"] = True  # pictures of another size than the checkpoint's; no change for its own
    return kept
