"""What was said, written by a decoder token by token."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from burnish.core.batch import Array, Encoded
from burnish.core.generated import Ends, Generated, Reason
from burnish.core.processor import Processor
from burnish.media.transcript import decoder_tokens
from burnish.media.transcript.decoder_tokens import DecoderTokens
from burnish.media.transcript.stitching import APART, stitched
from burnish.targets import Decoded
from burnish.targets._padding import padded, padded_pairs
from burnish.targets._spoken import Spoken
from burnish.targets._target import Shape


class Transcript(Spoken):
    """What was said, written by the decoder of a network such as Whisper, with the checkpoint's own tokens.

    Recordings longer than a window are written window by window and joined where these agree.
    """

    encodes_with: ClassVar[tuple[str, ...]] = ("burnish.media.transcript", "burnish.media.text")
    shape: ClassVar[Shape] = "decoded"
    default_loss: ClassVar[str] = "cross_entropy"
    usual_decoder: ClassVar[str] = "temperature_fallback"
    language: str | None = Field(
        None,
        description="Code of the language that is written, such as en; null: what the checkpoint hears in the training "
        "recordings. It is forced in training and in every prediction.",
    )
    speech_task: Literal["transcribe", "translate"] = Field(
        "transcribe", description="What a multilingual checkpoint is told to do; translate: into English."
    )
    symbols: str = Field("", description="Characters of the training texts; empty: learned from them.")

    def as_stated(self, folder: Path) -> tuple[Transcript, list[str]]:
        """With the language, where the checkpoint writes but one."""
        return self, []

    @property
    def outputs(self) -> int:
        """As many as the checkpoint has tokens; none are made."""
        return 0

    def learned(self, values: Iterable[Any]) -> Transcript:
        """With the characters that occur: tokens that are made of them may be written."""
        if self.symbols:
            return self
        found = {character for value in values if isinstance(value, str) for character in value}
        return self.model_copy(update={"symbols": "".join(sorted(found))})

    def processor(self, folder: Path, reads: Processor, settings: dict[str, Any] | None = None) -> DecoderTokens:
        """The checkpoint's tokenizer, and how its transcripts begin and end."""
        if settings is not None:
            return decoder_tokens.restored(folder, settings)
        return decoder_tokens.decoder_tokens(folder, self.language, self.speech_task, self.symbols)

    def save_processor(self, processor: Processor, folder: Path) -> None:
        """Write the files of the tokenizer beside the weights."""
        assert isinstance(processor, DecoderTokens)
        decoder_tokens.save(processor, folder)

    def given(self, value: Any, encoded: Encoded, processor: Processor) -> Encoded:
        """`decoder_input_ids` int32 [P + T]: the prompt and the transcript."""
        tokens, ids, _ = self._ids(value, processor)
        return {"decoder_input_ids": np.array([*tokens.prompt, *ids], np.int32)}

    def collate_given(self, given: Sequence[Encoded], length: int, processor: Processor) -> dict[str, Array]:
        """Padded at the end with the token that ends a transcript; no place sees a later one."""
        stop = _tokens(processor).stops[0]
        return {"decoder_input_ids": padded([row["decoder_input_ids"] for row in given], np.int64, filler=stop)}

    def encode(self, value: Any, encoded: Encoded, processor: Processor) -> tuple[Array, Array]:
        """The next token at each place, int64 [P + T], and its weight: 0 for those of the prompt.

        All weights are 0 where there is no text, where the sound is longer than a window, whose words it would not hold, or
        where the text is longer than the decoder.
        """
        tokens, ids, fits = self._ids(value, processor)
        prompt = len(tokens.prompt)
        targets = np.array([*tokens.prompt[1:], *ids, tokens.stops[0]], np.int64)
        whole = int(encoded["_full_length"]) <= int(encoded["_length"])
        weights = np.zeros(len(targets), np.float32)
        weights[prompt - 1 :] = float(whole and fits and not self.problem_with(value))
        return targets, weights

    def _ids(self, value: Any, processor: Processor) -> tuple[DecoderTokens, list[int], bool]:
        """Ids of a text, no more than the decoder has places, and whether these are all: longer ones have no weight."""
        tokens = _tokens(processor)
        ids = [] if self.problem_with(value) else tokens.numbers(self.spoken(value))
        fits = tokens.most is None or len(ids) <= tokens.most
        return tokens, ids if fits else ids[: tokens.most], fits

    def length_of(self, value: Any, processor: Any) -> int:
        """Prompt, transcript and end, without the last, which is not read."""
        tokens = _tokens(processor)
        return len(tokens.prompt) + len(tokens.numbers(self.spoken(value)))

    def longest(self, processor: Any) -> int | None:
        """Places of the decoder."""
        return _tokens(processor).longest

    def learned_pieces(
        self, encoded: Encoded, truth: tuple[Array, Array], processor: Processor
    ) -> list[tuple[str, bool]]:
        """Prompt and transcript."""
        tokens, (ids, weights) = _tokens(processor), truth
        tokenizer = tokens.tokens.tokenizer
        learned = [int(i) for i, weight in zip(ids, weights, strict=True) if weight > 0]
        prompt = tokenizer.decode(list(tokens.prompt), skip_special_tokens=False)
        return [(prompt, False), (tokenizer.decode(learned, skip_special_tokens=False), True)]

    def collate(self, pairs: Sequence[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
        """Padded to the longest transcript: targets int64 [B, T], weights float32 [B, T]."""
        return padded_pairs(pairs)

    def begun(self, rows: int, processor: Processor) -> dict[str, Array]:
        """`decoder_input_ids` int64 [rows, P]: the prompt."""
        prompt = np.array(_tokens(processor).prompt, np.int64)
        return {"decoder_input_ids": np.tile(prompt, (rows, 1))}

    def most_written(self, encoded: Encoded, processor: Any) -> int | None:
        """25 tokens for each second of the recording and 16 more, rounded up to a power of 2, so that few bounds differ.

        Nobody speaks faster, in any script; a decoder that has fallen into a loop would write on.
        """
        heard = processor.for_input.heard
        if heard is None or "_samples" not in encoded:
            return None
        return 1 << (16 + 25 * int(encoded["_samples"]) // int(heard[0]) - 1).bit_length()

    def ends(self, processor: Any) -> Ends:
        """The tokens that end a transcript, and those that are never written."""
        tokens = _tokens(processor)
        return Ends(
            frozenset(tokens.stops),
            tokens.text,
            tokenizer=tokens.tokens.tokenizer,
            never=tokens.never,
            never_first=tokens.never_first,
            most=tokens.most,
        )

    def spaced(self, texts: Sequence[str], processor: Any) -> bool:
        """As the language is written."""
        return _tokens(processor).spaced or self.language is None

    def said(self, views: Sequence[Generated], encoded: Encoded, processor: Any) -> Decoded:
        """The transcript of the windows, joined where they agree."""
        tokens = _tokens(processor)
        texts = [tokens.text(view.ids)[: view.cut] for view in views]
        ended: Reason = "length" if any(view.ended == "length" for view in views) else "stop"
        return Decoded(
            stitched(texts, spaced=self.spaced(texts, processor), apart=bool(encoded.get(APART, 0))),
            np.zeros(0, np.float32),
            sum(view.score for view in views),
            ended,
            sum(len(view.ids) for view in views),
            views[0].words if len(views) == 1 else (),
        )


def _tokens(processor: Any) -> DecoderTokens:
    tokens = processor.for_target
    assert isinstance(tokens, DecoderTokens)
    return tokens
