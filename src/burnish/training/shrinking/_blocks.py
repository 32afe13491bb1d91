"""What the blocks of two networks give in one pass, and how far apart it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn

from burnish.core.errors import InputError
from burnish.core.network import Network

Kept = dict[int, Tensor]


class Watched:
    """Keeps states and attention of the blocks of student and teacher while they compute. A context.

    Block i of n of the student learns of block i N / n of the teacher's N, the last of the last.

    Args:
        student, teacher: their networks.
        what: hidden, attention or all.

    Raises:
        InputError: one has no blocks, or their states or heads differ in number.
    """

    def __init__(self, student: Network, teacher: Network, what: str) -> None:
        self.stacks = list(zip(_stacks(student), _stacks(teacher), strict=True))
        self.what = what
        self.handles: list[Any] = []
        self.states: tuple[list[Kept], list[Kept]] = ([], [])
        self.heads: tuple[list[Kept], list[Kept]] = ([], [])
        if what in ("attention", "all"):
            for network in (student, teacher):
                _show_attention(network)

    def __enter__(self) -> Watched:
        for side in (0, 1):
            self.states[side][:] = [{} for _ in self.stacks]
            self.heads[side][:] = [{} for _ in self.stacks]
            for number, pair in enumerate(self.stacks):
                for place, block in enumerate(pair[side]):
                    self.handles.append(block.register_forward_hook(_keep(self.states[side][number], place)))
                    if self.what in ("attention", "all"):
                        self._attention(block, self.heads[side][number], place)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for handle in self.handles:
            handle.remove()
        self.handles.clear()

    def apart(self, inputs: Mapping[str, Tensor], weights: Tensor) -> Tensor:
        """The mean squared distance of each row, over its places and the blocks that are compared, times its weight; summed.

        Args:
            inputs: of the batch; padding is not compared.
            weights: float32 [B], of the rows.
        """
        total = weights.new_zeros(())
        for number, (own, other) in enumerate(self.stacks):
            pairs = [(place, (place + 1) * len(other) // len(own) - 1) for place in range(len(own))]
            if self.what in ("hidden", "all"):
                total = total + self._of(self.states, number, pairs, inputs, weights, "states", heads=False)
            if self.what in ("attention", "all"):
                total = total + self._of(self.heads, number, pairs, inputs, weights, "heads", heads=True)
        return total / len(self.stacks)

    def _attention(self, block: nn.Module, kept: Kept, place: int) -> None:
        for name, module in block.named_modules():
            if (
                name
                and type(module).__name__.endswith("Attention")
                and "cross" not in name
                and "encoder_attn" not in name
            ):
                self.handles.append(module.register_forward_hook(_keep_heads(kept, place)))

    def _of(
        self,
        sides: tuple[list[Kept], list[Kept]],
        number: int,
        pairs: Sequence[tuple[int, int]],
        inputs: Mapping[str, Tensor],
        weights: Tensor,
        what: str,
        *,
        heads: bool,
    ) -> Tensor:
        total = weights.new_zeros(())
        for own, other in pairs:
            one, two = sides[0][number].get(own), sides[1][number].get(other)
            if one is None or two is None or one.shape != two.shape:
                raise _cannot(what, one, two)
            far = (one.float() - two.float()).square()
            far = far.sum(-1).mean(1) if heads else far.flatten(2).mean(-1) if far.ndim > 2 else far
            total = total + (_mean_over_places(far, inputs) * weights).sum()
        return total / len(pairs)


def _stacks(network: Network) -> list[nn.ModuleList]:
    stacks = network.stacks()
    if not stacks:
        raise InputError(
            f"{type(network.backbone()).__name__} has no stack of equal blocks whose states could be compared",
            fix="distil.layers=none",
            place="distil.layers",
        )
    return stacks


def _show_attention(network: Network) -> None:
    """Attention computed so that what each place looked at is there to be compared."""
    model: Any = network.backbone()
    if not hasattr(model, "set_attn_implementation"):
        raise InputError(
            f"{type(model).__name__} does not show its attention",
            expected="a network of transformers",
            fix="distil.layers=hidden",
            place="distil.layers",
        )
    model.set_attn_implementation("eager")


def _keep(kept: Kept, place: int) -> Callable[..., None]:
    def hook(module: nn.Module, inputs: Any, output: Any) -> None:
        kept[place] = output[0] if isinstance(output, tuple) else output

    return hook


def _keep_heads(kept: Kept, place: int) -> Callable[..., None]:
    def hook(module: nn.Module, inputs: Any, output: Any) -> None:
        beside = output[1] if isinstance(output, tuple) and len(output) > 1 else None
        if isinstance(beside, Tensor) and beside.ndim == 4:
            kept[place] = beside

    return hook


def _cannot(what: str, one: Tensor | None, two: Tensor | None) -> InputError:
    shapes = " and ".join("none" if value is None else str(list(value.shape)) for value in (one, two))
    return InputError(
        f"{what} of student and teacher cannot be compared: {shapes}",
        expected="the same shape",
        fix="distil.layers=none, or another of hidden and attention",
        place="distil.layers",
    )


def _mean_over_places(far: Tensor, inputs: Mapping[str, Tensor]) -> Tensor:
    """[B] of [B, L]: the mean over what is no padding."""
    mask = inputs.get("attention_mask")
    if mask is None or mask.shape != far.shape:
        return far.flatten(1).mean(1)
    seen = mask.to(far.dtype)
    return torch.where(seen > 0, far, 0.0).sum(1) / seen.sum(1).clamp(min=1)
