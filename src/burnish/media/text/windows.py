"""Texts as windows of tokens, or as chosen parts of them: each window framed as a text of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np

from burnish.core.batch import Array, Encoded
from burnish.core.errors import InputError
from burnish.core.windows import KEPT, MEMBERSHIP, WINDOWS, membership
from burnish.media.text.beginnings import pieces
from burnish.media.text.tokenizer import TokenizerProcessor, not_unicode

MANY = 1 << 24  # tokens: more than any text has
Places = Callable[[int, int], list[Sequence[tuple[int, int]]]]
"""How many tokens a text has, and how many a window has room for, to the tokens that stand in each window."""


@dataclass(frozen=True)
class WindowTokenizer(TokenizerProcessor):
    """A tokenizer whose texts are cut into windows of `max_length` tokens, special ones included.

    Attributes:
        places: which tokens stand in which window.
        several: whether a text may have several; else it has one, of parts that stand one behind the other.
    """

    places: Places = field(kw_only=True, compare=False)
    several: bool = field(kw_only=True)

    @cached_property
    def frame(self) -> tuple[list[int], list[int]]:
        """Special tokens before and behind a text.

        Raises:
            InputError: this tokenizer changes a text where it frames it.
        """
        alone = self.tokenizer.encode("a", add_special_tokens=False).ids
        framed = self.tokenizer.encode("a", add_special_tokens=True).ids
        for at in range(len(framed) - len(alone) + 1):
            if framed[at : at + len(alone)] == alone:
                return framed[:at], framed[at + len(alone) :]
        raise InputError(
            "this tokenizer changes a text where it puts special tokens around it, so windows cannot be framed",
            fix="leave `long` out",
            place="long",
        )

    @property
    def room(self) -> int:
        """Tokens of a text that a window holds."""
        assert self.max_length is not None
        before, after = self.frame
        return max(1, self.max_length - len(before) - len(after))

    @property
    def limit(self) -> int | None:
        """Most tokens of a row, all of its windows together."""
        if self.max_length is None or not self.several:
            return self.max_length
        last = self.places(MANY, self.room)[-1]
        return last[-1][1] + self.max_length - self.room

    def rows(self, cells: Sequence[tuple[str, ...]]) -> list[Encoded]:
        """Rows of one text: `input_ids` int32 [L] of all windows, one behind the other, and the lengths of these.

        Raises:
            InputError: as in `encode`.
        """
        out: list[Encoded] = []
        for few in pieces([cell[0] for cell in cells]):
            try:
                encodings = self.tokenizer.encode_batch_fast(list(few), add_special_tokens=False)
            except (TypeError, UnicodeEncodeError):
                raise not_unicode(few) from None
            out += [self._row(np.array(one.ids, np.int32)) for one in encodings]
        return out

    def _row(self, tokens: Array) -> Encoded:
        before, after = (np.array(ids, np.int32) for ids in self.frame)
        placed = self.places(len(tokens), self.room)
        windows = [np.concatenate([before, *(tokens[a:b] for a, b in ranges), after]) for ranges in placed]
        special = len(before) + len(after)
        read = np.zeros(len(tokens), np.bool_)
        for ranges in placed:
            for start, end in ranges:
                read[start:end] = True
        ids: Encoded = {"input_ids": np.concatenate(windows)}
        if self.several:
            ids[WINDOWS] = np.array([len(window) for window in windows], np.int32)
        kept = np.int32(int(read.sum()) + special)
        lengths = {
            "_length": np.int32(len(ids["input_ids"])),
            "_full_length": np.int32(len(tokens) + special),
            KEPT: kept,
        }
        return {**ids, **lengths}  # type: ignore[dict-item]

    def collate(self, encoded: Sequence[Encoded]) -> tuple[dict[str, Array], int]:
        """input_ids and the like [V, L], a line for each window, and `membership` [B, V]."""
        if not self.several:
            return super().collate(encoded)
        windows: list[Encoded] = []
        for row in encoded:
            ends = np.cumsum(row[WINDOWS])[:-1]
            windows += [{"input_ids": ids} for ids in np.split(row["input_ids"], ends)]
        arrays, length = super().collate(windows)
        counts = [len(row[WINDOWS]) for row in encoded]
        return {**arrays, MEMBERSHIP: membership(counts)}, -(-length * len(windows) // len(encoded))

    def read_to(self, texts: Sequence[str]) -> list[int]:
        """Where in the text the last token that is read ends, in characters."""
        try:
            encoding = self.tokenizer.encode(texts[0], add_special_tokens=False)
        except (TypeError, UnicodeEncodeError):
            raise not_unicode(texts) from None
        last = max(end for ranges in self.places(len(encoding.ids), self.room) for _, end in ranges)
        return [len(texts[0]) if last >= len(encoding.ids) else max(end for _, end in encoding.offsets[:last])]


def in_windows(processor: TokenizerProcessor, length: int, places: Places, *, several: bool) -> WindowTokenizer:
    """A tokenizer that reads texts in windows.

    Args:
        processor: that reads beginnings.
        length: of a window, special tokens included.
        places, several: as in `WindowTokenizer`.
    """
    kept: dict[str, Any] = {f.name: getattr(processor, f.name) for f in fields(TokenizerProcessor)}
    return WindowTokenizer(**{**kept, "max_length": length}, places=places, several=several)
