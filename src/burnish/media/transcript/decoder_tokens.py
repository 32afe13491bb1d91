"""The tokens of a transcript that a decoder writes: what it begins with, what ends it, and what it never writes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError, nearest
from burnish.core.processor import Processor
from burnish.core.written import not_written, require_kinds, require_numbers
from burnish.media.text.tokenizer import TokenizerProcessor, load

_UNSPACED = ("zh", "ja", "th", "lo", "my", "yue", "km")
"""Languages that are written without spaces: Whisper's transcripts of all others begin with one."""
_FILES = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "merges.txt", "normalizer.json", "tokenizer.model", "generation_config.json"),
)


@dataclass(frozen=True)
class DecoderTokens(Processor):
    """A tokenizer, and how a decoder's transcripts begin and end.

    Attributes:
        tokens: the tokenizer.
        prompt: ids that the decoder is given before it writes: start, language, task, no timestamps.
        stops: ids that end a transcript; the first is the one that is learned.
        longest: most tokens of the decoder, prompt included; None without a limit.
        never, never_first: ids that are never written, and never as the first.
        spaced: whether a transcript begins with a space, as Whisper's do.
    """

    tokens: TokenizerProcessor
    prompt: tuple[int, ...]
    stops: tuple[int, ...]
    longest: int | None = None
    never: tuple[int, ...] = ()
    never_first: tuple[int, ...] = ()
    spaced: bool = False

    def fingerprint(self) -> str:
        """A hash of the tokenizer and all settings."""
        return self.tokens.fingerprint() + json.dumps(self._plain(), sort_keys=True)

    def settings(self) -> dict[str, Any]:
        """Plain values for the bundle; the tokenizer itself is in its files."""
        return {"tokens": self.tokens.settings(), **self._plain()}

    def _plain(self) -> dict[str, Any]:
        return {
            "prompt": list(self.prompt),
            "stops": list(self.stops),
            "longest": self.longest,
            "never": list(self.never),
            "never_first": list(self.never_first),
            "spaced": self.spaced,
        }

    def numbers(self, text: str) -> list[int]:
        """Ids of a transcript, without prompt and end."""
        plain = " ".join(text.split())
        encoded = self.tokens.tokenizer.encode(f" {plain}" if self.spaced else plain, add_special_tokens=False)
        return list(encoded.ids)

    def text(self, ids: Iterable[int]) -> str:
        """The transcript of ids, control tokens left out."""
        return str(self.tokens.tokenizer.decode([int(i) for i in ids], skip_special_tokens=True)).strip()

    @property
    def most(self) -> int | None:
        """How many tokens may be written behind the prompt, the end included."""
        return None if self.longest is None else self.longest - len(self.prompt)


def languages(folder: Path) -> dict[str, int]:
    """The languages that a checkpoint writes when it is told to, by their codes, each with its token; none of others."""
    stated = _stated(folder, "generation_config.json")
    if not stated.get("is_multilingual", bool(stated.get("lang_to_id"))):
        return {}
    return {token.strip("<|>"): int(number) for token, number in (stated.get("lang_to_id") or {}).items()}


def decoder_tokens(folder: Path, language: str | None, task: str, symbols: str) -> DecoderTokens:
    """As a checkpoint states it.

    Args:
        folder: the checkpoint.
        language: code of the language that is written; None where the checkpoint has but one.
        task: `transcribe` or `translate`.
        symbols: characters of the training texts: tokens that are made of them may be written, whatever the checkpoint says.

    Raises:
        InputError: an unknown language or task, or no start.
    """
    stated, config = _stated(folder, "generation_config.json"), _stated(folder, "config.json")
    tokens = load(folder, None, None)
    start = _first(stated.get("decoder_start_token_id"), config.get("decoder_start_token_id"))
    stops = _listed(_first(stated.get("eos_token_id"), config.get("eos_token_id")))
    if start is None or not stops:
        raise InputError(
            "the checkpoint does not say with which token its decoder begins and ends",
            expected="decoder_start_token_id and eos_token_id in config.json or generation_config.json",
            place=str(folder),
        )
    whisper = config.get("model_type") == "whisper"
    limit = config.get("max_target_positions") or (config.get("max_position_embeddings") if not whisper else None)
    return DecoderTokens(
        tokens,
        (int(start), *_told(folder, stated, language, task)),
        stops,
        None if limit is None else int(limit),
        _unwritten(tokens, stated.get("suppress_tokens"), symbols, stops),
        _unwritten(tokens, stated.get("begin_suppress_tokens"), "", ()),
        whisper and language not in _UNSPACED,
    )


