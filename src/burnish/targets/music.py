"""Music: a recording, written as the codes of the checkpoint's codec."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from burnish.core.batch import Array, Encoded
from burnish.core.errors import InputError
from burnish.core.filed import FileAnswer
from burnish.core.generated import Ends, Generated
from burnish.core.processor import Processor
from burnish.core.seeds import generator
from burnish.media.codec.encodec import Codec, codec, stated
from burnish.media.codec.recording import LONGEST
from burnish.targets import (
    BeyondFloat16,
    ByCheckpoint,
    Decoded,
    Divided,
    Generative,
    Outcome,
    Sounded,
    Target,
    Taught,
    Veiled,
)
from burnish.targets._codes import Coding, shown_and_learned, stored_codes
from burnish.targets._padding import padded
from burnish.targets._target import Shape

if TYPE_CHECKING:
    import pyarrow as pa

    from burnish.inputs import Unfolding

WAV = ".wav"


class Music(Target, BeyondFloat16, Divided, Generative, Taught, Sounded, Veiled, ByCheckpoint):
    """A recording of music from its caption, written as codes of EnCodec by a network such as MusicGen; predictions are WAV files.

    Recordings longer than a window are cut into windows, each of which is a row with the same caption. Their codes are
    computed once.
    """

    encodes_with: ClassVar[tuple[str, ...]] = ("burnish.media.codec", "burnish.media.sound", "burnish.media.paths")
    shape: ClassVar[Shape] = "codes"
    default_loss: ClassVar[str] = "cross_entropy"
    decides: ClassVar[str] = "loss"
    headline: ClassVar[tuple[str, ...]] = ("codebook_mean", *(f"codebook_loss_{level}" for level in range(1, 5)))
    usual_decoder: ClassVar[str] = "codebooks"
    has_processor: ClassVar[bool] = True
    ending: ClassVar[str] = WAV
    not_in_float16: ClassVar[str] = (
        "numbers of its text encoder and its codec are larger than float16 holds, and become NaN"
    )
    column: str = Field("audio", description="Column with the path of a recording, or its bytes.")
    root: str | None = Field(None, description="Folder that paths are relative to; null: the folder of the table.")
    seconds: float = Field(
        LONGEST,
        gt=0,
        le=LONGEST,
        description="Longest window; longer recordings are cut into windows. The network was trained on 30 seconds and falls "
        "apart beyond them: more is refused.",
    )
    least: float = Field(
        0.8,
        ge=0,
        le=1,
        description="Share of a window below which the end of a longer recording is left out. Whole recordings that are "
        "shorter are learned as long as they are, and counted.",
    )
    condition_dropout: float = Field(
        0.3,
        ge=0,
        lt=1,
        description="Share of the rows of a step whose caption is hidden from the network, so that it can be guided "
        "(decoder.guidance). MusicGen was trained with 0.3.",
    )
    codebooks: int = Field(0, ge=0, description="Codes of a frame over all channels; 0: as the checkpoint says.")
    channels: int = Field(0, ge=0, le=2, description="1 mono, 2 stereo; 0: as the checkpoint says.")

    @property
    def outputs(self) -> int:
        """As many as a codebook of the checkpoint has; none are made."""
        return 0

    @property
    def levels(self) -> int:
        """Codebooks of a channel: the first says most of a sound, each further one corrects what is left."""
        return self.codebooks // max(1, self.channels)

    def of_checkpoint(self, folder: Path) -> tuple[Music, list[str]]:
        """With the number of codebooks and channels.

        Raises:
            InputError: no MusicGen.
        """
        decoder = stated(folder).get("decoder") or {}
        known = {"codebooks": int(decoder.get("num_codebooks", 4)), "channels": int(decoder.get("audio_channels", 1))}
        said = "target: windows of at most 30 s, which is all that MusicGen was trained to write at once"
        return self.model_copy(update=known), [said] if self.seconds == LONGEST else []

    def usual_loss(self) -> dict[str, Any]:
        """Cross-entropy of each code."""
        return {"kind": self.default_loss}

    def learned(self, values: Iterable[Any]) -> Music:
        """As it is; nothing is learned from the rows."""
        return self

    def problem_with(self, value: Any) -> str:
        """Missing, or nothing that could be a recording."""
        if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
            return "no recording"
        if isinstance(value, Mapping):
            return "" if value.get("codes") or value.get("bytes") or value.get("path") else "no recording"
        if isinstance(value, str | bytes):
            return ""
        return f"a recording is a path or the bytes of a file, and this is {type(value).__name__}"

    def processor(self, folder: Path, reads: Processor, settings: dict[str, Any] | None = None) -> Codec:
        """The codec in the checkpoint."""
        return codec(folder, settings)

    def unfolding(self, processor: Any, folder: Path, cache: Path | None) -> Unfolding:
        """A row for each window, with its codes in the place of the recording."""
        root = str(folder) if self.root is None else self.root
        return Coding(self.column, root, self.seconds, self.least, _codec(processor), cache).unfolding()

    def given(self, value: Any, encoded: Encoded, processor: Processor) -> Encoded:
        """`decoder_input_ids` int32 [T * K], the codes before each step; `_length` T, the frames; `conditioned` as the row says."""
        shown, _, _ = shown_and_learned(stored_codes(value, self.codebooks), _codec(processor))
        frames = np.int32(len(shown))
        return {
            "decoder_input_ids": shown.ravel().astype(np.int32),
            "conditioned": encoded["conditioned"],
            "_length": frames,  # type: ignore[dict-item]
            "_full_length": frames,  # type: ignore[dict-item]
        }

    def collate_given(self, given: Sequence[Encoded], length: int, processor: Processor) -> dict[str, Array]:
        """`decoder_input_ids` int64 [B, K, T]; behind a row whatever its first step has, which no earlier step sees."""
        rows = [row["decoder_input_ids"].reshape(-1, self.codebooks) for row in given]
        return {"decoder_input_ids": padded(rows, np.int64, filler=_codec(processor).filler).swapaxes(1, 2).copy()}

    def encode(self, value: Any, encoded: Encoded, processor: Processor) -> tuple[Array, Array]:
        """The code of each codebook at each step, int64 [T * K], and its weight: 0 where a codebook has not begun."""
        _, learned, weights = shown_and_learned(stored_codes(value, self.codebooks), _codec(processor))
        return learned.ravel(), weights.ravel()

    def collate(self, pairs: Sequence[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
        """Padded at the end: targets int64 [B, T, K], weights float32 [B, T, K]."""
        targets, weights = ([pair[place].reshape(-1, self.codebooks) for pair in pairs] for place in (0, 1))
        return padded(targets, np.int64), padded(weights, np.float32)

    def veiled(self, given: Encoded, seed: int) -> Encoded:
        """Without its caption, in a share of all draws."""
        if generator(seed, "condition").random() >= self.condition_dropout:
            return given
        return {**given, "conditioned": np.int32(0)}  # type: ignore[dict-item]

    def learned_pieces(
        self, encoded: Encoded, truth: tuple[Array, Array], processor: Processor
    ) -> list[tuple[str, bool]]:
        """The caption, and how much of the recording is learned."""
        frames = len(truth[0]) // self.codebooks
        seconds = frames / _codec(processor).frames_per_second
        said = f"{seconds:.1f} s: {frames:,} frames of {self.codebooks} codes, {int(truth[1].sum()):,} of them learned"
        return [(said, True)]

    def strata(self, value: Any) -> str | None:
        """None: recordings have no classes."""
        return None

    def truth(self, value: Any) -> str | None:
        """What the recording is called, and where a window begins in it."""
        if self.problem_with(value):
            return None
        if not isinstance(value, Mapping):
            return value if isinstance(value, str) else "a recording"
        start = value.get("start")
        return f"{value.get('path') or 'a recording'}{f' from {start:g} s' if start else ''}"

    def arrow_type(self) -> pa.DataType:
        """A path."""
        import pyarrow as pa

        return pa.string()

    def columns(self) -> tuple[str, ...]:
        """Nats and codes of each level of codebooks, then of all; seconds of what was written."""
        by_level = [name for level in range(1, self.levels + 1) for name in (f"nats_{level}", f"codes_{level}")]
        return (*by_level, "nats", "tokens")

    def measures(self, outcome: Outcome) -> Sequence[float]:
        """The columns of a row; 0 of a row that has no weight."""
        parts = outcome.parts if len(outcome.parts) == self.codebooks else [(math.nan, 0.0)] * self.codebooks
        levels = [parts[at : at + self.channels] for at in range(0, self.codebooks, self.channels)]
        sums = [math.fsum(of[place] for of in level) for level in levels for place in (0, 1)]
        return (*sums, *outcome.cost()[:2])

    def ends(self, processor: Any) -> Ends:
        """How codebooks are late, and how long a prediction may be."""
        known = _codec(processor)
        return Ends(
            blank=known.filler,
            late=known.late,
            most=round(LONGEST * known.frames_per_second),
            frames_per_second=known.frames_per_second,
            seconds=self.seconds,
        )

    def said(self, views: Sequence[Generated], encoded: Encoded, processor: Any) -> Decoded:
        """The sound of the codes; none where the network gave no numbers."""
        (written,) = views
        known, nothing = _codec(processor), np.zeros(0, np.float32)
        codes = written.ids.reshape(known.codebooks, -1)
        if not math.isfinite(written.score):
            return Decoded(None, nothing, written.score, written.ended, codes.shape[1])
        return Decoded(_wav(codes, known), nothing, written.score, written.ended, codes.shape[1])

    def recorded(self, value: Any, processor: Any) -> Array | None:
        """What the codec gives back of a window: what it loses is not the network's."""
        codes = stored_codes(value, self.codebooks)
        return _codec(processor).sound(codes) if codes.shape[1] else None

    def rate(self, processor: Any) -> int:
        """The codec's."""
        return _codec(processor).rate

    def content(self, answer: FileAnswer) -> bytes:
        """A WAV file of 16 bits."""
        return answer.content


def _wav(codes: Array, known: Codec) -> FileAnswer:
    import hashlib

    from burnish.media.sound.reading import as_wav

    identity = hashlib.sha256(np.ascontiguousarray(codes, "<i2").tobytes()).hexdigest()[:32]
    return FileAnswer(as_wav(known.sound(codes).T, known.rate), WAV, "audio/wav", f"codes {identity}")


def _codec(processor: Any) -> Codec:
    known = processor.for_target
    if not isinstance(known, Codec):
        raise InputError("a target of music without a codec", place="target")
    return known
