"""An encoder of transformers with fewer tokens: its table of embeddings, its tokenizer and what is said of both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import nn

from burnish.core.errors import InputError
from burnish.core.files import read_json, write_json, write_text
from burnish.media.text.trimmed import PLACE, trimmed

TOKENIZER, SETTINGS = "tokenizer.json", "tokenizer_config.json"
OLD = ("vocab.txt", "vocab.json", "merges.txt", "*.model", "added_tokens.json", "new_tokens.json")
"""Files that say the vocabulary once more, in the form of old tokenizers: tokenizer.json alone is read."""


def keep_tokens(model: Any, teacher: Path, texts: Path) -> Tokenizer:
    """Leave the tokens that a file of texts needs.

    Args:
        model: of the library, an encoder; its configuration is changed too.
        teacher: the folder it was read from, with tokenizer.json.
        texts: UTF-8, a text each line.

    Returns:
        The tokenizer, to be written by `write_tokenizer`.

    Raises:
        InputError: no such file, a tokenizer that cannot be cut, or a network whose logits are tokens.
    """
    if not (teacher / TOKENIZER).is_file():
        raise InputError("the teacher has no tokenizer.json", expected="a fast tokenizer", place=str(teacher))
    if model.get_output_embeddings() is not None or model.config.is_encoder_decoder:
        found = f"{type(model).__name__} predicts tokens, which it would lose"
        raise InputError(found, expected="an encoder with a head for labels or numbers", place=PLACE)
    try:
        lines = texts.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"the file cannot be read: {error}", expected="UTF-8 text", place=f"{PLACE}: {texts}"
        ) from error
    tokenizer, kept = trimmed(Tokenizer.from_file(str(teacher / TOKENIZER)), lines)
    new = {old: number for number, old in enumerate(kept)}
    table = model.get_input_embeddings()
    pad = table.padding_idx
    if pad is not None and new.get(pad) != pad:
        found = f"padding is token {pad}, and would become {new.get(pad)}, by which places are counted"
        raise InputError(found, expected="padding among the first tokens", place=PLACE)
    rows = torch.tensor([number for number in kept if number < table.num_embeddings])
    table.weight = nn.Parameter(table.weight.detach()[rows].clone())
    table.num_embeddings = len(rows)
    _renumber(model.config, new, len(rows))
    return tokenizer


def _renumber(config: Any, new: dict[int, int], size: int) -> None:
    for name in ("pad", "bos", "eos", "sep", "cls", "mask", "unk"):
        number = getattr(config, f"{name}_token_id", None)
        if isinstance(number, int):
            setattr(config, f"{name}_token_id", new.get(number))
    config.vocab_size = size


def write_tokenizer(tokenizer: Tokenizer, out: Path) -> None:
    """Write it in the place of the teacher's in a folder, in each file that numbers tokens."""
    for pattern in OLD:
        for path in out.glob(pattern):
            path.unlink()
    write_text(out / TOKENIZER, tokenizer.to_str(pretty=True))
    if (out / SETTINGS).is_file():
        settings = read_json(out / SETTINGS)
        numbered = settings.get("added_tokens_decoder")
        if isinstance(numbered, dict):
            ids: Sequence[int | None] = [tokenizer.token_to_id(token["content"]) for token in numbered.values()]
            again = {str(number): token for number, token in zip(ids, numbered.values(), strict=True)}
            settings["added_tokens_decoder"] = json.loads(json.dumps(again))
        write_json(out / SETTINGS, settings)