def _told(folder: Path, stated: dict[str, Any], language: str | None, task: str) -> list[int]:
    """Ids of language, task and no timestamps, where the checkpoint has them."""
    known, tasks = languages(folder), stated.get("task_to_id") or {}
    told: list[int] = []
    if known:
        if language not in known:
            guess = nearest(language or "", list(known))
            raise InputError(
                f"the language {language!r} is none that this checkpoint writes",
                expected=f"one of {', '.join(sorted(known))}",
                fix=f"did you mean {guess!r}?" if guess else "target.language: the code of the language of the texts",
                place="target.language",
            )
        told.append(known[language])
        if task in tasks:
            told.append(int(tasks[task]))
    elif language is not None and language not in ("en", ""):
        raise InputError(
            f"language {language!r}: this checkpoint is told no language",
            fix="leave target.language out",
            place="target.language",
        )
    if stated.get("no_timestamps_token_id") is not None:
        told.append(int(stated["no_timestamps_token_id"]))
    return told


def _unwritten(tokens: TokenizerProcessor, ids: Any, symbols: str, stops: Sequence[int]) -> tuple[int, ...]:
    """Ids that are never written, but for those whose characters the training texts hold."""
    allowed = set(symbols) | {" "}
    kept = []
    for number in _listed(ids):
        text = str(tokens.tokenizer.decode([number], skip_special_tokens=True))
        if number in stops or (symbols and text.strip() and set(text) <= allowed):
            continue
        kept.append(number)
    return tuple(kept)


def restored(folder: Path, settings: dict[str, Any]) -> DecoderTokens:
    """What `DecoderTokens.settings` gave, with the tokenizer in `folder`.

    Raises:
        InputError: it is not.
    """
    lists = dict.fromkeys(("prompt", "stops", "never", "never_first"), list)
    kinds: dict[str, Any] = {**lists, "tokens": dict, "longest": (int, type(None)), "spaced": bool}
    place = folder.parent / "bundle.json"
    require_kinds(settings, kinds, place)
    tokens = load(folder, None, settings["tokens"])
    known = tokens.tokenizer.get_vocab_size(with_added_tokens=True)
    numbers = {name: require_numbers(settings, name, place, least=0, below=known) for name in lists}
    for name, what in (("prompt", "what the decoder begins with"), ("stops", "what ends a transcript")):
        if not numbers[name]:
            raise not_written(f"{name!r} is empty", f"the ids of {what}", place)
    if settings["longest"] is not None and settings["longest"] <= len(numbers["prompt"]):
        raise not_written(f"'longest' is {settings['longest']}", "places behind the prompt", place)
    return DecoderTokens(tokens, longest=settings["longest"], spaced=settings["spaced"], **numbers)


def save(processor: DecoderTokens, folder: Path) -> None:
    """Copy the files of the tokenizer beside the weights, so that plain transformers reads them.

    The tokenizer is written anew, so that it is there also where the checkpoint has an older form of it.
    """
    for name in _FILES:
        source = processor.tokens.source / name
        if source.is_file() and source.resolve() != (folder / name).resolve() and not (folder / name).is_file():
            shutil.copyfile(source, folder / name)
    processor.tokens.tokenizer.save(str(folder / "tokenizer.json"))


def _stated(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    values = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return values if isinstance(values, dict) else {}


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _listed(value: Any) -> tuple[int, ...]:
    if value is None:
        return ()
    return tuple(int(v) for v in value) if isinstance(value, list | tuple) else (int(value),)
