"""Exact changes to an exported graph that make it faster: they compute less, or the same in fewer steps."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx_ir as ir

ELEMENTWISE = ("Add", "Sub", "Mul", "Div", "Gelu", "Erf", "Tanh", "Relu", "Sigmoid", "Cast", "Identity", "Clip")
ROUNDING = ("QuantizeLinear", "DequantizeLinear")
FOLLOWED = (*ELEMENTWISE, *ROUNDING, "LayerNormalization", "MatMul", "Reshape", "Transpose", "Attention")


def narrow_to_first(graph: ir.Graph) -> int:
    """Compute what only ends in the first place of an axis for that place alone; returns how many operators changed.

    A classifier that reads the first token ends in `hidden[:, 0]`. What leads there token by token (normalisation,
    projections, GELU, sums, the queries of attention) needs no other token; keys and values do. So of the last block
    of an encoder only keys and values are computed for all tokens. The results are the same numbers.
    """
    axes = _needed_axes(graph)
    if not axes:
        return 0
    made: dict[tuple[ir.Value, int], ir.Value] = {}
    for node in list(graph):
        output = node.outputs[0]
        if output in axes and _seeds(node) is None:
            _narrow_inputs(graph, node, axes, made)
    return sum(len(v.shape or ()) > 2 for v in axes)


def _needed_axes(graph: ir.Graph) -> dict[ir.Value, int]:
    """Values of which only place 0 of one axis is needed, with the axis; from the end of the graph to its beginning."""
    demands: dict[ir.Value, set[int | None]] = defaultdict(set)
    for value in graph.outputs:
        demands[value].add(None)
    axes: dict[ir.Value, int] = {}
    for node in reversed(list(graph)):
        seed = _seeds(node)
        output = node.outputs[0]
        asked = set().union(*(demands[v] for v in node.outputs))
        only = asked.pop() if len(asked) == 1 else None
        through = None if only is None or len(node.outputs) > 1 else _through(node, only)
        if through is not None and only is not None:
            axes[output] = only
        for place, value in enumerate(node.inputs):
            if value is not None:
                demands[value].add(seed if seed is not None and place == 0 else (through or {}).get(place))
    return axes


def _seeds(node: ir.Node) -> int | None:
    """The axis of which this node reads place 0 only."""
    if node.op_type != "Gather" or node.inputs[1] is None or node.inputs[0] is None:
        return None
    index = constant_of(node.inputs[1])
    rank = rank_of(node.inputs[0])
    if index is None or index.ndim != 0 or int(index) != 0 or rank is None:
        return None
    axis = attribute_of(node, "axis", 0) % rank
    return axis if rank >= 3 and axis >= 1 else None


def _through(node: ir.Node, axis: int) -> dict[int, int] | None:
    """Which axis of which input is then needed at place 0 only; None where the operator cannot be narrowed."""
    rank = rank_of(node.outputs[0])
    if rank is None or node.op_type not in FOLLOWED or any(v is not None and rank_of(v) is None for v in node.inputs):
        return None
    if node.op_type in ROUNDING:
        return {0: axis} if "axis" not in node.attributes or rank_of(node.inputs[1]) == 0 else None
    if node.op_type in ELEMENTWISE:
        axes = {}
        for place, value in enumerate(node.inputs):
            input_axis = axis - rank + (rank_of(value) or 0) if value is not None else -1
            if value is not None and input_axis >= 0 and _size(value, input_axis) != 1:
                axes[place] = input_axis
        return axes
    if node.op_type == "LayerNormalization":
        first = attribute_of(node, "axis", -1)
        return {0: axis} if axis < first % rank and len(node.outputs) == 1 else None
    if node.op_type == "MatMul":
        second = node.inputs[1]
        fits = second is not None and rank_of(second) == 2 and axis < rank - 1
        return {0: axis} if fits else None
    if node.op_type == "Transpose":
        order = node.attributes["perm"].as_ints() if "perm" in node.attributes else list(range(rank))[::-1]
        return {0: order[axis]}
    if node.op_type == "Reshape":
        return {0: axis} if _splits_last_axis(node, axis) else None
    return _through_attention(node, axis, rank)


def _through_attention(node: ir.Node, axis: int, rank: int) -> dict[int, int] | None:
    """Queries, and the mask's rows for them; keys and values stay whole. Only batch x heads x length x size."""
    plain = rank == 4 and axis == 2 and len(node.outputs) == 1 and not attribute_of(node, "is_causal", 0)
    if not plain or len([v for v in node.inputs[4:] if v is not None]):
        return None
    axes = {0: 2}
    mask = node.inputs[3] if len(node.inputs) > 3 else None
    if mask is not None:
        mask_axis = (rank_of(mask) or 0) - 2
        if mask_axis < 0:
            return None
        if _size(mask, mask_axis) != 1:
            axes[3] = mask_axis
    return axes


def _splits_last_axis(node: ir.Node, axis: int) -> bool:
    """Whether a Reshape only splits the last axis in two or joins the last two, and leaves `axis` before them alone."""
    before, after = rank_of(node.inputs[0]), rank_of(node.outputs[0])
    source, result = node.inputs[0], node.outputs[0]
    if before is None or after is None or source is None or source.shape is None or result.shape is None:
        return False
    kept = min(before, after) - 1
    same = all(str(source.shape[a]) == str(result.shape[a]) for a in range(kept))
    tail = result.shape if after > before else source.shape
    return abs(before - after) == 1 and same and axis < kept and all(isinstance(n, int) for n in tail[kept:])


