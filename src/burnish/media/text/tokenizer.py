"""The tokenizer of a checkpoint, as texts and tokens use it. Encoding needs only `tokenizers`; loading may need transformers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from tokenizers import Encoding, Tokenizer

from burnish.core.batch import Array, Encoded
from burnish.core.collecting import importing
from burnish.core.errors import InputError
from burnish.core.processor import Processor
from burnish.core.written import not_written, require_kinds
from burnish.media.text.beginnings import Beginnings, pieces
from burnish.media.text.new_tokens import add_to
from burnish.media.text.token_row import token_row

MANY = 1_000_000  # transformers writes 1e30 for "no limit"


@dataclass(frozen=True)
class TokenizerProcessor(Processor):
    """A tokenizer without truncation or padding of its own, and what must be known to build batches.

    Attributes:
        tokenizer: the Rust tokenizer.
        pad_token_id: what fills up short rows.
        padding_side: 'right' or 'left'.
        names: the inputs the network takes, such as input_ids, attention_mask, token_type_ids.
        max_length: longest row in tokens, special tokens included; None where the checkpoint has no limit.
        source: the folder it was loaded from.
        added: tokens that the tokenizer there does not have.
    """

    tokenizer: Tokenizer
    pad_token_id: int
    padding_side: str
    names: tuple[str, ...]
    max_length: int | None
    source: Path = field(compare=False)
    added: tuple[str, ...] = field(default=(), kw_only=True)

    def settings(self) -> dict[str, Any]:
        """What `restore` needs beside tokenizer.json."""
        return {
            "pad_token_id": self.pad_token_id,
            "padding_side": self.padding_side,
            "names": list(self.names),
            "max_length": self.max_length,
        }

    def fingerprint(self) -> str:
        """A hash of the tokenizer and the settings: of everything that changes what encoding returns."""
        text = self.tokenizer.to_str() + json.dumps(self.settings(), sort_keys=True) + tokenizers.__version__
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def limit(self) -> int | None:
        """`max_length`."""
        return self.max_length

    def cut_at(self, limit: int) -> TokenizerProcessor:
        """With another `max_length`."""
        return replace(self, max_length=limit)

    @property
    def unknown(self) -> tuple[str, int] | None:
        """The token for pieces of text that are not in the vocabulary, among `input_ids`."""
        return None if self.unknown_token_id is None else ("input_ids", self.unknown_token_id)

    @cached_property
    def unknown_token_id(self) -> int | None:
        """What stands for every piece of text that is not in the vocabulary; None where there is nothing of the kind."""
        model = json.loads(self.tokenizer.to_str())["model"]
        token = model.get("unk_token")
        number = self.tokenizer.token_to_id(token) if token else model.get("unk_id")
        return None if number is None else int(number)

    def text_ids(self, text: str) -> list[int]:
        """With what the tokenizer puts around a text."""
        return list(self.tokenizer.encode(text).ids)

    @cached_property
    def _beginnings(self) -> Beginnings:
        return Beginnings(self.tokenizer)

    def encode(self, texts: Sequence[Any], *, words: bool = False) -> Iterator[tuple[Encoding, int]]:
        """Encodings cut to `max_length`, each with how many tokens there are at least before the cut.

        Long texts are cut by characters first, where that changes no token that is kept. Few encodings are in memory at
        a time.

        Args:
            texts: strings, pairs of strings, or lists of words when `words` is set.
            words: keep word numbers (slower).

        Raises:
            InputError: a text that is no Unicode text (half a surrogate pair, as in the JSON string "\\ud800").
        """
        for few in pieces(texts):
            try:
                yield from self._encoded(few, words)
            except (TypeError, UnicodeEncodeError):
                raise not_unicode(few) from None

    def _encoded(self, texts: Sequence[Any], words: bool) -> Iterator[tuple[Encoding, int]]:
        if self.max_length is None:
            run = self.tokenizer.encode_batch if words else self.tokenizer.encode_batch_fast
            yield from ((one, len(one.ids)) for one in run(list(texts), is_pretokenized=words, add_special_tokens=True))
            return
        yield from self._beginnings.truncated(texts, self.max_length, words=words)

    def read_to(self, texts: Sequence[str]) -> list[int]:
        """Where in each text of a row (one, or the two of a pair) what is kept ends, in characters.

        Raises:
            InputError: as in `encode`.
        """
        ((encoding, full),) = self.encode([tuple(texts) if len(texts) > 1 else texts[0]])
        if self.max_length is None or full <= self.max_length:
            return [len(text) for text in texts]
        ends = [0] * len(texts)
        for number, (_, end) in zip(encoding.sequence_ids, encoding.offsets, strict=True):
            if number is not None:
                ends[number] = max(ends[number], end)
        return ends

    def rows(self, cells: Sequence[tuple[str, ...]]) -> list[Encoded]:
        """Rows of one text, or of a pair: `input_ids` int32 [L], and of a pair `token_type_ids` int8 [L].

        Raises:
            InputError: as in `encode`.
        """
        out: list[Encoded] = []
        for texts, (encoding, full) in zip(cells, self.encode([c if len(c) > 1 else c[0] for c in cells]), strict=True):
            arrays = token_row(encoding.ids, full)
            if len(texts) > 1:
                arrays["token_type_ids"] = np.array(encoding.type_ids, np.int8)
            out.append(arrays)
        return out

    def collate(self, encoded: Sequence[Encoded]) -> tuple[dict[str, Array], int]:
        """input_ids, attention_mask and, where wanted, token_type_ids as int64 [B, L], padded to the longest row."""
        length = max(1, max(len(e["input_ids"]) for e in encoded))
        shape = (len(encoded), length)
        out = {"input_ids": np.full(shape, self.pad_token_id, np.int64), "attention_mask": np.zeros(shape, np.int64)}
        if "token_type_ids" in self.names:
            out["token_type_ids"] = np.zeros(shape, np.int64)
        for number, arrays in enumerate(encoded):
            real = len(arrays["input_ids"])
            place = slice(0, real) if self.padding_side == "right" else slice(length - real, length)
            out["input_ids"][number, place] = arrays["input_ids"]
            out["attention_mask"][number, place] = 1
            if "token_type_ids" in arrays and "token_type_ids" in out:
                out["token_type_ids"][number, place] = arrays["token_type_ids"]
        return out, length


def not_unicode(texts: Sequence[Any]) -> InputError:
    """The error for the first text that has no UTF-8 form."""
    for text in texts:
        for part in [text] if isinstance(text, str) else text:
            try:
                part.encode()
            except UnicodeEncodeError as error:
                what = f"half a surrogate pair (character {error.start + 1}) in the text {part[:40]!r}"
                return InputError(what, expected="Unicode text", fix="repair the text where it comes from")
    return InputError("a value that is no text", expected="strings")


def load(folder: Path, max_length: int | None, settings: dict[str, Any] | None) -> TokenizerProcessor:
    """The tokenizer in `folder`: restored from a bundle's settings without transformers, or read from a checkpoint.

    Raises:
        InputError: no tokenizer, or `max_length` above what the checkpoint can read.
    """
    if settings is not None:
        return _restore(folder, settings)
    try:
        with importing():
            from transformers import AutoTokenizer
    except ImportError as error:
        raise InputError(
            "reading a checkpoint's tokenizer needs transformers", fix="pip install 'burnish[train]'"
        ) from error
    try:
        loaded = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
        tokenizer = Tokenizer.from_str(loaded.backend_tokenizer.to_str())
    except Exception as error:
        raise InputError(
            f"no usable tokenizer: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
            expected="tokenizer.json, vocab.txt, or another tokenizer file that transformers reads",
            fix="copy the tokenizer files of the checkpoint into the folder",
            place=str(folder),
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if tokenizer.get_vocab_size() <= len(loaded.all_special_tokens):
        raise InputError(
            "the tokenizer has no vocabulary",
            expected="tokenizer.json, vocab.txt, or another tokenizer file that transformers reads",
            fix="copy the tokenizer files of the checkpoint into the folder",
            place=str(folder),
        )
    limit = _limit(folder, int(loaded.model_max_length))
    return TokenizerProcessor(
        tokenizer=tokenizer,
        pad_token_id=_pad_token_id(loaded),
        padding_side="right",
        names=tuple(loaded.model_input_names),
        max_length=_agreed(max_length, limit, folder),
        source=folder,
    )


def _restore(folder: Path, settings: dict[str, Any]) -> TokenizerProcessor:
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise InputError("tokenizer.json is missing", fix="copy the whole bundle again", place=str(folder))
    kinds: dict[str, Any] = {"pad_token_id": int, "padding_side": str, "names": list, "max_length": (int, type(None))}
    require_kinds(settings, kinds, folder.parent / "bundle.json")
    if settings["padding_side"] not in ("left", "right") or not 0 <= settings["pad_token_id"] < 1 << 31:
        raise not_written(
            "padding of no known kind", "a side, left or right, and a token", folder.parent / "bundle.json"
        )
    if settings["max_length"] is not None and not 0 < settings["max_length"] < 1 << 31:
        raise not_written(f"max_length {settings['max_length']}", "a number of tokens", folder.parent / "bundle.json")
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return TokenizerProcessor(
        tokenizer,
        settings["pad_token_id"],
        settings["padding_side"],
        tuple(settings["names"]),
        settings["max_length"],
        folder,
    )


def _pad_token_id(loaded: Any) -> int:
    # Decoders such as GPT-2 have no pad token. The end-of-text token is the usual stand-in: padding has weight 0.
    for name in ("pad_token_id", "eos_token_id", "unk_token_id"):
        value = getattr(loaded, name, None)
        if value is not None:
            return int(value)
    return 0


def _limit(folder: Path, stated: int) -> int | None:
    """The most tokens a row may have: the smaller of what tokenizer and network state; None without any limit."""
    limits = [stated] if stated < MANY else []
    config = folder / "config.json"
    if config.is_file():
        values = json.loads(config.read_text(encoding="utf-8"))
        positions = values.get("max_position_embeddings") or values.get("n_positions")
        if positions:
            # RoBERTa's family keeps the first pad_token_id + 1 positions for itself.
            reserved = values.get("pad_token_id", 1) + 1 if _reserves_positions(values.get("model_type", "")) else 0
            limits.append(int(positions) - reserved)
    return min(limits) if limits else None


def _reserves_positions(model_type: str) -> bool:
    return "roberta" in model_type or model_type in {"camembert", "longformer", "mpnet", "xmod"}


def _agreed(wanted: int | None, limit: int | None, folder: Path) -> int | None:
    if wanted is not None and limit is not None and wanted > limit:
        raise InputError(
            f"max_length is {wanted}, but this checkpoint reads at most {limit} tokens",
            fix=f"set input.max_length to {limit} or less, or choose a checkpoint for longer texts",
            place=str(folder),
        )
    return wanted if wanted is not None else limit


def save(processor: TokenizerProcessor, folder: Path) -> None:
    """Write the tokenizer into `folder`, so that plain transformers and `load(..., settings)` read it back the same."""
    from transformers import AutoTokenizer

    loaded = AutoTokenizer.from_pretrained(str(processor.source), trust_remote_code=False, local_files_only=True)
    add_to(loaded, processor.added)
    if loaded.pad_token_id is None:
        loaded.pad_token = loaded.convert_ids_to_tokens(processor.pad_token_id)
    loaded.padding_side = processor.padding_side
    loaded.model_max_length = loaded.model_max_length if processor.max_length is None else processor.max_length
    loaded.backend_tokenizer.no_truncation()
    loaded.backend_tokenizer.no_padding()
    loaded.save_pretrained(str(folder))
