"""A language model as an ONNX graph with a cache: new tokens and what is remembered in, logits and what is remembered out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from burnish.core.errors import InputError, RunFailed

if TYPE_CHECKING:
    from burnish.core.network import Remembering
    from burnish.exporters import Exportable

LOGITS = "logits"
Shapes = dict[str, list[int | str]]
"""Of inputs by name, in order; a word stands for any number."""
Layers = list[tuple[int, int]]
"""Of each layer heads and width of its keys and values."""


def remembering(source: Exportable) -> tuple[Remembering, Layers]:
    """The network with its memory in the open, and how large that is of one token.

    Raises:
        InputError: it remembers more than keys and values.
    """
    from burnish.core.network import Generating

    network = source.network
    module = network.remembering() if isinstance(network, Generating) else None
    layers = module.layers if module else None
    if module is None or layers is None:
        raise InputError(
            f"{type(network).__name__} remembers more than the keys and values of every token",
            expected="a network such as Llama, Qwen or GPT-2, without sliding windows or states",
            fix="burnish export RUN --to safetensors",
            place="--to",
        )
    return module, layers


def past_names(layers: Layers) -> list[str]:
    """Of keys and values, in order."""
    return [f"past_{place}_{what}" for place in range(len(layers)) for what in ("keys", "values")]


def shapes_of(layers: Layers) -> Shapes:
    """Of all inputs."""
    past: Shapes = {}
    for n, name in enumerate(past_names(layers)):
        heads, width = layers[n // 2]
        past[name] = ["batch", heads, "past", width]
    return {
        "input_ids": ["batch", "new"],
        "allowed": ["batch", 1, "new", "length"],
        "position_ids": ["batch", "new"],
        "kept": ["told"],
        **past,
    }


def type_of(name: str) -> str:
    """The number type of an input."""
    return "int64" if name in ("input_ids", "position_ids", "kept") else "float32"


def program(module: Remembering, shapes: Shapes, opset: int) -> Any:
    """The ONNX program.

    Args:
        module: the network with its memory in the open.
        shapes: of its inputs.
        opset: of the graph.

    Raises:
        RunFailed: torch.export cannot convert this network.
    """
    import torch

    from burnish.exporters.onnx.tracing import traced

    sizes = {"batch": 2, "new": 3, "past": 4, "length": 7, "told": 2}
    arrays = {
        name: np.zeros([sizes[n] if isinstance(n, str) else n for n in shape], type_of(name))
        for name, shape in shapes.items()
    }
    arrays["position_ids"] += np.arange(sizes["past"], sizes["length"])
    arrays["kept"] += np.arange(sizes["told"])
    free = {name: {axis: n for axis, n in enumerate(s) if isinstance(n, str)} for name, s in shapes.items()}
    named = {name: axes for name, axes in free.items() if not name.startswith("past_")}
    past = [name for name in shapes if name.startswith("past_")]
    outputs = [LOGITS, *(name.replace("past", "present") for name in past)]
    try:
        return traced(
            cast(torch.nn.Module, module).eval(),
            [torch.from_numpy(one) for one in arrays.values()],
            list(arrays),
            outputs,
            {**named, "past": tuple(free[name] for name in past)},
            opset,
        )
    except Exception as error:  # the exporter raises many kinds
        said = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise RunFailed(
            f"torch.export cannot convert this network: {said.strip()}",
            fix="burnish export RUN --to ctranslate2, or safetensors",
        ) from error
