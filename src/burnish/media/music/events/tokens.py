"""Tunes to event tokens and back, through MidiTok; its own JSON says the whole of it."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.media.music.midi import midi_of_tune, tune_of_midi
from burnish.media.music.tune import Tune

Scheme = Literal["REMI", "TSD"]
FILE = "music_tokens.json"
"""What MidiTok's JSON is called in a folder of a model."""
BEGIN, END, PAD = "BOS_None", "EOS_None", "PAD_None"
BAR = "Bar_None"
_METERS = {2: [1, 2, 3, 4], 4: list(range(1, 10)), 8: list(range(1, 13)), 16: list(range(3, 13))}
"""Unit to beats that have a token."""
_LONGEST_BEATS, _FINE_BEATS, _COARSE = 16, 4, 4
_MOST_BYTES = 20_000_000  # of the JSON: a learned vocabulary of a hundred thousand tokens takes less


@dataclass(frozen=True)
class EventTokens:
    """A tokenizer of MidiTok.

    Attributes:
        saved: its JSON.
    """

    saved: str

    @cached_property
    def library(self) -> Any:
        """MidiTok's own object."""
        return _opened(self.saved)

    @property
    def scheme(self) -> str:
        """Which of MidiTok's ways it is."""
        return str(json.loads(self.saved)["tokenization"])

    @property
    def positions(self) -> int:
        """Of a beat."""
        return int(self.library.config.max_num_pos_per_beat)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Tokens such as `Pitch_60`, by their ids."""
        vocabulary: dict[str, int] = self.library.vocab
        return tuple(sorted(vocabulary, key=vocabulary.__getitem__))

    @cached_property
    def ids(self) -> dict[str, int]:
        """The other way."""
        return {name: number for number, name in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    def fingerprint(self) -> str:
        """A hash of all that changes what tokens a tune becomes."""
        import miditok
        import symusic

        versions = f"{getattr(miditok, '__version__', '')} {getattr(symusic, '__version__', '')}"
        return hashlib.sha256(f"{self.saved}\n{versions}".encode()).hexdigest()

    def tokens_of(self, tune: Tune) -> NDArray[np.int32]:
        """int32 [L], without the tokens that frame a tune.

        Raises:
            InputError: a tune that MIDI or MidiTok cannot hold, such as one of an unknown meter.
        """
        import symusic

        score = symusic.Score.from_midi(midi_of_tune(tune))
        try:
            found = self.library(score)
        except Exception as error:  # whatever the library meets in a file that it does not expect
            raise InputError(
                f"MidiTok cannot make tokens of it: {type(error).__name__}: {str(error)[:200]}",
                expected="a piece of music in meters from " + _meters_in_words(),
            ) from error
        return np.array(found.ids, np.int32)

    def tune_of(self, tokens: Sequence[int]) -> Tune:
        """The tune of tokens; tokens that are none of music are passed over, and so is a note that was cut off.

        Raises:
            InputError: MidiTok cannot read their order, which a constrained decoder does not write.
        """
        known = [int(token) for token in tokens if 0 <= token < len(self) and not _frames(self.names[token])]
        if not known:
            return Tune(())
        import miditok

        try:
            score = self.library.decode(miditok.TokSequence(ids=known, are_ids_encoded=False))
            return tune_of_midi(bytes(score.dumps_midi()))
        except Exception as error:  # orders of tokens that the library was not made for end in errors of any kind
            raise InputError(
                f"MidiTok cannot read these tokens: {type(error).__name__}: {str(error)[:200]}",
                expected="an order of tokens that its tokenizer writes",
                fix="decode with the grammar of events, which is usual",
            ) from error

    def save(self, folder: Path) -> None:
        """Write MidiTok's JSON into a folder."""
        (folder / FILE).write_text(self.saved, encoding="utf-8")


