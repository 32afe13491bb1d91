"""What music is read with: event tokens, tokens of captions before them, and how a long tune is cut into windows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Array, Encoded
from burnish.core.errors import InputError
from burnish.core.files import read_json, write_json
from burnish.core.processor import Processor
from burnish.media.music.events.orders import NOTES
from burnish.media.music.events.round_trip import Lost, lost
from burnish.media.music.events.tokens import BAR, BEGIN, END, PAD, EventTokens
from burnish.media.music.reading import tune_of_file
from burnish.media.music.tune import Tune
from burnish.media.text import tokenizer as texts
from burnish.media.text.tokenizer import TokenizerProcessor

Captions = Literal["none", "bytes", "tokenizer"]
FILE = "music_processor.json"
_BYTES = 256


@dataclass(frozen=True)
class Window:
    """A piece of a tune as a network reads it behind its prompt.

    Attributes:
        again: int32 [M], of the bars before that are shown again.
        new: int32 [N], what is learned.
    """

    again: NDArray[np.int32]
    new: NDArray[np.int32]


@dataclass(frozen=True)
class MusicProcessor(Processor):
    """Event tokens within the vocabulary of a network.

    Attributes:
        events: MidiTok's tokenizer.
        first: the network's id of its first token.
        captions: how captions become ids: not at all, byte by byte, or by the checkpoint's tokenizer.
        text: that tokenizer.
        before: ids in front of a caption.
        max_length: the context in tokens; None where there is no limit.
        overlap: most tokens of bars that a window shows again.
    """

    events: EventTokens
    first: int
    captions: Captions
    text: TokenizerProcessor | None
    before: tuple[int, ...]
    max_length: int | None
    overlap: int

    def fingerprint(self) -> str:
        """A hash of everything that changes what encoding returns."""
        own = [self.events.fingerprint(), json.dumps(self.settings(), sort_keys=True)]
        own += [self.text.fingerprint()] if self.text else []
        return hashlib.sha256("\n".join(own).encode()).hexdigest()

    def settings(self) -> dict[str, Any]:
        """What `read` needs beside the files of the tokenizers."""
        return {
            "first": self.first,
            "captions": self.captions,
            "text": self.text.settings() if self.text else None,
            "before": list(self.before),
            "max_length": self.max_length,
            "overlap": self.overlap,
        }

    @property
    def limit(self) -> int | None:
        """The context in tokens."""
        return self.max_length

    def cut_at(self, limit: int) -> MusicProcessor:
        """With another context."""
        return replace(self, max_length=limit)

    @property
    def gives(self) -> str:
        """Event tokens."""
        return "sequence of event tokens"

    @property
    def size(self) -> int:
        """How many tokens the network needs."""
        return self.first + len(self.events) + (_BYTES if self.captions == "bytes" else 0)

    @property
    def begin(self) -> int:
        """Behind which music begins."""
        return self.first + self.events.ids[BEGIN]

    @property
    def end(self) -> int:
        """Ends a tune."""
        return self.first + self.events.ids[END]

    @property
    def pad_token_id(self) -> int:
        """Fills up short rows."""
        return self.first + self.events.ids[PAD]

    def prompt(self, caption: str) -> list[int]:
        """Ids of a caption, which may be empty, and of the beginning of music.

        Raises:
            InputError: the caption takes more than half of the context.
        """
        words = " ".join(caption.split()).lower()
        ids = [*self.before, *self._caption(words)] if words and self.captions != "none" else []
        if self.limit is not None and len(ids) + 1 > self.limit // 2:
            raise InputError(
                f"a caption of {len(ids):,} tokens",
                expected=f"at most half of the context of {self.limit:,} tokens",
                fix="shorten it",
            )
        return [*ids, self.begin]

    def _caption(self, words: str) -> list[int]:
        if self.text is not None:
            return list(self.text.tokenizer.encode(words, add_special_tokens=False).ids)
        return [self.first + len(self.events) + byte for byte in words.encode("utf-8", "replace")]

    def windows(self, caption: str, music: Sequence[int]) -> Iterator[Window]:
        """The windows of a tune, cut between bars: every event is learned in one of them.

        Args:
            caption: may be empty.
            music: event tokens, as `EventTokens.tokens_of` gives them.

        Raises:
            InputError: a caption that is too long.
        """
        prompt, whole = self.prompt(caption), [*(self.first + int(token) for token in music), self.end]
        bars = [place for place, token in enumerate(whole) if token == self.first + self.events.ids.get(BAR, -1)]
        start = 0
        while start < len(whole):
            shown = self._shown(bars, start)
            room = len(whole) if self.limit is None else self.limit - len(prompt) - (start - shown) - 1
            if room < 1:
                raise InputError(
                    f"no room for music beside {self.overlap:,} tokens that are shown again",
                    expected=f"less than half of the context of {self.limit:,} tokens",
                    fix="make input.overlap smaller",
                )
            last = self._cut(bars, start, min(start + room, len(whole)), len(whole))
            again, new = self._restated(whole, shown, start, last)
            yield Window(np.array(again, np.int32), np.array(new, np.int32))
            start = last

    def _restated(self, whole: list[int], shown: int, start: int, last: int) -> tuple[list[int], list[int]]:
        """What is shown again and what is learned, with the instrument named where the window would begin without."""

        def kind(n: int) -> str:
            return self.events.names[whole[n] - self.first].partition("_")[0]

        playing = next((whole[n] for n in range(shown - 1, -1, -1) if kind(n) == "Program"), None)
        note = next((n for n in range(shown, last) if kind(n) in ("Program", *NOTES)), None)
        if playing is None or note is None or kind(note) == "Program":
            return whole[shown:start], whole[start:last]
        if note < start:
            return [*whole[shown:note], playing, *whole[note:start]], whole[start:last]
        return whole[shown:start], [*whole[start:note], playing, *whole[note:last]]

    def end_of(self, music: Sequence[int]) -> list[int]:
        """The last bars of a tune that is to be gone on with, at most half of the context; event tokens as they were given."""
        whole = [self.first + int(token) for token in music]
        most = len(whole) if self.limit is None else self.limit // 2
        bars = [n for n, token in enumerate(whole) if token == self.first + self.events.ids.get(BAR, -1)]
        shown = 0 if len(whole) <= most else next((bar for bar in bars if bar >= len(whole) - most), len(whole) - most)
        return [token - self.first for token in self._restated(whole, shown, len(whole), len(whole))[0]]

    def _shown(self, bars: Sequence[int], start: int) -> int:
        """Where the bars begin that a window shows again."""
        fitting = [bar for bar in bars if start - self.overlap <= bar < start] if start else []
        return fitting[0] if fitting else start

    def _cut(self, bars: Sequence[int], start: int, end: int, size: int) -> int:
        """The last beginning of a bar before the end of a window; the end where a bar fills the window, or the tune ends."""
        if end == size:
            return size
        return max((bar for bar in bars if start < bar <= end), default=end)

    def collate(self, encoded: Sequence[Encoded]) -> tuple[dict[str, Array], int]:
        """input_ids and attention_mask, int64 [B, L], padded at the end."""
        length = max(1, max(len(row["input_ids"]) for row in encoded))
        ids = np.full((len(encoded), length), self.pad_token_id, np.int64)
        mask = np.zeros((len(encoded), length), np.int64)
        for number, row in enumerate(encoded):
            ids[number, : len(row["input_ids"])], mask[number, : len(row["input_ids"])] = row["input_ids"], 1
        return {"input_ids": ids, "attention_mask": mask}, length

    def shown(self, ids: Sequence[int]) -> str:
        """Tokens in words."""
        return " ".join(word for word in self._words(ids) if word)

    def _words(self, ids: Sequence[int]) -> Iterator[str]:
        beyond = self.first + len(self.events)
        spelt: list[int] = []
        for number in map(int, ids):
            if self.first <= number < beyond:
                yield self._spelt(spelt)
                spelt = []
                yield self.events.names[number - self.first]
            else:
                spelt.append(number - beyond if self.text is None else number)
        yield self._spelt(spelt)

    def _spelt(self, spelt: Sequence[int]) -> str:
        if self.text is not None:
            return str(self.text.tokenizer.decode(list(spelt), skip_special_tokens=False)) if spelt else ""
        return bytes(spelt).decode("utf-8", "replace")

    @cached_property
    def _losses(self) -> dict[bytes, Lost]:
        """What files lose as tokens, by a hash of their bytes: cutting into windows finds it, the audit tells it."""
        return {}

    def read(self, data: bytes, place: str = "") -> tuple[Tune, list[int]]:
        """The tune of a file and its event tokens; what it loses by them is kept.

        Raises:
            InputError: no music, or none that MidiTok can write.
        """
        tune = tune_of_file(data, place)
        music: list[int] = self.events.tokens_of(tune).tolist()
        step = Fraction(1, self.events.positions)
        self._losses[_key(data)] = lost(tune, self.events.tune_of(music), step)
        return tune, music

    def lost_of(self, data: bytes) -> Lost:
        """What a file loses; read anew where it was not read yet.

        Raises:
            InputError: as `read`.
        """
        if _key(data) not in self._losses:
            self.read(data)
        return self._losses[_key(data)]

    def music_of(self, ids: Sequence[int]) -> list[int]:
        """The event tokens among ids, in the tokenizer's own numbers; without those that begin, end and pad."""
        frame, beyond = {self.begin, self.end, self.pad_token_id}, self.first + len(self.events)
        return [int(i) - self.first for i in ids if self.first <= int(i) < beyond and int(i) not in frame]

    def save(self, folder: Path) -> None:
        """Write all that `read` needs beside the weights, and for plain transformers which tokens begin, end and pad."""
        self.events.save(folder)
        if self.text is not None:
            texts.save(self.text, folder)
        write_json(folder / FILE, self.settings())
        place = folder / "generation_config.json"
        known = {"bos_token_id": self.begin, "eos_token_id": self.end, "pad_token_id": self.pad_token_id}
        write_json(place, {**(read_json(place) if place.is_file() else {}), **known})


def _key(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()
