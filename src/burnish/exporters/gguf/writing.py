"""What stands in a GGUF file: settings of the architecture, the tokenizer, and the tensors under their names there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import gguf
import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.exporters import Exportable
from burnish.exporters.gguf.vocabulary import add_vocabulary

if TYPE_CHECKING:
    from burnish.core.network import Network

ARCHITECTURES = {"llama": "LLAMA", "mistral": "LLAMA", "qwen2": "QWEN2", "qwen3": "QWEN3"}
"""From `model_type` of transformers to the name that gguf has for the architecture."""
TURNED = ("llama", "mistral")
"""Kinds whose queries and keys llama.cpp rotates by pairs of neighbours, and transformers by halves."""
BLOCK = 32  # numbers that share a scale in q8_0


def write(source: Exportable, path: Path, precision: str) -> None:
    """Write a model of transformers as a GGUF file.

    Raises:
        InputError: an architecture, positions or a tokenizer that are not written here.
    """
    network = cast("Network", source.network)
    model: Any = network.backbone()
    config = model.config
    name = ARCHITECTURES.get(config.model_type)
    if name is None:
        raise _unknown(f"architecture {config.model_type!r}", ", ".join(ARCHITECTURES))
    architecture = gguf.MODEL_ARCH[name]
    writer = gguf.GGUFWriter(str(path), gguf.MODEL_ARCH_NAMES[architecture])
    _add_settings(writer, config, precision)
    add_vocabulary(writer, source.model, int(config.vocab_size))
    names = gguf.get_tensor_name_map(architecture, int(config.num_hidden_layers))
    for tensor, values in _tensors(model, config):
        known = names.get_name(tensor, try_suffixes=(".weight", ".bias"))
        if known is None:
            raise _unknown(f"tensor {tensor!r}", "tensors that llama.cpp knows")
        kind = _kind(values, precision)
        data = gguf.quants.quantize(values, kind)
        writer.add_tensor(known, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_settings(writer: Any, config: Any, precision: str) -> None:
    rope = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    kind = rope.get("rope_type", "default")
    if kind not in ("default", None):
        raise _unknown(f"positions of the kind {kind!r}", "plain rotary positions")
    heads = int(config.num_attention_heads)
    size = int(getattr(config, "head_dim", None) or config.hidden_size // heads)
    writer.add_context_length(int(config.max_position_embeddings))
    writer.add_embedding_length(int(config.hidden_size))
    writer.add_block_count(int(config.num_hidden_layers))
    writer.add_feed_forward_length(int(config.intermediate_size))
    writer.add_head_count(heads)
    writer.add_head_count_kv(int(getattr(config, "num_key_value_heads", None) or heads))
    writer.add_key_length(size)
    writer.add_value_length(size)
    writer.add_rope_dimension_count(size)
    writer.add_rope_freq_base(float(rope.get("rope_theta", getattr(config, "rope_theta", 10000.0))))
    writer.add_layer_norm_rms_eps(float(config.rms_norm_eps))
    writer.add_vocab_size(int(config.vocab_size))
    types = {"float32": "ALL_F32", "float16": "MOSTLY_F16", "q8_0": "MOSTLY_Q8_0"}
    writer.add_file_type(int(gguf.LlamaFileType[types[precision]]))
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def _tensors(model: Any, config: Any) -> list[tuple[str, NDArray[np.float32]]]:
    """Names of transformers with float32 values, as llama.cpp wants them turned; shared matrices once."""
    tied = bool(getattr(config, "tie_word_embeddings", False))
    state: Mapping[str, Any] = model.state_dict()
    out = []
    for name, value in state.items():
        if tied and name == "lm_head.weight":
            continue  # llama.cpp takes the embeddings where there is none
        values = value.detach().float().cpu().numpy()
        if config.model_type in TURNED and name.split(".")[-2] in ("q_proj", "k_proj"):
            heads = config.num_attention_heads if name.split(".")[-2] == "q_proj" else config.num_key_value_heads
            values = _turned(values, int(heads))
        out.append((name, np.ascontiguousarray(values, np.float32)))
    return out


def _turned(values: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """[heads x size, ...] with the halves of each head interleaved."""
    rows = values.shape[0]
    halves = values.reshape(heads, 2, rows // heads // 2, *values.shape[1:])
    return halves.swapaxes(1, 2).reshape(values.shape)


def _kind(values: NDArray[np.float32], precision: str) -> Any:
    kinds = gguf.GGMLQuantizationType
    if values.ndim < 2 or precision == "float32":
        return kinds.F32
    if precision == "q8_0" and values.shape[-1] % BLOCK == 0:
        return kinds.Q8_0
    return kinds.F16


def _unknown(what: str, expected: str) -> InputError:
    return InputError(
        f"{what} cannot be written as GGUF here",
        expected=expected,
        fix="export to safetensors or ctranslate2",
        place="--to gguf",
    )
