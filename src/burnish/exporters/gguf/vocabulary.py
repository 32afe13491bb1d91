"""The tokenizer of a bundle as GGUF holds it, with the chat template and the tokens that end a reply."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf

from burnish.core.errors import InputError

_DIGITS = "Digits"
_LLAMA3 = r"\p{N}{1,3}"
_QWEN = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"


def add_vocabulary(writer: Any, folder: Path, size: int) -> None:
    """Tokens, merges, how texts are cut before merging, template, beginning and stop tokens.

    Args:
        writer: of the file.
        folder: the bundle's model, with tokenizer.json.
        size: rows of the embeddings; what the tokenizer lacks of them is filled up.

    Raises:
        InputError: a tokenizer that llama.cpp has no name for.
    """
    values = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    if values["model"]["type"] != "BPE" or values["model"].get("byte_fallback"):
        raise _unknown(f"a tokenizer of the kind {values['model']['type']}")
    words = {number: word for word, number in values["model"]["vocab"].items()}
    added = {one["id"]: one for one in values["added_tokens"]}
    words |= {number: one["content"] for number, one in added.items()}
    kinds = gguf.TokenType
    tokens, types = [], []
    for number in range(max(size, len(words))):
        tokens.append(words.get(number, f"[PAD{number}]"))
        one = added.get(number)
        known = number in words
        kind = kinds.CONTROL if one and one["special"] else kinds.USER_DEFINED if one else kinds.NORMAL
        types.append(kind if known else kinds.UNUSED)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(cut_as(values.get("pre_tokenizer") or {}))
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    merges = values["model"]["merges"]
    writer.add_token_merges([one if isinstance(one, str) else " ".join(one) for one in merges])
    _add_special(writer, folder, {word: number for number, word in words.items()})


def cut_as(rule: dict[str, Any]) -> str:
    """The name that llama.cpp has for how texts are cut before merging.

    Raises:
        InputError: it has none.
    """
    steps = rule.get("pretokenizers", [rule]) if rule.get("type") == "Sequence" else [rule]
    kinds = [step.get("type") for step in steps]
    patterns = [str(step.get("pattern", {}).get("Regex", "")) for step in steps if step.get("type") == "Split"]
    if kinds == ["ByteLevel"] and steps[0].get("use_regex", True):
        return "gpt-2"
    if kinds == [_DIGITS, "ByteLevel"] and steps[0].get("individual_digits"):
        return "smollm"
    if kinds == ["Split", "ByteLevel"] and _LLAMA3 in patterns[0]:
        return "llama-bpe"
    if kinds == ["Split", "ByteLevel"] and _QWEN in patterns[0]:
        return "qwen2"
    raise _unknown(f"a tokenizer that cuts texts by {', '.join(map(str, kinds)) or 'nothing'}")


def _add_special(writer: Any, folder: Path, numbers: dict[str, int]) -> None:
    settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    generation = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
    stops = generation.get("eos_token_id")
    stops = stops if isinstance(stops, list) else [stops]
    if stops and stops[0] is not None:
        writer.add_eos_token_id(int(stops[0]))
        writer.add_eot_token_id(int(stops[-1]))
    for name, add in (("bos_token", writer.add_bos_token_id), ("pad_token", writer.add_pad_token_id)):
        word = settings.get(name)
        word = word.get("content") if isinstance(word, dict) else word
        if word in numbers:
            add(numbers[word])
    writer.add_add_bos_token(bool(settings.get("add_bos_token", False)))
    template = folder / "chat_template.jinja"
    if template.is_file():
        writer.add_chat_template(template.read_text(encoding="utf-8"))


def _unknown(what: str) -> InputError:
    return InputError(
        f"{what} cannot be written as GGUF here",
        expected="byte-level BPE as GPT-2, SmolLM, Llama 3 or Qwen have it",
        fix="export to safetensors, and convert that with llama.cpp's own script",
        place="--to gguf",
    )
