"""Where in an image network a parameter lies: by timm's own layer groups, or by the order of its stages and blocks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from torch import nn

from burnish.models._anatomy import Anatomy


def by_groups(model: nn.Module, groups: Mapping[str, int], head: Collection[str]) -> Anatomy:
    """Depths from group numbers by parameter name; the group of the head holds what no pattern of the library matched.

    What lies in that group and is pretrained (a last norm, the dense layers of VGG) belongs to the last block.
    """
    unmatched = {groups[name] for name in head}
    levels = sorted({number for name, number in groups.items() if name not in head and number not in unmatched})
    layers = max(len(levels) - 1, 0)
    place = {number: depth for depth, number in enumerate(levels)}
    return _anatomy(model, lambda name: layers + 1 if name in head else place.get(groups[name], layers), layers)


def by_order(model: nn.Module, head: Collection[str]) -> Anatomy:
    """Depths from the order of units: the children of the model, and of its plain containers, that have parameters.

    The first unit is the stem. A norm that stands alone belongs to the unit before it, a parameter that stands alone (a
    class token, position embeddings) to the stem.
    """
    numbers = {"": 0}
    last = -1
    for name, _ in model.named_parameters():
        unit = _unit(model, name)
        if name in head or unit in numbers:
            continue
        module = model.get_submodule(unit)
        joins = last >= 0 and _is_single(module) and "norm" in type(module).__name__.lower()
        last += 0 if joins else 1
        numbers[unit] = last
    layers = max(last, 0)
    return _anatomy(model, lambda name: layers + 1 if name in head else numbers[_unit(model, name)], layers)


def _is_single(module: nn.Module) -> bool:
    return not any(True for _ in module.children())


def _unit(model: nn.Module, name: str) -> str:
    """Path of the unit a parameter is in; empty for one that stands alone."""
    module: Any = model
    path: list[str] = []
    for part in name.split(".")[:-1]:
        module = getattr(module, part)
        path.append(part)
        # Subclasses of Sequential are blocks. The encoder of a transformer is a container with a name of its own.
        if type(module) not in (nn.Sequential, nn.ModuleList) and type(module).__name__ != "Encoder":
            return ".".join(path)
    return ""


def _anatomy(model: nn.Module, depth: Callable[[str], int], layers: int) -> Anatomy:
    """Also by the path of every module without children, so that what peft inserts there is found."""
    depths: dict[str, int] = {}
    owners = dict(model.named_modules())
    for name, _ in model.named_parameters():
        depths[name] = depth(name)
        owner = name.rpartition(".")[0]
        if _is_single(owners[owner]):
            depths[owner] = depths[name]
    return Anatomy(depths, layers)
