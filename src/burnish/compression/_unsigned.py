"""Signed weights of a graph made unsigned, with another zero point: not one number that they stand for changes."""

from __future__ import annotations

from typing import Any

import numpy as np

from burnish.core.batch import Array

SHIFT = 128
PLACES: dict[str, tuple[int, int | None, int]] = {"DequantizeLinear": (0, 1, 2), "MatMulInteger": (1, None, 3)}
"""Of operators that read weights, which of their inputs are the weights, their scale, and their zero point."""


def separated(model: Any) -> None:
    """Give each weight a zero point of its own: onnxruntime cannot open a graph that shares one where it drops signs itself.

    Args:
        model: an ONNX model with its weights in memory; changed in place.
    """
    from onnx import numpy_helper

    graph = model.graph
    constants = {constant.name: constant for constant in graph.initializer}
    seen: set[str] = set()
    for number, node in enumerate(graph.node):
        if node.op_type not in PLACES or len(node.input) <= (zero := PLACES[node.op_type][2]):
            continue
        name = node.input[zero]
        if name in seen and name in constants:
            own = f"{name}_of_{number}"
            graph.initializer.append(numpy_helper.from_array(numpy_helper.to_array(constants[name]), own))
            node.input[zero] = own
        seen.add(name)


def shifted(model: Any) -> int:
    """Add 128 to signed weights of products and convolutions, and to their zero points.

    What is read otherwise, such as a table of embeddings that rows are gathered from, is no factor of a product and stays.

    Args:
        model: an ONNX model with its weights in memory; changed in place.

    Returns:
        How many weights were changed.
    """
    from onnx import numpy_helper

    graph = model.graph
    constants = {constant.name: constant for constant in graph.initializer}
    readers: dict[str, list[tuple[Any, int]]] = {}
    for node in graph.node:
        for place, name in enumerate(node.input):
            readers.setdefault(name, []).append((node, place))
    changed = 0
    for name, constant in constants.items():
        reading = readers.get(name, [])
        if not reading or any(
            node.op_type not in PLACES or PLACES[node.op_type][0] != place for node, place in reading
        ):
            continue
        weights = numpy_helper.to_array(constant)
        if weights.dtype != np.int8:
            continue
        for number, (node, _) in enumerate(reading):
            _, scale, zero = PLACES[node.op_type]
            own = f"{name}_unsigned_zero_{number}"
            graph.initializer.append(numpy_helper.from_array(_zero_point(node, scale, zero, constants), own))
            before = [*node.input, *([""] * (zero - len(node.input)))]
            node.input[:] = [*before[:zero], own]
        constant.CopyFrom(numpy_helper.from_array(_plus(weights), name))
        changed += 1
    return changed


def _zero_point(node: Any, scale: int | None, zero: int, constants: dict[str, Any]) -> Array:
    """The zero point of an operator's weights, plus 128; where it has none, 128 in the shape of their scale."""
    from onnx import numpy_helper

    if len(node.input) > zero and node.input[zero]:
        return _plus(numpy_helper.to_array(constants[node.input[zero]]))
    shape = () if scale is None else numpy_helper.to_array(constants[node.input[scale]]).shape
    return np.full(shape, SHIFT, np.uint8)


def _plus(values: Array) -> Array:
    return (values.astype(np.int16) + SHIFT).astype(np.uint8)
