"""A network that reads a row in several windows: each by itself, and then together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from burnish.core.errors import InputError
from burnish.core.network import Inseparable, Network
from burnish.core.seeds import derive
from burnish.core.windows import MEMBERSHIP
from burnish.inputs import Input
from burnish.long import Long
from burnish.models._joining import Joining, joining_of, mean
from burnish.targets import Target

JOINING = "joining.safetensors"
"""Beside the library's own weights: the layers that join windows, where there are some."""
AT_ONCE = 32  # windows that are computed together where nothing is learned: memory does not grow with how long a row is


class WindowedNetwork(Network):
    """A network of one window, and what joins its windows to rows.

    Args:
        inner: reads a window a line.
        joining: logits of windows to logits of rows.
    """

    def __init__(self, inner: Network, joining: Joining) -> None:
        super().__init__()
        self.inner, self.joining = inner, joining
        self.notes, self.seed, self.new_tokens = list(inner.notes), inner.seed, inner.new_tokens
        self.fresh_head, self.from_scratch = inner.fresh_head, inner.from_scratch

    def forward(self, **inputs: Tensor) -> Tensor:
        """Logits [B, C] of `membership` [B, V] and what the inner network reads of V windows; of rows as they are without."""
        membership = inputs.pop(MEMBERSHIP, None)
        if membership is None:
            first = next(iter(inputs.values()))
            membership = torch.eye(first.shape[0], device=first.device)
        seen = _in_parts(self._with_states if self.joining.reads_states else self._logits, inputs)
        joined: Tensor = self.joining(membership, seen[0], seen[1] if len(seen) > 1 else None)
        return joined

    def _logits(self, inputs: dict[str, Tensor]) -> tuple[Tensor, ...]:
        return (self.inner(**inputs),)

    def _with_states(self, inputs: dict[str, Tensor]) -> tuple[Tensor, ...]:
        return self.inner.with_states(**inputs)

    def features(self, **inputs: Tensor) -> Tensor:
        """The mean of what the body sees of the windows of a row, [B, D]."""
        membership = inputs.pop(MEMBERSHIP, None)
        (seen,) = _in_parts(lambda some: (self.inner.features(**some),), inputs)
        return seen if membership is None else mean(membership, seen)

    def depth(self, parameter: str) -> int:
        """As of the inner network; what joins windows learns with the head."""
        name = parameter.removeprefix("inner.")
        return self.inner.depth(name) if name != parameter else self.layers + 1

    @property
    def layers(self) -> int:
        """Of the inner network."""
        return self.inner.layers

    def learns(self, parameter: str) -> bool:
        """As of the inner network."""
        name = parameter.removeprefix("inner.")
        return name == parameter or self.inner.learns(name)

    def backbone(self) -> nn.Module:
        """That of the inner network."""
        return self.inner.backbone()

    def untouched(self) -> Network | None:
        """The inner network once more: its features are those of windows, whose mean is taken."""
        copied = self.inner.untouched()
        return None if copied is None else WindowedNetwork(copied, self.joining)

    def save(self, folder: Path) -> None:
        """The inner network as its library saves it: a classifier of one window; and the layers that join windows."""
        from safetensors.torch import save_file

        self.inner.save(folder)
        if state := {name: value.detach().cpu().contiguous() for name, value in self.joining.state_dict().items()}:
            save_file(state, folder / JOINING)

    def head_split(self, **inputs: Tensor) -> Any:
        """Refused: what windows give is joined behind the head.

        Raises:
            Inseparable: always.
        """
        raise Inseparable("the logits of windows are joined behind the head")


def _in_parts(run: Callable[[dict[str, Tensor]], Sequence[Tensor]], inputs: dict[str, Tensor]) -> list[Tensor]:
    """What a network gives of windows: a few at a time, where nothing is learned."""
    lines = next(iter(inputs.values())).shape[0]  # not len(), which would be a fixed number in an exported graph
    if torch.is_grad_enabled() or torch.compiler.is_compiling() or lines <= AT_ONCE:
        return list(run(inputs))
    starts = range(0, lines, AT_ONCE)
    parts = [run({name: value[s : s + AT_ONCE] for name, value in inputs.items()}) for s in starts]
    return [torch.cat(each) for each in zip(*parts, strict=True)]


def long_of(input: Input) -> Long | None:
    """The way in which an input reads long rows in several windows; None where it reads one."""
    long: Long | None = getattr(input, "long", None)
    return None if long is None or long.is_off or long.joined_by is None else long


def windowed(network: Network, input: Input, target: Target, *, seed: int) -> Network:
    """A network that joins windows where its input gives several; else the same.

    Raises:
        InputError: the network does not say what its body sees of a window, and that is needed.
    """
    long = long_of(input)
    if long is None:
        return network
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "long"))
        joining = joining_of(long, _width(network, long), target.outputs)
    return WindowedNetwork(network, joining)


def restored(network: Network, folder: Path, input: Input, target: Target) -> Network:
    """As `windowed`, with the layers that were saved.

    Raises:
        InputError: they are missing, or of other shapes.
    """
    whole = windowed(network, input, target, seed=0)
    if isinstance(whole, WindowedNetwork) and whole.joining.state_dict():
        from safetensors.torch import load_file

        path = folder / JOINING
        try:
            whole.joining.load_state_dict(load_file(path))
        except (OSError, RuntimeError) as error:
            raise InputError(
                f"{JOINING} does not hold the layers that join windows: {str(error).splitlines()[0]}",
                fix="copy the whole bundle again",
                place=str(path),
            ) from error
    return whole


def _width(network: Network, long: Long) -> int:
    if long.joined_by not in ("attention", "transformer"):
        return 0
    try:
        return network.width
    except Inseparable as error:
        raise InputError(
            f"long: {long.kind()} joins windows by {long.joined_by}, for which this network does not say enough: {error}",
            fix="join by mean, max or noisy_or",
            place="long",
        ) from error