def _narrow_inputs(
    graph: ir.Graph, node: ir.Node, axes: dict[ir.Value, int], made: dict[tuple[ir.Value, int], ir.Value]
) -> None:
    """Let a node read place 0 of its inputs, cut where they are needed whole elsewhere, and say its new shape."""
    import onnx_ir as ir

    output = node.outputs[0]
    axis = axes[output]
    for place, input_axis in (_through(node, axis) or {}).items():
        value = node.inputs[place]
        assert value is not None
        if axes.get(value) == input_axis:
            continue
        if (value, input_axis) not in made:
            made[value, input_axis] = _sliced(graph, node, value, input_axis)
        node.replace_input_with(place, made[value, input_axis])
    assert output.shape is not None
    sizes = [1 if a == axis else n for a, n in enumerate(output.shape)]
    if node.op_type == "Reshape":
        node.attributes.pop("allowzero", None)  # 0 in the shape means: as the input has it
        numbers = [n if isinstance(n, int) and a != 0 else 0 for a, n in enumerate(sizes)]
        node.replace_input_with(1, initializer(graph, f"{output.name}_shape", np.array(numbers, np.int64)))
    output.shape = ir.Shape(sizes)


def _sliced(graph: ir.Graph, before: ir.Node, value: ir.Value, axis: int) -> ir.Value:
    import onnx_ir as ir

    name = f"{value.name}_first{axis}"
    bounds = {"start": 0, "end": 1, "axis": axis}
    ends = [initializer(graph, f"{name}_{word}", np.array([n], np.int64)) for word, n in bounds.items()]
    node = ir.node("Slice", [value, *ends], num_outputs=1)
    output = node.outputs[0]
    output.name = name
    output.dtype = value.dtype
    if value.shape is not None:
        output.shape = ir.Shape([1 if a == axis else n for a, n in enumerate(value.shape)])
    graph.insert_before(before, node)
    return output


def merge_projections(graph: ir.Graph) -> int:
    """Multiply states with several weight matrices at once; returns how many groups were merged.

    Queries, keys and values are three products of the same states: one product with the matrices side by side has the
    same numbers, reads the states once, and quantises them once.
    """
    import onnx_ir as ir

    groups: dict[tuple[ir.Value, int], list[ir.Node]] = defaultdict(list)
    for node in graph:
        if node.op_type == "MatMul" and node.inputs[0] is not None and _weight(node) is not None:
            groups[node.inputs[0], _weight(node).shape[0]].append(node)
    merged = 0
    for (states, _), nodes in groups.items():
        if len(nodes) < 2 or any(_bias(n) is None for n in nodes):
            continue
        adds, biases = zip(*(_bias(n) for n in nodes), strict=True)
        weights = [_weight(n) for n in nodes]
        label = f"{nodes[0].outputs[0].name}_merged"
        matrix = initializer(graph, f"{label}_weight", np.concatenate(weights, axis=1))
        vector = initializer(graph, f"{label}_bias", np.concatenate(biases))
        sizes = initializer(graph, f"{label}_sizes", np.array([len(b) for b in biases], np.int64))
        product = ir.node("MatMul", [states, matrix], num_outputs=1)
        summed = ir.node("Add", [product.outputs[0], vector], num_outputs=1)
        split = ir.node("Split", [summed.outputs[0], sizes], attributes={"axis": -1}, num_outputs=len(nodes))
        for node, word in ((product, "product"), (summed, "sum")):
            node.outputs[0].name = f"{label}_{word}"
            node.outputs[0].dtype = states.dtype
        for new, old in zip(split.outputs, adds, strict=True):
            new.name, new.dtype, new.shape = f"{old.outputs[0].name}_part", old.outputs[0].dtype, old.outputs[0].shape
            old.outputs[0].replace_all_uses_with(new)
        graph.insert_before(nodes[0], [product, summed, split])
        merged += 1
    return merged


def _weight(node: ir.Node) -> Any:
    value = node.inputs[1]
    weight = constant_of(value) if value is not None else None
    return weight if weight is not None and weight.ndim == 2 else None


def _bias(node: ir.Node) -> tuple[ir.Node, Any] | None:
    """The addition of a constant vector that is the only reader of a product, and the vector."""
    uses = list(node.outputs[0].uses())
    if len(uses) != 1 or uses[0].node.op_type != "Add":
        return None
    other = uses[0].node.inputs[1 - uses[0].idx]
    vector = constant_of(other) if other is not None else None
    return (uses[0].node, vector) if vector is not None and vector.ndim == 1 else None


def initializer(graph: ir.Graph, name: str, array: Any) -> ir.Value:
    """A new constant of a graph."""
    import onnx_ir as ir

    value = ir.Value(name=name, const_value=ir.tensor(array, name=name))
    value.shape, value.dtype = ir.Shape(array.shape), ir.DataType.from_numpy(array.dtype)
    graph.initializers[name] = value
    return value


def constant_of(value: ir.Value) -> Any:
    """The array of a constant; None for other values."""
    tensor = value.const_value
    return None if tensor is None else tensor.numpy()


def rank_of(value: ir.Value | None) -> int | None:
    """How many axes a value has, where that is known."""
    return None if value is None or value.shape is None else len(value.shape)


def _size(value: ir.Value, axis: int) -> int | None:
    size = value.shape[axis] if value.shape is not None else None
    return size if isinstance(size, int) else None


def attribute_of(node: ir.Node, name: str, default: int) -> int:
    """A whole number of a node."""
    return int(node.attributes[name].as_int()) if name in node.attributes else default