def made(scheme: Scheme, *, positions: int, velocities: int, tempos: int, rests: bool) -> EventTokens:
    """A tokenizer with meters and instruments, whose vocabulary depends on nothing but these settings.

    Args:
        scheme: REMI (bars and positions in them) or TSD (shifts of time).
        positions: of a beat.
        velocities: steps of loudness.
        tempos: how many between 30 and 300 beats a minute; 0: no tempo is kept.
        rests: whether pauses have tokens.

    Raises:
        InputError: MidiTok is not installed.
    """
    config = {
        "pitch_range": (0, 127),
        "beat_res": {(0, _FINE_BEATS): positions, (_FINE_BEATS, _LONGEST_BEATS): min(positions, _COARSE)},
        "num_velocities": velocities,
        "special_tokens": ["PAD", "BOS", "EOS"],
        "use_tempos": tempos > 0,
        "num_tempos": max(tempos, 1),
        "tempo_range": (30, 300),
        "log_tempos": True,
        "use_time_signatures": True,
        "time_signature_range": _METERS,
        "use_programs": True,
        "one_token_stream_for_programs": True,
        "program_changes": True,
        "use_rests": rests,
        "beat_res_rest": {(0, 1): positions, (1, 12): _halves(positions)},
        "remove_duplicated_notes": True,
        "drums_pitch_range": (0, 127),
    }
    return _made(scheme, json.dumps([[k, _plain(v)] for k, v in config.items()]))


@lru_cache(maxsize=8)
def _made(scheme: str, config: str) -> EventTokens:
    library = _library()
    given = {name: _tuples(name, value) for name, value in json.loads(config)}
    tokenizer = getattr(library, scheme)(library.TokenizerConfig(**given))
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save(Path(folder) / FILE)
        return EventTokens((Path(folder) / FILE).read_text(encoding="utf-8"))


def _halves(positions: int) -> int:
    """Parts of a beat of long rests, so that a rest never ends behind the note it leads to: whole parts of a position."""
    return next(parts for parts in (4, 2, 1) if positions % parts == 0)


def _plain(value: Any) -> Any:
    """As JSON: MidiTok's keys are tuples."""
    return [[k, v] for k, v in value.items()] if isinstance(value, dict) else value


def _tuples(name: str, value: Any) -> Any:
    if name in ("beat_res", "beat_res_rest"):
        return {tuple(key): number for key, number in value}
    if name == "time_signature_range":
        return dict(value)
    return tuple(value) if name.endswith("_range") else value


def read(folder: Path) -> EventTokens | None:
    """The tokenizer in a folder of a model; None where there is none.

    Raises:
        InputError: a file that is none of MidiTok's.
    """
    place = folder / FILE
    if not place.is_file():
        return None
    if place.stat().st_size > _MOST_BYTES:
        raise InputError(f"more than {_MOST_BYTES:,} bytes", expected="MidiTok's JSON", place=str(place))
    try:
        tokens = EventTokens(place.read_text(encoding="utf-8"))
        if tokens.scheme not in ("REMI", "TSD"):
            raise InputError(f"the tokenizer is {tokens.scheme!r}", expected="REMI or TSD", place=str(place))
        len(tokens)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"it cannot be read: {error!r}", expected="MidiTok's JSON", place=str(place)) from error
    return tokens


@lru_cache(maxsize=8)
def _opened(saved: str) -> Any:
    library = _library()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / FILE
        place.write_text(saved, encoding="utf-8")
        return getattr(library, json.loads(saved)["tokenization"])(params=place)


def _frames(name: str) -> bool:
    return name in (BEGIN, END, PAD)


def _meters_in_words() -> str:
    return ", ".join(f"{beats[0]}/{unit} to {beats[-1]}/{unit}" for unit, beats in _METERS.items())


def _library() -> Any:
    try:
        import miditok
    except ImportError as error:
        raise InputError("event tokens need the package miditok", fix="pip install 'burnish[music]'") from error
    return miditok
