"""The operators of an ONNX file, with the work each does."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

from burnish.hardware import PAIR, Operator

MULTIPLYING = ("Conv", "ConvTranspose", "Gemm", "MatMul")
FLOAT = 1  # onnx.TensorProto.FLOAT


def read(path: Path) -> list[Operator]:
    """Every operator of the main graph, in order; shapes are inferred, weights are not read."""
    import onnx

    model = onnx.shape_inference.infer_shapes(onnx.load(str(path), load_external_data=False))
    return _Graph(model.graph).operators()


class _Graph:
    """A graph with the types and shapes of its values, and which node makes each."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.constants = {c.name: tuple(c.dims) for c in graph.initializer}
        self.types = {c.name: c.data_type for c in graph.initializer}
        self.shapes = dict(self.constants)
        for value in [*graph.input, *graph.value_info, *graph.output]:
            tensor = value.type.tensor_type
            self.types[value.name] = tensor.elem_type
            self.shapes.setdefault(value.name, tuple(d.dim_value for d in tensor.shape.dim))
        self.makers = {name: node for node in graph.node for name in node.output}

    def operators(self) -> list[Operator]:
        return [
            Operator(
                name=node.name or node.output[0],
                kind=node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}:{node.op_type}",
                shape=self.shapes.get(node.output[0], ()),
                multiplications=self._multiplications(node),
                constant=len(node.input) > 1 and self._is_constant(node.input[1]),
                quantised=self._is_quantised(node),
            )
            for node in self.graph.node
        ]

    def _is_constant(self, name: str) -> bool:
        maker = self.makers.get(name)
        if maker is None:
            return name in self.constants
        return maker.op_type == "Constant" or (maker.op_type in PAIR and self._is_constant(maker.input[0]))

    def _is_quantised(self, node: Any) -> bool:
        """Whether every floating-point input comes from integers; small constants beside them may be plain."""
        for place, name in enumerate(node.input):
            if not name or self.types.get(name, FLOAT) != FLOAT:
                continue
            maker = self.makers.get(name)
            if maker is not None and maker.op_type == "DequantizeLinear":
                continue
            if self._is_constant(name) and not (node.op_type in MULTIPLYING and place == 1):
                continue
            return False
        return True

    def _multiplications(self, node: Any) -> int:
        if node.op_type not in MULTIPLYING or len(node.input) < 2:
            return 0
        shapes: list[tuple[int, ...]] = [self.shapes.get(n, ()) for n in (*node.input[:2], node.output[0])]
        first, second, out = shapes
        if not first or not second:
            return 0
        if node.op_type == "Conv":
            return prod(out) * prod(second[1:])
        if node.op_type == "ConvTranspose":
            return prod(first) * prod(second[1:])
        transposed = node.op_type == "Gemm" and any(a.name == "transA" and a.i for a in node.attribute)
        inner = first[-2] if transposed else first[-1]
        # The output of a graph's last product has no inferred shape where the exporter named none.
        return prod(out or self._product_shape(node, first, second)) * inner

    @staticmethod
    def _product_shape(node: Any, first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
        flags = {a.name: a.i for a in node.attribute}
        rows = first[-1] if flags.get("transA") else first[-2] if len(first) > 1 else 1
        columns = second[-2] if flags.get("transB") else second[-1]
        return (*first[:-2], rows, columns)
