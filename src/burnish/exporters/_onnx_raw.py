"""The whole preprocessing before a finished ONNX graph: it then reads texts, or a picture of any size, one row at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.exporters._onnx_tokens import LIBRARY, tokenizing
from burnish.exporters.onnx import FILE, LARGEST, WEIGHTS, traced
from burnish.inputs._raw_texts import TextFront

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch import nn

PILLOW = -0.5  # of its cubic; torch.onnx writes -0.75, which is that of torch's own cubic without antialias
SMALLEST = 16  # pixels a side of the picture that is traced with; any size is read later


def preceded_by(front: TextFront | nn.Module, model: Path, folder: Path) -> dict[str, Any]:
    """Write the graph `model` with `front` before it into `folder`.

    Returns:
        For artifact.json: `file`, `inputs`, `raw`, and `library` where one must be registered.
    """
    import onnx
    from onnx import compose

    whole = onnx.load(model)
    opset = next(o.version for o in whole.opset_import if o.domain in ("", "ai.onnx"))
    made = tokenizing(front, opset) if isinstance(front, TextFront) else _traced(front, opset)
    made.ir_version = whole.ir_version = max(made.ir_version, whole.ir_version)
    read = {value.name for value in whole.graph.input}
    pairs = [(value.name, value.name) for value in made.graph.output if value.name in read]
    made = compose.add_prefix(made, "raw.", rename_inputs=False, rename_outputs=False)
    joined = compose.merge_models(made, whole, io_map=pairs, outputs=["logits"], producer_name="burnish")
    large = joined.ByteSize() > LARGEST
    onnx.save(joined, folder / FILE, save_as_external_data=large, location=WEIGHTS if large else None)
    texts = isinstance(front, TextFront)
    inputs = {
        value.name: {
            "type": "string" if texts else "uint8",
            "shape": [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim],
        }
        for value in joined.graph.input
    }
    return {"file": FILE, "inputs": inputs, "raw": True, **({"library": LIBRARY} if texts else {})}


def _traced(front: nn.Module, opset: int) -> ModelProto:
    """`picture` uint8 [1, height, width, 3] to `pixel_values`."""
    import torch
    from onnx import helper

    class Alone(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.front = front

        def forward(self, picture: torch.Tensor) -> torch.Tensor:
            (found,) = self.front(picture).values()
            return found  # type: ignore[no-any-return]

    picture = torch.zeros(1, SMALLEST, SMALLEST + 1, 3, dtype=torch.uint8)
    free = {"picture": {1: "height", 2: "width"}}
    made: ModelProto = traced(Alone().eval(), [picture], ["picture"], "pixel_values", free, opset).model_proto
    for node in made.graph.node:
        del node.metadata_props[:]
        for attribute in node.attribute if node.op_type == "Resize" else ():
            if attribute.name == "cubic_coeff_a":
                attribute.CopyFrom(helper.make_attribute("cubic_coeff_a", PILLOW))
    return made
