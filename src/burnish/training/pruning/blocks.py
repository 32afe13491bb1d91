"""Whole blocks that are passed by while a network learns, and are taken out at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from burnish.core.errors import InputError
from burnish.core.network import Network
from burnish.models.transformers.shrunken import LAYERS, counting, evenly, keep_layers
from burnish.training.pruning import Steps
from burnish.training.step_part import StepPart

OWN = ("is_local", "attention_type", "sliding_window", "layer_type")
"""What a block may have by its number, which only a list in config.json can say once there are fewer."""


def staying(network: Network, share: float) -> list[int]:
    """The numbers of the blocks that stay when this share goes: evenly spaced, the first and the last among them.

    Raises:
        InputError: there is not one stack of blocks, or config.json could not say which of them are left.
    """
    model: Any = network.backbone()
    stacks = network.stacks()
    if len(stacks) != 1:
        found = f"{type(model).__name__} has {len(stacks)} stacks of equal blocks"
        raise InputError(found, expected="one", fix="distil.student.layers", place="prune.layers")
    config, _ = counting(model.config, LAYERS)
    if len({_own(block) for block in stacks[0]}) > 1 and not isinstance(getattr(config, "layer_types", None), list):
        raise InputError(
            f"the blocks of {type(model).__name__} differ, and config.json has no list of which is which",
            expected="blocks that are alike",
            fix="distil.student.layers, with a number that keeps the order",
            place="prune.layers",
        )
    have = len(stacks[0])
    return evenly(have, max(1, round(have * (1 - share))))


def _own(block: nn.Module) -> tuple[Any, ...]:
    """What a block has by its number."""
    found = []
    for module in block.modules():
        found += [str(getattr(module, name)) for name in OWN if hasattr(module, name)]
    return tuple(found)


class PassedBy(StepPart):
    """Passes ever more blocks by, the last of those that go first; which they are is a function of the step alone.

    A block that is passed by gives what it read. It is computed nonetheless, and counts nothing, so that each of its weights
    has a gradient, 0, in every process.

    Args:
        network: with one stack of blocks.
        stay: the numbers of those that stay.
        steps: by when.
    """

    def __init__(self, network: Network, stay: list[int], steps: Steps) -> None:
        (stack,) = network.stacks()
        self.going = [number for number in range(len(stack)) if number not in stay][::-1]
        self.share, self.steps = 0.0, steps
        for order, number in enumerate(self.going):
            stack[number].register_forward_hook(self._hook(order), with_kwargs=True)

    def comes_to(self, step: int, total: int) -> None:
        """How many are passed by now."""
        self.share = self.steps.share(step, total)

    def _hook(self, order: int) -> Callable[..., Any]:
        def hook(module: nn.Module, given: tuple[Any, ...], named: dict[str, Any], output: Any) -> Any:
            if order >= round(self.share * len(self.going)):
                return output
            states: Tensor = given[0] if given else named["hidden_states"]
            if isinstance(output, Tensor):
                return states + 0 * output
            return (states + 0 * output[0], *output[1:])

        return hook


def take_out_blocks(network: Network, stay: list[int]) -> None:
    """Leave only these blocks, and say so in the configuration."""
    (stack,) = network.stacks()
    chosen = keep_layers(network.backbone(), stack, len(stay))
    assert chosen == stay
