"""Channels inside the blocks of convolutional networks: which go together, and how the library is told that there are fewer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from burnish.core.errors import InputError

MULTIPLE = 8  # of channels: kernels compute so many at once
FULL_WIDTH = 64  # of a bottleneck, by which libraries count `width_per_group` and `base_width`


class Narrowable(ABC):
    """A network that stays what its library makes when channels inside its blocks are taken out."""

    @abstractmethod
    def narrower(self, share: float) -> tuple[list[Channels], dict[str, Any]]:
        """The channels of which a share goes, and the arguments of the library that say so.

        Raises:
            InputError: the library cannot be told of other widths.
        """

    @abstractmethod
    def require_sayable(self, arguments: dict[str, Any], groups: Sequence[Channels]) -> None:
        """That the library makes, of these arguments, the network that is left of these channels.

        Raises:
            InputError: it makes another one.
        """

    @abstractmethod
    def narrowed(self, arguments: dict[str, Any]) -> None:
        """Remember that the library makes this network of these arguments from now on."""


@dataclass(frozen=True)
class Channels:
    """Channels that go together, by paths of modules.

    Attributes:
        writers: convolutions that give them, each channel apart where they are depthwise.
        norms: batch norms over them.
        readers: convolutions that read them all.
        have, keep: how many there are, and how many stay.
    """

    writers: tuple[str, ...]
    norms: tuple[str, ...]
    readers: tuple[str, ...]
    have: int
    keep: int

    def strengths(self, model: nn.Module) -> Tensor:
        """[have] how much each gives: what reads it times the scales of its norms, which alone say how large it is."""
        strength = torch.ones(self.have, device=next(model.parameters()).device)
        for path in self.readers:
            columns = _weight(model, path).detach().float().transpose(0, 1).flatten(1)
            strength = strength * columns.norm(dim=1)
        for path in self.norms:
            strength = strength * _weight(model, path).detach().float().abs()
        return strength

    def zero(self, model: nn.Module, which: Tensor) -> None:
        """Let these be zero, in place: what writes, scales and reads them."""
        for path in (*self.writers, *self.norms):
            module: Any = model.get_submodule(path)
            module.weight[which] = 0
            if module.bias is not None:
                module.bias[which] = 0
        for path in self.readers:
            _weight(model, path)[:, which] = 0

    def take(self, model: nn.Module, which: Tensor) -> None:
        """Leave only these."""
        for path in self.writers:
            module: Any = model.get_submodule(path)
            depthwise = module.groups > 1
            _cut(module, which, 0)
            module.out_channels = len(which)
            if depthwise:
                module.in_channels = module.groups = len(which)
        for path in self.norms:
            norm: Any = model.get_submodule(path)
            _cut(norm, which, 0)
            norm.running_mean, norm.running_var = norm.running_mean[which], norm.running_var[which]
            norm.num_features = len(which)
        for path in self.readers:
            reader: Any = model.get_submodule(path)
            reader.weight = nn.Parameter(reader.weight.detach()[:, which].clone())
            reader.in_channels = len(which)


def inner_channels(
    model: nn.Module, library: str, share: float, own: Mapping[str, Any]
) -> tuple[list[Channels], dict[str, Any]]:
    """The channels inside the blocks of a network, and the arguments by which its library makes it so narrow.

    Args:
        model: of torchvision or timm.
        library: which of them.
        share: of the channels of each block that go; a multiple of 8 stays.
        own: the arguments that it was made with.

    Raises:
        InputError: the library cannot be told of other widths of this architecture.
    """
    blocks = {type(m).__name__ for m in model.modules()}
    if not any(isinstance(m, nn.BatchNorm2d) for m in model.modules()):
        found = f"{type(model).__name__} has no batch norms, and another norm hangs on all channels"
        raise InputError(found, expected="batch norms", fix="leave prune.channels out", place="prune.channels")
    if library == "torchvision" and type(model).__name__ == "MobileNetV2":
        return _inverted(model, share, float(own.get("width_mult", 1.0)))
    if "Bottleneck" in blocks and type(model).__name__ == "ResNet":
        return _bottlenecks(model, share, "width_per_group" if library == "torchvision" else "base_width")
    raise InputError(
        f"{library} cannot be told of {type(model).__name__} how many channels there are inside each block",
        expected="mobilenet_v2 of torchvision, or a ResNet with bottlenecks (resnet50 and larger) of torchvision or timm",
        fix="a narrower `model` that learns from this one (distil)",
        place="prune.channels",
    )


def _inverted(model: nn.Module, share: float, wide: float) -> tuple[list[Channels], dict[str, Any]]:
    """Of inverted residual blocks, told by expansion, output before it is multiplied by `wide`, count and stride."""
    found, rows = [], []
    blocks = [(p, cast(Any, m)) for p, m in model.named_modules() if type(m).__name__ == "InvertedResidual"]
    for path, block in blocks:
        layers = block.conv
        depthwise, reader = layers[-3][0], layers[-2]
        enters, have = depthwise.in_channels if len(layers) == 3 else layers[0][0].in_channels, reader.in_channels
        keep = have
        if len(layers) == 4:
            keep = _kept(have, share)
            keep += MULTIPLE * (keep == enters)  # an expansion of 1 means none
            writers, norms = (f"{path}.conv.0.0", f"{path}.conv.1.0"), (f"{path}.conv.0.1", f"{path}.conv.1.1")
            if keep < have:
                found.append(Channels(writers, norms, (f"{path}.conv.2",), have, keep))
        expansion = 1 if len(layers) == 3 else keep / enters
        rows.append([expansion, reader.out_channels / wide, 1, depthwise.stride[0]])
    return found, {"inverted_residual_setting": rows}


def _bottlenecks(model: nn.Module, share: float, name: str) -> tuple[list[Channels], dict[str, Any]]:
    """Of bottlenecks, all narrower alike; they are told by their width where the states are 64 times their expansion wide."""
    blocks = [(p, cast(Any, m)) for p, m in model.named_modules() if type(m).__name__ == "Bottleneck"]
    if any(block.conv2.groups > 1 or block.conv1.out_channels != block.conv2.out_channels for _, block in blocks):
        raise InputError(
            "its bottlenecks have groups, whose channels cannot go alone", expected="one group", place="prune.channels"
        )
    planes = [block.conv3.out_channels // 4 for _, block in blocks]
    widths = {FULL_WIDTH * b.conv2.out_channels // p for (_, b), p in zip(blocks, planes, strict=True)}
    if len(widths) != 1:
        raise InputError(f"its bottlenecks are of {len(widths)} shares", expected="one", place="prune.channels")
    (width,) = widths
    new, found = _kept(width, share), []
    for (path, block), wide in zip(blocks, planes, strict=True):
        have, keep = block.conv2.out_channels, wide * new // FULL_WIDTH
        for number in (1, 2):
            reader = (f"{path}.conv{number + 1}",)
            found.append(Channels((f"{path}.conv{number}",), (f"{path}.bn{number}",), reader, have, keep))
    return found, {name: new}


def _kept(have: int, share: float) -> int:
    return min(have, max(MULTIPLE, round(have * (1 - share) / MULTIPLE) * MULTIPLE))


def _weight(model: nn.Module, path: str) -> Tensor:
    return cast(Tensor, model.get_submodule(path).weight)


def _cut(module: Any, which: Tensor, dim: int) -> None:
    module.weight = nn.Parameter(module.weight.detach().index_select(dim, which).clone())
    if module.bias is not None:
        module.bias = nn.Parameter(module.bias.detach()[which].clone())


def require_sayable(model: nn.Module, made: nn.Module, groups: Sequence[Channels], head: Sequence[str]) -> None:
    """That the library makes, of its new arguments, the network that is left.

    Args:
        model: as it is.
        made: by the library, of the new arguments.
        groups: what is to go.
        head: paths of modules that are not compared.

    Raises:
        InputError: a tensor has another shape.
    """
    shapes = {name: list(value.shape) for name, value in model.state_dict().items()}
    for group in groups:
        for path in (*group.writers, *group.norms):
            for name in ("weight", "bias", "running_mean", "running_var"):
                if f"{path}.{name}" in shapes:
                    shapes[f"{path}.{name}"][0] = group.keep
        for path in group.readers:
            shapes[f"{path}.weight"][1] = group.keep
    theirs = {name: list(value.shape) for name, value in made.state_dict().items()}
    body = [n for n in {**shapes, **theirs} if not any(n.startswith(f"{path}.") for path in head)]
    wrong = next((n for n in body if shapes.get(n) != theirs.get(n)), None)
    if wrong:
        raise InputError(
            f"the library makes {wrong} in the shape {theirs.get(wrong)} where {shapes.get(wrong)} is left",
            expected="a network that its arguments can say",
            fix="another share of channels, or a narrower `model` with distil",
            place="prune.channels",
        )
