"""Rotary position embeddings as the standard has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx_ir as ir


def whole_caches(graph: ir.Graph) -> int:
    """Give each row its own sines and cosines; returns how many operators were given them.

    RotaryEmbedding of opset 23 without position numbers wants its caches as [rows, tokens, half of a head]
    (https://onnx.ai/onnx/operators/onnx__RotaryEmbedding.html). torch.onnx finds the operator in networks whose rows
    share one cache, [1, tokens, half of a head], and leaves that as it is: right for one row, an error for two.
    """
    made: dict[tuple[ir.Value, ir.Value], ir.Value] = {}
    nodes = [n for n in graph if n.op_type == "RotaryEmbedding" and n.domain == "" and len(n.inputs) == 3]
    for node in nodes:
        states, *caches = node.inputs
        for place, cache in enumerate(caches, start=1):
            if states is None or cache is None:
                continue
            if (states, cache) not in made:
                made[states, cache] = _expanded(graph, node, states, cache)
            node.replace_input_with(place, made[states, cache])
    return len(nodes)


def _expanded(graph: ir.Graph, node: ir.Node, states: ir.Value, cache: ir.Value) -> ir.Value:
    """The cache once for each row of the states."""
    import numpy as np
    import onnx_ir as ir

    from burnish.exporters.onnx.graph import initializer

    name = f"{states.name}_{cache.name}"
    rows = ir.node("Shape", [states], attributes={"start": 0, "end": 1})
    ones = initializer(graph, f"{name}_ones", np.array([1, 1], np.int64))
    shape = ir.node("Concat", [rows.outputs[0], ones], attributes={"axis": 0})
    each = ir.node("Expand", [cache, shape.outputs[0]])
    for added, word in ((rows, "rows"), (shape, "shape"), (each, "each_row")):
        added.outputs[0].name = f"{name}_{word}"
    if cache.dtype is not None:  # that of a value in the middle may be unknown
        each.outputs[0].dtype = cache.dtype
    graph.insert_before(node, [rows, shape, each])
    return each.outputs[0]
