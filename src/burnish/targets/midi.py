"""A piece of music, written in event tokens; predictions are MIDI files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from burnish.core.batch import Array, Encoded
from burnish.core.errors import InputError
from burnish.core.filed import FileAnswer
from burnish.core.generated import Ends, Generated
from burnish.core.processor import Processor
from burnish.media.music.events.orders import HeldEvents, orders_of
from burnish.media.music.events.processor import MusicProcessor
from burnish.media.music.midi import midi_of_tune, tune_of_midi
from burnish.media.music.tune import Tune
from burnish.media.text.token_row import token_row
from burnish.targets import Decoded, Filed, Generative, Musical, Outcome, OverVocabulary, Target, Taught
from burnish.targets._padding import padded_pairs

if TYPE_CHECKING:
    import pyarrow as pa


class Midi(Target, OverVocabulary, Generative, Taught, Filed, Musical):
    """The music of a row in event tokens, written behind its caption or behind the bars before.

    A prediction is a MIDI file.
    """

    encodes_with: ClassVar[tuple[str, ...]] = ("burnish.media.music", "burnish.media.text")
    shape: ClassVar[Literal["row", "element", "sequence"]] = "sequence"
    default_loss: ClassVar[str] = "cross_entropy"
    usual_decoder: ClassVar[str] = "sampling"
    decides: ClassVar[str] = "loss"
    headline: ClassVar[tuple[str, ...]] = ("perplexity", "stop_rate")
    ending: ClassVar[str] = ".mid"
    column: str = Field("", description="Column of the music; empty: the one that the input reads.")

    @property
    def outputs(self) -> int:
        """0: as many as there are tokens."""
        return 0

    def learned(self, values: Iterable[Any]) -> Midi:
        """As it is; nothing is learned from the rows."""
        return self

    def problem_with(self, value: Any) -> str:
        """No music."""
        return "" if value else "no music"

    def given(self, value: Any, encoded: Encoded, processor: Processor) -> Encoded:
        """`input_ids` int32 [L - 1]: the prompt and the music, without the last token."""
        return token_row(self._whole(value, encoded, processor)[0][:-1])

    def encode(self, value: Any, encoded: Encoded, processor: Processor) -> tuple[Array, Array]:
        """The next token at each place, int64 [L - 1], and float32 [L - 1]: 1 for those of the music."""
        ids, asked = self._whole(value, encoded, processor)
        weights = (np.arange(1, len(ids)) >= asked).astype(np.float32)
        return ids[1:].astype(np.int64), weights

    def _whole(self, value: Any, encoded: Encoded, processor: Processor) -> tuple[Array, int]:
        """Ids of prompt and music, and how many are the prompt's; the prompt alone where there is no music."""
        prompt = encoded["input_ids"]
        if isinstance(value, Mapping) and "new" in value:
            new = np.frombuffer(value["new"], "<i4")
            return np.concatenate([prompt, new]).astype(np.int32), len(prompt)
        ids = np.append(prompt, _music(processor).end).astype(np.int32)
        return ids, len(ids)

    def learned_pieces(
        self, encoded: Encoded, truth: tuple[Array, Array], processor: Processor
    ) -> list[tuple[str, bool]]:
        """Prompt and music in words."""
        music, (ids, weights) = _music(processor), truth
        asked = 1 + int((weights == 0).sum())
        whole = [*encoded["input_ids"].tolist(), int(ids[-1])]
        return [(music.shown(whole[:asked]), False), (" " + music.shown(whole[asked:]), True)]

    def collate(self, pairs: Sequence[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
        """Padded at the end as the rows are: targets int64 [B, L], weights float32 [B, L]."""
        return padded_pairs(pairs, length)

    def strata(self, value: Any) -> str | None:
        """None."""
        return None

    def truth(self, value: Any) -> str | None:
        """The path of the file."""
        if isinstance(value, Mapping):
            value = value.get("name")
        return None if not value else value if isinstance(value, str) else "music"

    def arrow_type(self) -> pa.DataType:
        """A text."""
        import pyarrow as pa

        return pa.string()

    def columns(self) -> tuple[str, ...]:
        """Negative log-likelihood of the music in nats, its tokens, tokens written, and whether it ended by itself."""
        return ("nats", "tokens", "written", "stopped")

    def measures(self, outcome: Outcome) -> Sequence[float]:
        """The columns of a row; not a number of what was not answered."""
        return (*outcome.cost()[:2], *outcome.ending())

    def ends(self, processor: Any) -> Ends:
        """The token that ends a tune, and the orders in which events may follow."""
        music = _music(processor)
        return Ends(frozenset({music.end}), orders=partial(HeldEvents, orders_of(music.events.saved), music.first))

    def said(self, views: Sequence[Generated], encoded: Encoded, processor: Any) -> Decoded:
        """The music that was gone on with and what was written, as a MIDI file; None where that is no music."""
        (written,) = views
        music = _music(processor)
        whole = [*encoded["_music"].tolist(), *music.music_of(written.ids.tolist())]
        return Decoded(_file(music, whole), np.zeros(0, np.float32), written.score, written.ended, len(written.ids))

    def content(self, answer: FileAnswer) -> bytes:
        """The MIDI file."""
        return answer.content

    def music(self, answer: Any) -> Tune | None:
        """What a MIDI file plays."""
        data = answer.content if isinstance(answer, FileAnswer) else answer
        try:
            return tune_of_midi(data) if isinstance(data, bytes) else None
        except InputError:
            return None

    def true_music(self, value: Any, processor: Any) -> Tune | None:
        """What the event tokens of a window play, bars that it shows again with them, as answers have those."""
        if not (isinstance(value, Mapping) and "new" in value):
            return None
        music = _music(processor)
        ids = [*np.frombuffer(value["again"], "<i4").tolist(), *np.frombuffer(value["new"], "<i4").tolist()]
        try:
            return music.events.tune_of(music.music_of(ids))
        except InputError:
            return None

    def notated(self, answer: Any) -> str:
        """Nothing: MIDI says neither keys of accidentals nor how notes are tied."""
        return ""

    def faults(self, answer: Any) -> Sequence[str]:
        """Whether there are notes: what else events must be, their orders see to."""
        tune = self.music(answer)
        return ("nothing was written",) if tune is None else () if tune.notes else ("it has no notes",)


def _file(processor: MusicProcessor, music: Sequence[int]) -> FileAnswer | None:
    """The MIDI file of event tokens; None where they hold no note, or are in an order that free decoding alone writes."""
    try:
        tune = processor.events.tune_of(music)
    except InputError:
        return None
    if not tune.notes:
        return None
    identity = hashlib.sha256(np.asarray(music, "<i4").tobytes()).hexdigest()[:16]
    return FileAnswer(midi_of_tune(tune), Midi.ending, "audio/midi", f"events {identity}")


def _music(processor: Any) -> MusicProcessor:
    music = processor.for_target
    assert isinstance(music, MusicProcessor)
    return music
