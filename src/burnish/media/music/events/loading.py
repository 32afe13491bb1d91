"""The processor of music in a folder: as burnish saved it, or made for a checkpoint that knows no music yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from burnish.core.errors import InputError
from burnish.core.files import read_json
from burnish.core.written import require_kinds
from burnish.media.music.events import tokens as events
from burnish.media.music.events.processor import FILE, MusicProcessor
from burnish.media.music.events.tokens import EventTokens
from burnish.media.text import tokenizer as texts

_TEXT_FILES = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "tokenizer.model")


def read(folder: Path, settings: dict[str, Any] | None = None) -> MusicProcessor | None:
    """What burnish saved in a folder of a model; None where there is none.

    Args:
        folder: of the model.
        settings: those a bundle kept; None: those of the file in the folder.

    Raises:
        InputError: files that are not what was written.
    """
    place = folder.parent / "bundle.json" if settings is not None else folder / FILE
    found = events.read(folder)
    if found is None:
        if settings is not None:
            raise InputError(f"{events.FILE} is missing", fix="copy the whole bundle again", place=str(folder))
        return None
    if settings is None:
        if not place.is_file():
            raise InputError(f"{FILE} is missing", fix="copy the whole folder again", place=str(folder))
        settings = read_json(place)
    none = type(None)
    kinds: dict[str, Any] = {"first": int, "captions": str, "text": (dict, none), "before": list, "overlap": int}
    require_kinds(settings, {**kinds, "max_length": (int, none)}, place)
    kept = dict(settings)
    written = kept.pop("text")
    text = None if written is None else texts.load(folder, None, written)
    return MusicProcessor(events=found, text=text, **{**kept, "before": tuple(kept["before"])})


def begun(folder: Path, made: EventTokens, *, captioned: bool, max_length: int | None, overlap: int) -> MusicProcessor:
    """For a checkpoint that knows no music yet: event tokens behind its vocabulary, or as the whole of one.

    Args:
        folder: the checkpoint, or a folder with a configuration alone.
        made: the tokenizer.
        captioned: whether rows have captions.
        max_length: the context; None: the checkpoint's.
        overlap: as of `MusicProcessor`.

    Raises:
        InputError: a context above the checkpoint's.
    """
    if any((folder / name).is_file() for name in _TEXT_FILES):
        text = texts.load(folder, max_length, None)
        first = int(text.tokenizer.get_vocab_size(with_added_tokens=True))
        framed = text.tokenizer.encode("a", add_special_tokens=True).ids
        alone = text.tokenizer.encode("a", add_special_tokens=False).ids
        before = tuple(framed[: framed.index(alone[0])]) if alone and alone[0] in framed else ()
        return MusicProcessor(made, first, "tokenizer" if captioned else "none", text, before, text.max_length, overlap)
    if not (folder / "config.json").is_file():
        raise InputError("there is no config.json", expected="a checkpoint, or a configuration", place=str(folder))
    limit = _context(folder)
    if max_length is not None and limit is not None and max_length > limit:
        raise InputError(
            f"max_length is {max_length}, but this network reads at most {limit} tokens",
            fix=f"set input.max_length to {limit} or less, or change config.json",
            place=str(folder),
        )
    return MusicProcessor(made, 0, "bytes" if captioned else "none", None, (), max_length or limit, overlap)


def _context(folder: Path) -> int | None:
    values = read_json(folder / "config.json")
    stated = values.get("max_position_embeddings") or values.get("n_positions")
    return int(stated) if isinstance(stated, int) and stated > 0 else None
