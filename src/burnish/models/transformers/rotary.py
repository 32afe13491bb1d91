"""Rotary positions of a checkpoint, scaled so that it reads longer texts than it was trained on."""

from __future__ import annotations

from typing import Any

from burnish.core.errors import InputError


def stretched(config: Any, kind: str, tokens: int) -> str:
    """Scale the rotary positions of a configuration, in place.

    Args:
        config: of transformers.
        kind: linear or yarn.
        tokens: that the network is to read.

    Returns:
        What was done, in words.

    Raises:
        InputError: other positions, positions that are scaled already, or a checkpoint that reads so many without it.
    """
    given = getattr(config, "rope_parameters", None)
    if not given:
        raise InputError(
            f"rope_scaling: {config.model_type} has no rotary positions that could be scaled",
            expected="ModernBERT, Llama, Qwen or another architecture with rotary positions",
            fix="long: slide",
            place="long.rope_scaling",
        )
    before = int(config.max_position_embeddings)
    if tokens <= before:
        raise InputError(
            f"rope_scaling to {tokens:,} tokens, and this checkpoint reads {before:,} without it",
            fix="leave rope_scaling out",
            place="long.rope_scaling",
        )
    layered = "rope_type" not in given
    parts = {name: dict(part) for name, part in given.items()} if layered else {"all": dict(given)}
    scaled = {name: part for name, part in parts.items() if "sliding" not in name}
    if any(part.get("rope_type", "default") != "default" for part in scaled.values()):
        raise InputError(
            "the checkpoint's rotary positions are scaled already",
            fix="leave rope_scaling out",
            place="long.rope_scaling",
        )
    for part in scaled.values():
        part |= {"rope_type": kind, "factor": tokens / before}
        if kind == "yarn":
            part["original_max_position_embeddings"] = before
    config.rope_parameters = parts if layered else parts["all"]
    config.max_position_embeddings = tokens
    return f"rotary positions are scaled ({kind}) by {tokens / before:g}: {tokens:,} tokens instead of {before:,}"
