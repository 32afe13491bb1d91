"""One piece of music a row, as event tokens."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, PrivateAttr

from burnish.core.batch import Array, Encoded, Example
from burnish.core.errors import InputError
from burnish.core.family import Kind
from burnish.inputs import Change, Extending, Rewritable, Unfolded, Unfolding
from burnish.inputs._cells import as_text
from burnish.inputs._files import FileInput, Read
from burnish.inputs._in_line import in_line, with_positions
from burnish.media.music.events.loading import begun, read
from burnish.media.music.events.moving import AskedEvents, key_named
from burnish.media.music.events.processor import MusicProcessor
from burnish.media.music.events.tokens import Scheme, made
from burnish.media.music.events.tokens import read as saved_tokens
from burnish.media.music.reading import ENDINGS, look_version, looked_at, looks_like_music, tune_of_file
from burnish.media.text.token_row import token_row

USUAL_CAPTION = "caption"
EVENTS = "events"


class MusicFile(FileInput, Unfolded, Extending, Rewritable):
    """One MIDI or MusicXML file a row, as event tokens of MidiTok, behind a caption where there is one.

    Long pieces have several windows, cut between bars. A row to be answered needs the caption alone; a file beside it, or
    without one, is gone on with.
    """

    stored: ClassVar[bool] = True
    encodes_with: ClassVar[tuple[str, ...]] = ("burnish.media.music", "burnish.media.text", "burnish.media.paths")
    lengths_matter: ClassVar[bool] = True
    shapes: ClassVar[tuple[str, ...]] = ("sequence",)
    heads: ClassVar[Mapping[str, str]] = {"sequence": "AutoModelForCausalLM"}
    encoder: ClassVar[Kind] = "text encoder"
    thing: ClassVar[str] = "music file"
    endings: ClassVar[tuple[str, ...]] = ENDINGS
    media: ClassVar[str] = "audio/midi"
    audits: ClassVar[tuple[str, ...]] = ("event_tokens",)
    recognition_order: ClassVar[int] = 3
    read_as: ClassVar[str] = "tune"
    column: str = Field("music", description="Column with the path of a MIDI or MusicXML file, or its bytes.")
    caption: str | None = Field(
        None, description="Column of captions; null: `caption` where there is one; empty: none are read."
    )
    scheme: Scheme = Field(
        "REMI", description="How MidiTok writes music: REMI (bars and positions) or TSD (shifts of time)."
    )
    positions: int = Field(12, ge=2, le=24, description="Positions of a beat; 12 hold triplets and sixteenths.")
    velocities: int = Field(8, ge=1, le=127, description="Steps of loudness.")
    tempos: int = Field(24, ge=0, le=128, description="Tempos from 30 to 300 beats a minute; 0: none is kept.")
    rests: bool = Field(True, description="Whether pauses have tokens of their own.")
    max_length: int | None = Field(
        None, ge=32, description="Longest window in tokens, caption included. Null: the checkpoint's context."
    )
    overlap: int = Field(
        0, ge=0, description="Most tokens of the bars before that a window shows again; they are not learned."
    )
    _asked: bool = PrivateAttr(False)

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Files and captions; of rows to be answered the captions alone, where there are some."""
        if self.caption:
            return (self.caption,) if self._asked else (self.column, self.caption)
        return (self.column,)

    @property
    def needs_file(self) -> bool:
        """Not where a caption asks."""
        return not (self._asked and self.caption)

    def whole(self) -> MusicFile:
        """As it reads rows that are to be answered."""
        asked = self.model_copy()
        asked._asked = True
        return asked

    @staticmethod
    def recognised(value: Any) -> bool:
        """Whether a cell holds music."""
        return looks_like_music(value)

    def inferred(self, columns: Sequence[str], rows: Sequence[Example], target: str) -> MusicFile | None:
        """With its columns: the truth stands in the music itself."""
        fitted = super().inferred(columns, rows, "")
        if fitted is None or fitted.caption is not None:
            return fitted
        return fitted.model_copy(update={"caption": USUAL_CAPTION if USUAL_CAPTION in columns else ""})

    @classmethod
    def look(cls, data: bytes) -> dict[str, Any]:
        """Notes, voices, bars, length and a hash of what is played."""
        return looked_at(data)

    @classmethod
    def look_version(cls) -> str:
        """Of the reading."""
        return look_version()

    def read(self, example: Example, processor: Any, *, changed: bool) -> Read:
        """The bytes of the file."""
        data = self.bytes_of(example)
        return Read(data, len(data))

    def processor(self, folder: Path, settings: dict[str, Any] | None = None) -> MusicProcessor:
        """What a bundle or a checkpoint that knows music kept; else event tokens behind the checkpoint's own.

        Raises:
            InputError: MidiTok is not installed, or a context above the checkpoint's.
        """
        kept = read(folder, settings)
        if kept is not None:
            return kept if settings is not None or self.max_length is None else kept.cut_at(self.max_length)
        tokens = made(
            self.scheme,
            positions=self.positions,
            velocities=self.velocities,
            tempos=self.tempos,
            rests=self.rests,
        )
        return begun(folder, tokens, captioned=bool(self.caption), max_length=self.max_length, overlap=self.overlap)

    def save_processor(self, processor: MusicProcessor, folder: Path) -> None:
        """Write MidiTok's JSON, and what else is needed, beside the weights."""
        processor.save(folder)

    def new_token_ids(self, folder: Path) -> tuple[int, ...]:
        """Those of events, and of captions that are read byte by byte; none where the checkpoint knows music."""
        if saved_tokens(folder) is not None:
            return ()
        processor = self.processor(folder)
        return tuple(range(processor.first, processor.size))

    def unfolding(self, processor: MusicProcessor, target: Any, *, held_out: bool) -> Unfolding:
        """A row for each window; what tokens lose of each file is kept for the audit."""
        return Unfolding(partial(self._unfolded, processor))

    def _unfolded(self, processor: MusicProcessor, example: Example, place: str) -> list[Example]:
        tune, music = processor.read(self.bytes_of(example), self.called(example))
        shared = {
            "name": self.called(example),
            "key": "" if tune.key is None else str(tune.key),
            "first": processor.first,
            "lowest": processor.first + processor.events.ids["Pitch_0"],
        }
        return [
            {**example, self.column: {**shared, "again": bytes_of(window.again), "new": bytes_of(window.new)}}
            for window in processor.windows(self._caption(example), music)
        ]

    def rewritten(self, example: Example, change: Change, seed: int) -> Example:
        """In another key, caption and music; as it is where the caption may name a key that is not known."""
        cell = example[self.column]
        asked = AskedEvents(
            self._caption(example), key_named(cell["key"]), ids_of(cell["again"]), ids_of(cell["new"]), cell["lowest"]
        )
        try:
            moved: AskedEvents = change(asked, seed)
        except InputError:
            return example
        key = "" if moved.key is None else str(moved.key)
        written = {**cell, "key": key, "again": bytes_of(moved.again), "new": bytes_of(moved.new)}
        return {**example, **({self.caption: moved.caption} if self.caption else {}), self.column: written}

    def encode(self, examples: Sequence[Example], processor: MusicProcessor) -> list[Encoded]:
        """`input_ids` int32 [L]: what is given before what is to be written, and `_music` int32 [M], the events in it.

        Raises:
            InputError: a file that is missing or broken, or a caption that is too long.
        """
        encoded = []
        for example in examples:
            begun = self._begun(example, processor)
            ids = [*processor.prompt(self._caption(example)), *begun]
            encoded.append({**token_row(ids), "_music": np.array(processor.music_of(begun), np.int32)})
        return encoded

    def _begun(self, example: Example, processor: MusicProcessor) -> list[int]:
        """Ids of bars that are shown again, or of the end of the music that is to be gone on with: as much as leaves half of
        the context, from the beginning of a bar on."""
        cell = example.get(self.column)
        if cell in (None, ""):
            return []
        if isinstance(cell, Mapping) and "again" in cell:
            return [int(number) for number in ids_of(cell["again"])]
        if isinstance(cell, Mapping) and EVENTS in cell:
            music = [self._number(name, processor) for name in cell[EVENTS]]
        else:
            music = processor.events.tokens_of(tune_of_file(self.bytes_of(example), self.called(example))).tolist()
        return [processor.first + token for token in processor.end_of(music)]

    def _number(self, event: Any, processor: MusicProcessor) -> int:
        """Of an event, given as that or by its name."""
        number = processor.events.ids.get(event) if isinstance(event, str) else event
        if not isinstance(number, int) or not 0 <= number < len(processor.events):
            raise InputError(f"{event!r:.60} is no event token", expected="such as 'Bar_None'")
        return number

    def _caption(self, example: Example) -> str:
        return as_text(example.get(self.caption), self.caption) if self.caption else ""

    def packed(self, rows: Sequence[Encoded], processor: MusicProcessor) -> Encoded:
        """The ids of all, one after the other; `position_ids` begin anew in each, by which the network tells them apart."""
        return in_line(rows)

    def collate(self, encoded: Sequence[Encoded], processor: MusicProcessor) -> tuple[dict[str, Array], int]:
        """input_ids and attention_mask, int64 [B, L], padded at the end; of packed rows position_ids as well."""
        arrays, length = processor.collate(encoded)
        return with_positions(arrays, encoded, length), length

    def portable(self, example: Example) -> dict[str, Any]:
        """The caption, and what is to be gone on with: events by their numbers or names, or a file in base64."""
        given = {self.caption: self._caption(example)} if self.caption else {}
        cell = example.get(self.column)
        if isinstance(cell, Mapping) and "again" in cell:
            return {**given, self.column: {EVENTS: (ids_of(cell["again"]) - cell["first"]).tolist()}}
        if cell in (None, "") or (isinstance(cell, Mapping) and EVENTS in cell):
            return {**given, self.column: cell or None}
        return {**given, self.column: {"base64": base64.b64encode(self.bytes_of(example)).decode("ascii")}}

    def audited_text(self, example: Example) -> str | None:
        """The path, and the caption."""
        cell = example.get(self.column)
        if cell is None:
            return None
        name = str(cell["name"]) if isinstance(cell, Mapping) and "name" in cell else super().audited_text(example)
        return "\x1f".join(filter(None, [self._caption(example), name])) or None

    def shown(self, encoded: Encoded, processor: MusicProcessor) -> str:
        """Caption and events in words."""
        return processor.shown(encoded["input_ids"].tolist())


def bytes_of(ids: Array) -> bytes:
    """Ids as a cell holds them."""
    return ids.astype("<i4").tobytes()


def ids_of(data: bytes) -> Array:
    """The other way: int32 [L]."""
    return np.frombuffer(data, "<i4").astype(np.int32)
