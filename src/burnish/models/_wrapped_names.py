"""Checkpoints of training loops: what stands before the names of their tensors, and which of several copies is taken.

Lightning, torch.compile, data-parallel training and averaging save a network inside of something, so that each name has more
in front: `state_dict.net.layer1.weight`. Where all of it is known and every tensor of the body is found behind it, it is taken
off, and that is said. Of plain and averaged weights in one file the averaged ones are taken, as timm does: they are what such
a run was tested with. Of anything else that is there twice, none is taken.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch

from burnish.core.errors import InputError

PLAIN = (
    "state_dict",
    "model_state_dict",
    "model",
    "module",
    "_orig_mod",
    "net",
    "network",
    "backbone",
    "encoder",
    "base_model",
)
AVERAGED = ("state_dict_ema", "model_ema", "ema", "ema_model", "ema_state_dict", "averaged_model")
SHOWN = 4


def prefix_of(names: Collection[str], wanted: Sequence[str], place: str) -> str | None:
    """What stands before all wanted names, of which none is there as it is; None where nothing known does.

    Args:
        names: of the tensors in the file.
        wanted: by the architecture.
        place: the file, for the error.

    Raises:
        InputError: two or more copies, of which none is the averaged one.
    """
    if not wanted or any(name in names for name in wanted):
        return None
    probe = max(wanted, key=len)
    prefixes = []
    for prefix in sorted({name.removesuffix(probe) for name in names if name.endswith(f".{probe}")}):
        known = all(part in PLAIN + AVERAGED for part in prefix.rstrip(".").split("."))
        if known and all(prefix + name in names for name in wanted):
            prefixes.append(prefix)
    averaged = [prefix for prefix in prefixes if any(part in AVERAGED for part in prefix.split("."))]
    chosen = averaged if len(prefixes) > 1 and averaged else prefixes
    if len(chosen) > 1:
        raise InputError(
            "the file holds these weights more than once: " + ", ".join(f"{prefix}*" for prefix in chosen),
            expected="one copy, or a plain one and an averaged one, which is then taken",
            fix="save the one you mean, without what stands before its names, as safetensors",
            place=place,
        )
    return chosen[0] if chosen else None


def without_prefix(state: Mapping[str, Any], prefix: str) -> tuple[dict[str, Any], str]:
    """The tensors behind a prefix, and a note that says so."""
    kept = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    left = len(state) - len(kept)
    more = f"; {left} other tensors of the file are not used" if left else ""
    averaged = any(part in AVERAGED for part in prefix.split("."))
    copy = " (averaged weights)" if averaged else ""
    return kept, f"{prefix!r} was taken off the names of {len(kept)} tensors{copy}{more}"


def held(names: Collection[str]) -> str:
    """What a file holds instead, for an error: a few of its names."""
    shown = sorted(names)
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return "; the file holds " + (", ".join(shown[:SHOWN]) + more if shown else "no tensor")


def require_finite(model: torch.nn.Module, place: str) -> None:
    """Check that a network has numbers for weights: rows of data are blamed otherwise.

    Raises:
        InputError: tensors that hold NaN or infinite numbers, named.
    """
    broken = [name for name, value in model.named_parameters() if not _finite(value.detach())]
    # A buffer may hold minus infinity on purpose, such as a mask; NaN it never does.
    broken += [name for name, value in model.named_buffers() if value.is_floating_point() and bool(value.isnan().any())]
    if broken:
        more = f" and {len(broken) - SHOWN} more" if len(broken) > SHOWN else ""
        raise InputError(
            f"{len(broken)} tensors of the weights hold NaN or infinite numbers: {', '.join(broken[:SHOWN])}{more}",
            expected="finite numbers",
            fix="the training that made them went wrong: take an earlier checkpoint of it, or another",
            place=place,
        )


def _finite(value: torch.Tensor) -> bool:
    return not value.is_floating_point() or bool(torch.isfinite(value).all())
