"""The whole preprocessing before a finished ONNX graph: it then reads a text, or a picture of any size, one row at a time.

Texts are cut into tokens by an operator of onnxruntime-extensions (https://github.com/microsoft/onnxruntime-extensions,
docs/custom_text_ops.md, version 0.15), whose library every program that opens the file must register.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.exporters.onnx import FILE, LARGEST, WEIGHTS, traced
from burnish.inputs._raw_texts import WordPieces

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch import nn

DOMAIN, LIBRARY = "ai.onnx.contrib", "onnxruntime-extensions"
PILLOW = -0.5  # of its cubic; torch.onnx writes -0.75, which is that of torch's own cubic without antialias
SMALLEST = 16  # pixels a side of the picture that is traced with; any size is read later


def preceded_by(front: WordPieces | nn.Module, model: Path, folder: Path) -> dict[str, Any]:
    """Write the graph `model` with `front` before it into `folder`.

    Returns:
        For artifact.json: `file`, `inputs`, `raw`, and `library` where one must be registered.
    """
    import onnx
    from onnx import compose

    whole = onnx.load(model)
    opset = next(o.version for o in whole.opset_import if o.domain in ("", "ai.onnx"))
    made = _tokenizing(front, opset) if isinstance(front, WordPieces) else _traced(front, opset)
    made.ir_version = whole.ir_version = max(made.ir_version, whole.ir_version)
    read = {value.name for value in whole.graph.input}
    pairs = [(value.name, value.name) for value in made.graph.output if value.name in read]
    made = compose.add_prefix(made, "raw.", rename_inputs=False, rename_outputs=False)
    joined = compose.merge_models(made, whole, io_map=pairs, outputs=["logits"], producer_name="burnish")
    large = joined.ByteSize() > LARGEST
    onnx.save(joined, folder / FILE, save_as_external_data=large, location=WEIGHTS if large else None)
    (value,) = joined.graph.input
    kind = "string" if isinstance(front, WordPieces) else "uint8"
    shape = [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
    told = {"file": FILE, "inputs": {value.name: {"type": kind, "shape": shape}}, "raw": True}
    return {**told, "library": LIBRARY} if isinstance(front, WordPieces) else told


def _tokenizing(front: WordPieces, opset: int) -> ModelProto:
    """`text` string [1] to arrays int64 [1, tokens]."""
    from onnx import TensorProto, helper

    operator = helper.make_node(
        "BertTokenizer",
        ["text"],
        ["ids", "types", "real"],
        domain=DOMAIN,
        vocab_file="\n".join(front.vocabulary) + "\n",
        do_lower_case=int(front.lowercase),
        strip_accents=int(front.strip_accents),
        tokenize_chinese_chars=int(front.chinese),
        unk_token=front.unknown,
        cls_token=front.start,
        sep_token=front.end,
        suffix_indicator=front.prefix,
        max_length=-1 if front.max_length is None else front.max_length,
    )
    first = helper.make_node("Constant", [], ["first"], value_ints=[0])
    given = {"input_ids": "ids", "attention_mask": "real", "token_type_ids": "types"}
    rows = [helper.make_node("Unsqueeze", [given[name], "first"], [name]) for name in front.names]
    graph = helper.make_graph(
        [operator, first, *rows],
        "tokenizer",
        [helper.make_tensor_value_info("text", TensorProto.STRING, [1])],
        [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "length"]) for name in front.names],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid(DOMAIN, 1)])


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
