"""General operators become the special ones that compilers of NPUs and FPGAs know, where they say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from burnish.exporters.onnx.graph import attribute_of, constant_of, initializer, rank_of

if TYPE_CHECKING:
    import onnx_ir as ir


def plain(model: ir.Model) -> dict[str, int]:
    """Change a model in place; returns what was done how often."""
    import onnx_ir.passes.common as passes

    passes.ShapeInferencePass()(model)
    pooled = sum(_pool(model.graph, node) for node in list(model.graph))
    reshaped = sum(_reshape(model.graph, node) for node in list(model.graph))
    passes.RemoveUnusedNodesPass()(model)
    done = {"means made poolings": pooled, "gathers made reshapes": reshaped}
    return {what: n for what, n in done.items() if n}


def _pool(graph: ir.Graph, node: ir.Node) -> bool:
    """The mean over height and width of pictures is a global average pooling."""
    states = node.inputs[0] if node.inputs else None
    if node.op_type != "ReduceMean" or states is None or rank_of(states) != 4 or len(node.inputs) < 2:
        return False
    axes = constant_of(node.inputs[1])
    if axes is None or sorted(int(a) % 4 for a in axes.ravel()) != [2, 3]:
        return False
    _replace(graph, node, "GlobalAveragePool", [states], flatten=not attribute_of(node, "keepdims", 1))
    return True


def _reshape(graph: ir.Graph, node: ir.Node) -> bool:
    """To gather all places of a vector in their order is to reshape it (what torch.export makes of as_strided)."""
    vector = node.inputs[0] if node.inputs else None
    if node.op_type != "Gather" or vector is None or rank_of(vector) != 1 or vector.shape is None:
        return False
    places = constant_of(node.inputs[1])
    size = vector.shape[0]
    if places is None or not isinstance(size, int) or not np.array_equal(places.ravel(), np.arange(size)):
        return False
    shape = initializer(graph, f"{node.outputs[0].name}_shape", np.array(places.shape, np.int64))
    _replace(graph, node, "Reshape", [vector, shape])
    return True


def _replace(graph: ir.Graph, node: ir.Node, kind: str, inputs: list[Any], *, flatten: bool = False) -> None:
    import onnx_ir as ir

    old = node.outputs[0]
    made = [ir.node(kind, inputs, num_outputs=1)]
    if flatten:
        made[0].outputs[0].name, made[0].outputs[0].dtype = f"{old.name}_pooled", old.dtype
        made.append(ir.node("Flatten", [made[0].outputs[0]], attributes={"axis": 1}, num_outputs=1))
    new = made[-1].outputs[0]
    new.dtype, new.shape = old.dtype, old.shape
    name = old.name
    old.name = f"{name}_before"
    new.name = name
    old.replace_all_uses_with(new, replace_graph_outputs=True)
    graph.insert_before(node, made)
