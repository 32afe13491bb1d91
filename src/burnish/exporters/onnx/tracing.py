"""A module of torch as an ONNX program."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def traced(
    module: torch.nn.Module,
    arguments: Sequence[torch.Tensor],
    names: Sequence[str],
    outputs: Sequence[str],
    free: dict[str, Any],
    opset: int,
) -> Any:
    """A module in eval mode as an ONNX program.

    Args:
        module: takes the arguments in order, gives a tensor or several.
        arguments: to trace it with.
        names, outputs: of the inputs and outputs in the graph.
        free: parameters of `forward` to their axes that are free and what those are called.
        opset: of the graph.
    """
    import torch

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        return torch.onnx.export(
            module,
            tuple(arguments),
            dynamo=True,
            input_names=list(names),
            output_names=list(outputs),
            dynamic_shapes=free,
            opset_version=opset,
            verbose=False,
        )
