"""Documents as windows of tokens: every byte of a text is in one window, and what stands before it may be shown again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.core.written import require_kinds
from burnish.media.text.tokenizer import TokenizerProcessor, load, not_unicode

Layout = Literal["causal", "masked"]
"""How a network reads: each token from those before it, or hidden tokens from both sides."""
SPECIAL, INSIDE, BEGINNING = -1, 0, 1
"""What a token is: no part of the text, inside a word, or the beginning of one."""


@dataclass(frozen=True)
class Window:
    """A piece of a document as a network reads it.

    Attributes:
        text: what is scored here, as it was written; the texts of all windows, joined, are the document.
        ids: int32 [L], with the tokens that frame it.
        begins: int8 [L], `SPECIAL`, `INSIDE` or `BEGINNING` of a word.
        scored: how many tokens stand before the first that is scored here.
    """

    text: str
    ids: NDArray[np.int32]
    begins: NDArray[np.int8]
    scored: int


@dataclass(frozen=True)
class DocumentTokenizer(TokenizerProcessor):
    """A tokenizer, and the tokens that frame documents or windows.

    Attributes:
        layout: a causal network reads documents that are framed once; a masked one windows that are framed each.
        before: ids in front of a document or window.
        after: ids behind it.
        hidden: the mask token; None where there is none.
        special: ids that are no part of any text.
        size: how many tokens there are.
    """

    layout: Layout
    before: tuple[int, ...]
    after: tuple[int, ...]
    hidden: int | None
    special: tuple[int, ...]
    size: int

    def settings(self) -> dict[str, Any]:
        """What `restored` needs beside tokenizer.json."""
        framing = {f.name: getattr(self, f.name) for f in _ADDED}
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in framing.items()}
        return {**TokenizerProcessor.settings(self), "documents": plain}

    def windows(self, text: str, overlap: int) -> Iterator[Window]:
        """The windows of a document, none for a text without a token.

        Args:
            text: the document.
            overlap: tokens of the window before that are shown again and not scored; a causal network is shown one at
                least, because the first token of a window has to be told from something.

        Raises:
            InputError: no Unicode text, or windows that are no longer than what is shown again.
        """
        try:
            encoding = self.tokenizer.encode(text, add_special_tokens=False)
        except (TypeError, UnicodeEncodeError):
            raise not_unicode([text]) from None
        if not encoding.ids:
            return
        tokens = np.array(encoding.ids, np.int32)
        begins = _begins(encoding.word_ids, tokens, self.special)
        ends = np.maximum.accumulate([end for _, end in encoding.offsets])
        frame = len(self.before) + len(self.after)
        causal = self.layout == "causal"
        if causal:  # framed once, as a whole
            tokens, begins = self._framed(tokens, begins)
            ends = np.pad(ends, (len(self.before), len(self.after)), constant_values=(0, len(text)))
        count, shown = len(tokens), max(overlap, causal)
        room = count if self.max_length is None else self.max_length - (0 if causal else frame)
        if count > room and room <= shown:
            raise _too_short(self.max_length, overlap)
        start = written = 0
        while start < count:
            first = max(0, start - shown)
            last = min(count, first + room)
            stop = len(text) if last == count else int(ends[last - 1])
            ids, kinds = tokens[first:last], begins[first:last]
            ahead = start - first if start or not causal else len(self.before)
            if not causal:
                ids, kinds, ahead = *self._framed(ids, kinds), ahead + len(self.before)
            yield Window(text[written:stop], ids, kinds, ahead)
            start, written = last, stop

    def empty(self) -> Window:
        """The window of a text without a token: the tokens that frame it."""
        ids, kinds = self._framed(np.zeros(0, np.int32), np.zeros(0, np.int8))
        return Window("", ids, kinds, len(ids))

    def _framed(self, ids: NDArray[np.int32], kinds: NDArray[np.int8]) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        frame = (np.array(self.before, np.int32), np.array(self.after, np.int32))
        special = [np.full(len(ids), SPECIAL, np.int8) for ids in frame]
        return np.concatenate([frame[0], ids, frame[1]]), np.concatenate([special[0], kinds, special[1]])


_ADDED = [f for f in fields(DocumentTokenizer) if f.name not in {g.name for g in fields(TokenizerProcessor)}]


def documents(
    folder: Path, max_length: int | None, layout: Layout, settings: dict[str, Any] | None
) -> DocumentTokenizer:
    """The tokenizer in `folder` for documents: restored from a bundle's settings, or read from a checkpoint.

    Raises:
        InputError: as `load`; or the tokenizer has no token that a text begins with, or none that hides another.
    """
    read = load(folder, max_length, settings)
    shared: dict[str, Any] = {f.name: getattr(read, f.name) for f in fields(TokenizerProcessor)}
    framing = _framing(folder, read, layout) if settings is None else _kept(settings, folder.parent / "bundle.json")
    return DocumentTokenizer(**shared, **framing)


def _kept(settings: dict[str, Any], place: Path) -> dict[str, Any]:
    require_kinds(settings, {"documents": dict}, place)
    kept: dict[str, Any] = settings["documents"]
    lists: dict[str, type | tuple[type, ...]] = dict.fromkeys(("before", "after", "special"), list)
    require_kinds(kept, {"layout": str, **lists, "size": int, "hidden": (int, type(None))}, place)
    return {f.name: tuple(kept[f.name]) if f.name in lists else kept[f.name] for f in _ADDED}


def _framing(folder: Path, read: TokenizerProcessor, layout: Layout) -> dict[str, Any]:
    from transformers import AutoTokenizer

    loaded = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    alone = read.tokenizer.encode("a", add_special_tokens=False).ids
    framed = read.tokenizer.encode("a", add_special_tokens=True).ids
    at = next((i for i in range(len(framed)) if framed[i : i + len(alone)] == alone), 0)
    before, after = tuple(framed[:at]), tuple(framed[at + len(alone) :])
    hidden = loaded.mask_token_id
    if layout == "causal":
        begin = loaded.bos_token_id if loaded.bos_token_id is not None else loaded.eos_token_id
        before = before or (() if begin is None else (int(begin),))
        after = after or (() if loaded.eos_token_id is None else (int(loaded.eos_token_id),))
        if not before:
            raise _lacks(folder, "that texts begin or end with (bos_token, eos_token)", "choose another checkpoint")
    elif hidden is None:
        fix = "choose an encoder such as BERT or ModernBERT; for one that writes on: `--task language-modeling`"
        raise _lacks(folder, "that hides another (mask_token)", fix)
    return {
        "layout": layout,
        "before": before,
        "after": after,
        "hidden": None if hidden is None else int(hidden),
        "special": tuple(sorted({int(i) for i in loaded.all_special_ids})),
        "size": read.tokenizer.get_vocab_size(),
    }


def _lacks(folder: Path, what: str, fix: str) -> InputError:
    return InputError(f"the tokenizer has no token {what}", expected="such a token", fix=fix, place=str(folder))


def _begins(words: Sequence[int | None], ids: NDArray[np.int32], special: tuple[int, ...]) -> NDArray[np.int8]:
    """What each token is; one that belongs to no word of the text is a word by itself."""
    kinds = np.full(len(words), BEGINNING, np.int8)
    for place in range(1, len(words)):
        if words[place] is not None and words[place] == words[place - 1]:
            kinds[place] = INSIDE
    kinds[np.isin(ids, special)] = SPECIAL
    return kinds


def _too_short(max_length: int | None, overlap: int) -> InputError:
    return InputError(
        f"windows of {max_length} tokens are too short: {overlap} of them are shown again",
        expected="windows that are longer than what is shown again and the tokens that frame them",
        fix="make input.max_length larger, or input.overlap smaller",
        place="input",
    )
