"""Transformers networks for pictures of another size: position embeddings interpolated once, and saved that way."""

from __future__ import annotations

import copy
from typing import Any

import torch

from burnish.core.errors import InputError


def at_size(model: Any, size: int, place: str) -> tuple[Any, list[str]]:
    """The network for pictures of `size` x `size`, and what was done, in words.

    What is saved later then loads with plain transformers at the new size. Networks without a size of their own
    (convolutions) are left alone. Interpolation is the architecture's own (`interpolate_pos_encoding`).

    Raises:
        InputError: the size is no multiple of the patches, or tensors depend on it that cannot be interpolated.
    """
    current = getattr(model.config, "image_size", None)
    current = current[0] if isinstance(current, (list, tuple)) else current
    if current is None or current == size:
        return model, []
    patch = getattr(model.config, "patch_size", 1)
    patch = patch[0] if isinstance(patch, (list, tuple)) else patch
    if size % patch:
        raise InputError(
            f"pictures of {size} x {size} cannot be cut into patches of {patch} x {patch}",
            expected=f"a multiple of {patch}",
            fix=f"input: {{size: {max(1, round(size / patch)) * patch}}}",
            place="input.size",
        )
    config = copy.deepcopy(model.config)
    config.image_size = [size, size] if isinstance(config.image_size, (list, tuple)) else size
    with torch.random.fork_rng(devices=[]):
        resized = type(model)(config).to(model.dtype)
    state, wanted = model.state_dict(), resized.state_dict()
    changed = [name for name, value in wanted.items() if name in state and state[name].shape != value.shape]
    for name in changed:
        state[name] = _interpolated(model, name, wanted[name], size, place)
    resized.load_state_dict({name: value for name, value in state.items() if name in wanted})
    note = (
        f"position embeddings interpolated from {current} to {size}"
        if changed
        else f"network set to {size} pixels, not {current}"
    )
    return resized, [f"pictures: {note}"]


def _interpolated(model: Any, name: str, wanted: torch.Tensor, size: int, place: str) -> torch.Tensor:
    owner, _, leaf = name.rpartition(".")
    module = model.get_submodule(owner)
    if leaf != "position_embeddings" or not hasattr(module, "interpolate_pos_encoding"):
        raise InputError(
            f"the architecture {model.config.model_type!r} takes pictures of its own size only: {name} depends on it",
            expected=f"pictures of {model.config.image_size}",
            fix=f"input: {{size: {model.config.image_size}}}",
            place=place,
        )
    with torch.no_grad():
        embeddings: torch.Tensor = module.interpolate_pos_encoding(torch.zeros_like(wanted), size, size)
    return embeddings.detach().clone()
