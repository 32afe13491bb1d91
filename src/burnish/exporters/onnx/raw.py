"""The whole preprocessing before a finished ONNX graph: it then reads texts, a picture of any size, or a sound of any
length, one row at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.exporters.onnx import FILE, LARGEST, WEIGHTS
from burnish.exporters.onnx.tokens import LIBRARY, tokenizing
from burnish.exporters.onnx.tracing import traced
from burnish.media.text.raw import TextFront

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, ValueInfoProto

    from burnish.media.picture.graph import Resized
    from burnish.media.sound.graph import Heard

PILLOW = -0.5  # of its cubic; torch.onnx writes -0.75, which is that of torch's own cubic without antialias
STRING = 8  # TensorProto.STRING


def preceded_by(front: TextFront | Resized | Heard, model: Path, folder: Path) -> dict[str, Any]:
    """Write the graph `model` with `front` before it into `folder`.

    Returns:
        For artifact.json: `file`, `inputs`, `raw`, and `library` where one must be registered.
    """
    import onnx
    from onnx import compose

    whole = onnx.load(model)
    opset = next(o.version for o in whole.opset_import if o.domain in ("", "ai.onnx"))
    library = {}
    if isinstance(front, TextFront):
        made, library = tokenizing(front, opset), {"library": LIBRARY}
    else:
        made = _traced(front, opset)
        if getattr(front, "joins", True):
            _mean_of_views(whole.graph)  # of a picture there is one
    made.ir_version = whole.ir_version = max(made.ir_version, whole.ir_version)
    read = {value.name for value in whole.graph.input}
    pairs = [(value.name, value.name) for value in made.graph.output if value.name in read]
    made = compose.add_prefix(made, "raw.", rename_inputs=False, rename_outputs=False)
    joined = compose.merge_models(made, whole, io_map=pairs, outputs=["logits"], producer_name="burnish")
    large = joined.ByteSize() > LARGEST
    onnx.save(joined, folder / FILE, save_as_external_data=large, location=WEIGHTS if large else None)
    inputs = {value.name: _described(value) for value in joined.graph.input}
    return {"file": FILE, "inputs": inputs, "raw": True, **library}


def _described(value: ValueInfoProto) -> dict[str, Any]:
    """Type and shape of an input, for artifact.json."""
    from onnx import helper

    told = value.type.tensor_type
    kind = "string" if told.elem_type == STRING else helper.tensor_dtype_to_np_dtype(told.elem_type).name
    return {"type": kind, "shape": [axis.dim_param or axis.dim_value for axis in told.shape.dim]}


def _traced(front: Resized | Heard, opset: int) -> ModelProto:
    """`picture` uint8 [1, height, width, 3], or `waveform` float32 [1, samples], to what the network reads."""
    import torch
    from onnx import helper

    class Alone(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.front = front

        def forward(self, row: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return tuple(self.front(row).values())

    sample = front.sample()
    with torch.no_grad():
        names = list(front(sample))
    made: ModelProto = traced(Alone().eval(), [sample], [front.name], names, {"row": front.free}, opset).model_proto
    for node in made.graph.node:
        del node.metadata_props[:]
        for attribute in node.attribute if node.op_type == "Resize" else ():
            if attribute.name == "cubic_coeff_a":
                attribute.CopyFrom(helper.make_attribute("cubic_coeff_a", PILLOW))
    return made


def _mean_of_views(graph: GraphProto) -> None:
    """Let `logits` be the mean over all rows: those of one sound."""
    from onnx import helper

    for node in graph.node:
        for place, name in enumerate(node.output):
            if name == "logits":
                node.output[place] = "logits_of_views"
    graph.node.append(helper.make_node("Constant", [], ["views"], value_ints=[0]))
    graph.node.append(helper.make_node("ReduceMean", ["logits_of_views", "views"], ["logits"], keepdims=1))
