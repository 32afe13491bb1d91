"""Texts to token numbers as an ONNX graph, for one row at a time.

A text is cut into tokens by an operator of onnxruntime-extensions (https://github.com/microsoft/onnxruntime-extensions,
docs/custom_text_ops.md, version 0.15), whose library every program that opens the file must register. Cutting at the
limit and special tokens are standard operators.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from burnish.media.text.raw import BytePairs, TextFront, Unigrams, WordPieces

if TYPE_CHECKING:
    from onnx import ModelProto

DOMAIN, LIBRARY = "ai.onnx.contrib", "onnxruntime-extensions"


class _Nodes(list[Any]):
    """Nodes in the order they are made, each called by its number."""

    def add(self, operator: str, *inputs: str, domain: str = "", outputs: int = 1, **attributes: Any) -> str:
        """A node; the name of its first output."""
        from onnx import helper

        names = [f"{operator}.{len(self)}.{number}" for number in range(outputs)]
        self.append(helper.make_node(operator, list(inputs), names, domain=domain, **attributes))
        return names[0]

    def numbers(self, *values: int) -> str:
        """A constant int64 [n]."""
        return self.add("Constant", value_ints=list(values))

    def texts(self, *values: str) -> str:
        """A constant string [n]."""
        return self.add("Constant", value_strings=list(values))

    def filled(self, like: str, value: int) -> str:
        """`value` as often as there are elements in `like`."""
        from onnx import TensorProto, helper

        number = helper.make_tensor("value", TensorProto.INT64, [1], [value])
        return self.add("ConstantOfShape", self.add("Shape", like), value=number)

    def joined(self, *parts: str) -> str:
        """Vectors one behind the other."""
        return parts[0] if len(parts) == 1 else self.add("Concat", *parts, axis=0)

    def first(self, vector: str, count: str) -> str:
        """The first `count` elements."""
        return self.add("Slice", vector, self.numbers(0), count, self.numbers(0))


def tokenizing(front: TextFront, opset: int) -> ModelProto:
    """`text` string [1], of a pair `text_pair` as well, to arrays int64 [1, tokens]."""
    from onnx import TensorProto, helper

    nodes = _Nodes()
    outputs = _row(nodes, front)
    for name in front.names:
        nodes.append(helper.make_node("Unsqueeze", [outputs[name], nodes.numbers(0)], [name]))
    graph = helper.make_graph(
        nodes,
        "tokenizer",
        [helper.make_tensor_value_info(name, TensorProto.STRING, [1]) for name in front.inputs],
        [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "length"]) for name in front.names],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid(DOMAIN, 1)])


def _row(nodes: _Nodes, front: TextFront) -> dict[str, str]:
    """What the network is given, without the axis of rows."""
    texts = _cut(nodes, [_tokens(nodes, front.cutting, name) for name in front.inputs], front.kept)
    parts = [nodes.numbers(*s.ids) if s.text is None else texts[s.text] for s in front.sections]
    types = [nodes.filled(part, s.type_id) for part, s in zip(parts, front.sections, strict=True)]
    ids, kinds = nodes.joined(*parts), nodes.joined(*types)
    mask = nodes.filled(ids, 1)
    if all(s.text is not None for s in front.sections):  # a row may be empty; the network reads one token at least
        some = nodes.add("Max", nodes.add("Shape", ids), nodes.numbers(1))
        ids, mask, kinds = (
            nodes.first(nodes.joined(vector, nodes.numbers(end)), some)
            for vector, end in ((ids, front.pad), (mask, 0), (kinds, 0))
        )
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": kinds}


def _cut(nodes: _Nodes, texts: list[str], kept: int | None) -> list[str]:
    """At most `kept` tokens together; of a pair the longer text is cut first, as `longest_first` of tokenizers does."""
    if kept is None:
        return texts
    if len(texts) == 1:
        return [nodes.first(texts[0], nodes.numbers(kept))]
    lengths = [nodes.add("Shape", text) for text in texts]
    # The shorter one keeps half at most, the other what is left.
    ends = []
    for shorter, longer in (lengths, lengths[::-1]):
        short = nodes.add("Min", shorter, nodes.numbers(kept // 2))
        ends.append((short, nodes.add("Min", longer, nodes.add("Sub", nodes.numbers(kept), short))))
    order = nodes.add("LessOrEqual", *lengths)
    (first, second), (other_second, other_first) = ends
    return [
        nodes.first(texts[0], nodes.add("Where", order, first, other_first)),
        nodes.first(texts[1], nodes.add("Where", order, second, other_second)),
    ]


def _tokens(nodes: _Nodes, cutting: WordPieces | BytePairs | Unigrams, text: str) -> str:
    """Numbers of the tokens of a text, int64 [tokens], without special ones."""
    if isinstance(cutting, WordPieces):
        tokens = nodes.add("BertTokenizer", text, domain=DOMAIN, outputs=3, **_word_pieces(cutting))
        return nodes.add("Slice", tokens, nodes.numbers(1), nodes.numbers(-1), nodes.numbers(0))  # it puts two there
    if isinstance(cutting, BytePairs):
        if cutting.space:
            spaced = (text, nodes.texts("^([^ ])"), nodes.texts(r" \1"))
            text = nodes.add("StringRegexReplace", *spaced, domain=DOMAIN, global_replace=0)
        tokens = nodes.add("GPT2Tokenizer", text, domain=DOMAIN, outputs=2, **_byte_pairs(cutting))
    else:
        tokens = nodes.add("HfJsonTokenizer", text, domain=DOMAIN, **_unigrams(cutting))
    return nodes.add("Reshape", tokens, nodes.numbers(-1))


def _word_pieces(cutting: WordPieces) -> dict[str, Any]:
    return {
        "vocab_file": "\n".join(cutting.vocabulary) + "\n",
        "do_lower_case": int(cutting.lowercase),
        "strip_accents": int(cutting.strip_accents),
        "tokenize_chinese_chars": int(cutting.chinese),
        "unk_token": cutting.unknown,
        "cls_token": cutting.unknown,
        "sep_token": cutting.unknown,
        "mask_token": cutting.unknown,
        "pad_token": cutting.unknown,
        "suffix_indicator": cutting.prefix,
    }


def _byte_pairs(cutting: BytePairs) -> dict[str, Any]:
    return {
        "vocab": json.dumps(dict(cutting.vocabulary), separators=(",", ":")),
        "merges": "\n".join(cutting.merges),
    }


def _unigrams(cutting: Unigrams) -> dict[str, Any]:
    named = dict.fromkeys(("bos_token", "eos_token", "pad_token", "unk_token"), cutting.unknown)
    config = {"tokenizer_class": "XLMRobertaTokenizer", "add_bos_token": False, "add_eos_token": False, **named}
    return {"tokenizer_config": json.dumps(config), "tokenizer_vocab": cutting.file}
