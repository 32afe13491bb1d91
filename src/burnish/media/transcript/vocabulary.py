"""The tokens of a transcript under CTC: characters, and the blank that stands for nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.core.processor import Processor
from burnish.core.written import not_written, require_kinds, require_numbers

BLANK, UNKNOWN, SPACE = "<pad>", "<unk>", "|"
"""As wav2vec 2.0 writes them: padding is the blank of CTC, and a bar stands between words."""
_MARKS = ("<pad>", "<s>", "</s>", "<unk>", "<blank>", "[PAD]", "[UNK]", "[BOS]", "[EOS]", "[CTC]")


@dataclass(frozen=True)
class Spelling(Processor):
    """Characters to numbers and back, with what must be known of the frames that a network gives.

    Attributes:
        tokens: in the order of the logits; a bar is a space where there is one.
        blank: the number of the token that stands for nothing.
        kernels, strides: of the convolutions that make frames of samples; none: `every` samples make a frame.
        every: samples of a frame, where there are no convolutions to count through.
    """

    tokens: tuple[str, ...]
    blank: int = 0
    kernels: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    every: int = 320

    def fingerprint(self) -> str:
        """A hash of all of it."""
        return hashlib.sha256(json.dumps(self.settings(), sort_keys=True).encode()).hexdigest()

    def settings(self) -> dict[str, Any]:
        """Plain values for the bundle."""
        return {
            "tokens": list(self.tokens),
            "blank": self.blank,
            "kernels": list(self.kernels),
            "strides": list(self.strides),
            "every": self.every,
        }

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(self.tokens)}

    @cached_property
    def space(self) -> str:
        """The token that stands between words."""
        return SPACE if SPACE in self._numbers else " "

    @cached_property
    def _single(self) -> bool:
        """Whether every token that is written is one character: then nothing has to be looked for."""
        return all(len(token) == 1 for token in self.tokens if token not in _MARKS)

    def characters(self) -> set[str]:
        """What can be written, the space included where it can."""
        written = {token for token in self.tokens if token not in _MARKS}
        return {" " if token == self.space else token for token in written}

    def numbers(self, text: str) -> tuple[NDArray[np.int64], list[str]]:
        """int64 [letters], and the characters that cannot be written, which are left out."""
        out, lost = [], []
        for character in " ".join(text.split()):
            number = self._numbers.get(self.space if character == " " else character)
            if number is None:
                lost.append(character)
            else:
                out.append(number)
        return np.array(out, np.int64), lost

    def text(self, numbers: Iterable[int]) -> str:
        """The text of numbers, marks left out, with single spaces."""
        written = (self.tokens[int(n)] for n in numbers if 0 <= int(n) < len(self.tokens))
        joined = "".join(" " if token == self.space else token for token in written if token not in _MARKS)
        return " ".join(joined.split())

    def frames(self, samples: int) -> int:
        """How many frames the network gives for a sound of so many samples."""
        if not self.kernels:
            return max(1, -(-samples // self.every))
        for kernel, stride in zip(self.kernels, self.strides, strict=True):
            samples = (samples - kernel) // stride + 1
        return max(0, samples)


def needed_frames(numbers: Sequence[int]) -> int:
    """Frames without which CTC cannot write these: one for each, and a blank between two of one kind."""
    values = np.asarray(numbers)
    return len(values) + int((values[1:] == values[:-1]).sum())


def learned_tokens(texts: Iterable[str]) -> tuple[str, ...]:
    """The blank, what is unknown, the bar between words, and each character that occurs, sorted."""
    found = {character for text in texts for character in text if not character.isspace()}
    return (BLANK, UNKNOWN, SPACE, *sorted(found - {SPACE}))


def stated_tokens(folder: Path) -> tuple[tuple[str, ...], int] | None:
    """The tokens of a checkpoint that was trained for CTC, and its blank; None where it has no such vocabulary.

    Raises:
        InputError: a vocab.json that is none, or one of another head.
    """
    path = folder / "vocab.json"
    if not path.is_file() or not (folder / "config.json").is_file():
        return None
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if not any("ForCTC" in str(name) for name in config.get("architectures") or ()):
        return None
    table = json.loads(path.read_text(encoding="utf-8"))
    while isinstance(table, dict) and table and all(isinstance(value, dict) for value in table.values()):
        table = next(iter(table.values()))  # one vocabulary for each language: the first
    added = folder / "added_tokens.json"
    if isinstance(table, dict) and added.is_file():
        table = {**json.loads(added.read_text(encoding="utf-8")), **table}
    if not isinstance(table, dict) or sorted(table.values()) != list(range(len(table))):
        raise InputError("vocab.json is no table of tokens and their numbers", place=str(path))
    tokens = tuple(sorted(table, key=lambda token: int(table[token])))
    if len(tokens) != int(config.get("vocab_size") or len(tokens)):
        raise InputError(
            f"vocab.json has {len(tokens)} tokens, and the head of the checkpoint {config['vocab_size']} outputs",
            expected="a token for each output",
            fix="use the vocab.json and added_tokens.json that belong to these weights, or name the tokens: target.tokens",
            place=str(path),
        )
    return tokens, int(config.get("pad_token_id") or 0)


def frame_settings(folder: Path) -> dict[str, Any]:
    """`kernels` and `strides`, or `every`, of the network in a folder, from its config.json."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if "conv_kernel" in config:
        return {"kernels": tuple(config["conv_kernel"]), "strides": tuple(config["conv_stride"])}
    return {"every": 320}  # Whisper's encoder: two samples of a spectrogram that has one every 160


def restored(settings: dict[str, Any], place: Path) -> Spelling:
    """What `Spelling.settings` gave.

    Raises:
        InputError: it is not.
    """
    kinds: dict[str, Any] = {"tokens": list, "blank": int, "kernels": list, "strides": list, "every": int}
    require_kinds(settings, kinds, place)
    tokens, blank, every = settings["tokens"], settings["blank"], settings["every"]
    if not tokens or not all(isinstance(token, str) for token in tokens):
        raise not_written("'tokens' is no list of texts", "the characters that are written", place)
    if not 0 <= blank < len(tokens):
        raise not_written(f"'blank' is {blank}", f"the number of one of {len(tokens)} tokens, from 0", place)
    if every < 1:
        raise not_written(f"'every' is {every}", "samples of a frame, 1 or more", place)
    kernels, strides = (require_numbers(settings, name, place, least=1) for name in ("kernels", "strides"))
    if len(kernels) != len(strides):
        raise not_written(f"{len(kernels)} 'kernels' and {len(strides)} 'strides'", "as many of both", place)
    return Spelling(tuple(tokens), blank, kernels, strides, every)


def save(spelling: Spelling, folder: Path) -> None:
    """Write vocab.json and tokenizer_config.json, which transformers' tokenizer of CTC reads."""
    table = {token: number for number, token in enumerate(spelling.tokens)}
    (folder / "vocab.json").write_text(json.dumps(table, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    plain = {
        "tokenizer_class": "Wav2Vec2CTCTokenizer",
        "pad_token": spelling.tokens[spelling.blank],
        "unk_token": next((token for token in (UNKNOWN, "[UNK]") if token in table), UNKNOWN),
        "word_delimiter_token": spelling.space,
        "bos_token": None,
        "eos_token": None,
        "do_lower_case": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
