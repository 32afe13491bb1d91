"""Attention over states as projections give them, without turning heads before tokens and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from burnish.exporters.onnx.graph import rank_of

if TYPE_CHECKING:
    import onnx_ir as ir

HEADS_FIRST = [0, 2, 1, 3]
"""From [batch, tokens, heads, size] to [batch, heads, tokens, size], and back."""


def flatten_attention(graph: ir.Graph) -> int:
    """Give attention its states as [batch, tokens, heads x size]; returns how many operators changed.

    Attention of opset 23 takes both forms (https://onnx.ai/onnx/operators/onnx__Attention.html) and has the same numbers.
    torch.onnx writes the four-dimensional one, with three Reshapes and Transposes before it and one of each behind it:
    a tenth of the time of an int8 MiniLM. Where something else stands between (rotary embeddings, say), it stays.
    """
    import onnx_ir as ir

    changed = 0
    for node in [n for n in graph if n.op_type == "Attention" and n.domain == ""]:
        flat = [_flat_source(value) for value in node.inputs[:3]]
        behind = _flat_result(node)
        heads = [_heads(value) for value in node.inputs[:2]]
        kept = [value for value in node.inputs[4:] if value is not None]
        if behind is None or None in flat or None in heads or kept or len(node.outputs) > 1:
            continue
        for place, value in enumerate(flat):
            node.replace_input_with(place, value)
        for name, number in zip(("q_num_heads", "kv_num_heads"), heads, strict=True):
            node.attributes.add(ir.AttrInt64(name, number or 0))
        output = node.outputs[0]
        output.shape = behind.shape
        behind.replace_all_uses_with(output)
        changed += 1
    return changed


def _flat_source(value: ir.Value | None) -> ir.Value | None:
    """What a Reshape into heads and a Transpose of heads before tokens were made of; None where these are not there."""
    turned = _made_by(value, "Transpose")
    split = _made_by(turned.inputs[0], "Reshape") if turned is not None and _is_heads_first(turned) else None
    source = split.inputs[0] if split is not None else None
    whole = split is not None and rank_of(source) == 3 and rank_of(split.outputs[0]) == 4
    return source if whole and _joins(source, split.outputs[0] if split is not None else None) else None


def _flat_result(node: ir.Node) -> ir.Value | None:
    """What a Transpose and a Reshape make of the result, where nothing else reads it; None where these are not there."""
    turned = _only_reader(node.outputs[0], "Transpose")
    joined = _only_reader(turned.outputs[0], "Reshape") if turned is not None and _is_heads_first(turned) else None
    if turned is None or joined is None or rank_of(joined.outputs[0]) != 3:
        return None
    return joined.outputs[0] if _joins(joined.outputs[0], turned.outputs[0]) else None


def _joins(flat: ir.Value | None, heads: ir.Value | None) -> bool:
    """Whether the last axis of the one is the last two axes of the other."""
    if flat is None or heads is None or flat.shape is None or heads.shape is None:
        return False
    last, number, size = flat.shape[-1], heads.shape[-2], heads.shape[-1]
    return isinstance(last, int) and isinstance(number, int) and isinstance(size, int) and last == number * size


def _heads(value: ir.Value | None) -> int | None:
    number = value.shape[1] if value is not None and value.shape is not None and rank_of(value) == 4 else None
    return number if isinstance(number, int) else None


def _is_heads_first(node: ir.Node) -> bool:
    return "perm" in node.attributes and list(node.attributes["perm"].as_ints()) == HEADS_FIRST


def _made_by(value: ir.Value | None, operator: str) -> ir.Node | None:
    node = value.producer() if value is not None else None
    return node if node is not None and node.op_type == operator else None


def _only_reader(value: ir.Value, operator: str) -> ir.Node | None:
    uses = list(value.uses())
    alone = len(uses) == 1 and uses[0].node.op_type == operator and uses[0].idx == 0 and not value.is_graph_output()
    return uses[0].node if alone else None
