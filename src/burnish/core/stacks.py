"""The lists of equal blocks that a network computes one after the other."""

from __future__ import annotations

from torch import nn


def stacks_of(model: nn.Module) -> list[nn.ModuleList]:
    """The lists of equal blocks of a model, in the order of its modules; a block has attention in it."""
    found: dict[str, nn.ModuleList] = {}
    for path, module in model.named_modules():
        inside = any(path.startswith(f"{outer}.") for outer in found)
        if isinstance(module, nn.ModuleList) and len({type(block) for block in module}) == 1 and not inside:
            found[path] = module
    return [blocks for blocks in found.values() if any(_attends(block) for block in blocks)]


def _attends(block: nn.Module) -> bool:
    return any("attention" in type(module).__name__.lower() for module in block.modules())
