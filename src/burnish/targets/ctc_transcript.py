"""What was said, read from the frames of a recording."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from burnish.core.batch import Array, Encoded
from burnish.core.errors import InputError
from burnish.core.generated import Ends, Generated
from burnish.core.processor import Processor
from burnish.core.written import not_written
from burnish.media.text.words import UNSPACED
from burnish.media.transcript import vocabulary
from burnish.media.transcript.stitching import APART, stitched
from burnish.media.transcript.vocabulary import Spelling, needed_frames
from burnish.targets import Decoded, Standalone
from burnish.targets._padding import padded_pairs
from burnish.targets._spoken import Spoken
from burnish.targets._target import Shape

SHOWN = 30
_UNSPACED = re.compile(f"[{UNSPACED}]")
PROGRAM = """
frames = logits[0].argmax(axis=-1).tolist()
changed = [one for one, before in zip(frames, [-1, *frames]) if one != before]
tokens = [spelling["tokens"][one] for one in changed if one != spelling["blank"]]
written = (" " if token == "|" else token for token in tokens if token not in ("<unk>", "<s>", "</s>"))
print(json.dumps({"transcript": " ".join("".join(written).split())}, ensure_ascii=False))
"""


class CtcTranscript(Spoken, Standalone):
    """What was said, spelled character by character from the frames of the recording (CTC; Graves et al., 2006).

    The characters are those of the checkpoint where it was trained for CTC, else those of the training texts.
    """

    encodes_with: ClassVar[tuple[str, ...]] = ("burnish.media.transcript",)
    shape: ClassVar[Shape] = "frames"
    default_loss: ClassVar[str] = "ctc"
    usual_decoder: ClassVar[str] = "ctc_greedy"
    tokens: list[str] = Field(
        default_factory=list,
        description="Tokens in the order of the logits; empty: the checkpoint's, or the characters of the training texts.",
    )
    blank: int = Field(0, ge=0, description="The number of the token that stands for nothing.")
    uncovered: float = Field(
        0.01,
        ge=0,
        le=1,
        description="Share of the characters of the training texts that the checkpoint's tokens may lack.",
    )

    def recognises(self, values: Sequence[Any]) -> bool:
        """Never: a column of texts is a `transcript`, which becomes this where the checkpoint spells."""
        return False

    def as_stated(self, folder: Path) -> tuple[CtcTranscript, list[str]]:
        """With the checkpoint's own tokens, and its letters where it has but small or capital ones."""
        stated = None if self.tokens else vocabulary.stated_tokens(folder)
        if stated is None:
            return self, []
        tokens, blank = stated
        update: dict[str, Any] = {"tokens": list(tokens), "blank": blank}
        said = [f"target: the checkpoint's own {len(tokens)} tokens, and its head"]
        letters = {token for token in tokens if len(token) == 1 and token.isalpha()}
        if "case" not in self.model_fields_set and letters and not any(c.islower() for c in letters):
            update["case"] = "upper"
        elif "case" not in self.model_fields_set and letters and not any(c.isupper() for c in letters):
            update["case"] = "lower"
        if "case" in update:
            said.append(f"target: texts are learned in {update['case']} case, the only one the checkpoint writes")
        return self.model_copy(update=update), said

    @property
    def explicit(self) -> bool:
        """A head of CTC may be put on any network that hears."""
        return True

    def usual_loss(self) -> dict[str, Any]:
        """CTC, with this blank."""
        return {"kind": "ctc", "blank": self.blank}

    @property
    def outputs(self) -> int:
        """A logit for each token."""
        return len(self.tokens)

    def learned(self, values: Iterable[Any]) -> CtcTranscript:
        """With the characters that occur; given tokens are kept, and must cover the texts.

        Raises:
            InputError: they lack more than the share `uncovered` of the characters.
        """
        texts = [self.spoken(value) for value in values if not self.problem_with(value)]
        if not self.tokens:
            return self.model_copy(update={"tokens": list(vocabulary.learned_tokens(texts)), "blank": 0})
        self._require_covered(texts)
        return self

    def _require_covered(self, texts: Sequence[str]) -> None:
        known = Spelling(tuple(self.tokens), self.blank).characters()
        lacking: dict[str, int] = {}
        total = 0
        for text in texts:
            total += len(text)
            for character in text:
                if character not in known and not character.isspace():
                    lacking[character] = lacking.get(character, 0) + 1
        share = sum(lacking.values()) / max(1, total)
        if share > self.uncovered:
            common = sorted(lacking, key=lambda c: -lacking[c])[:SHOWN]
            more = f" and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else ""
            raise InputError(
                f"{share:.1%} of the characters of the training texts are not among the checkpoint's tokens: "
                + ", ".join(f"{c!r} ({lacking[c]:,})" for c in common)
                + more,
                expected=f"at most {self.uncovered:.1%}",
                fix="target.case: lower or upper, where only that differs; target.tokens: [] with another checkpoint; or "
                "accept it by target.uncovered",
                place="target.tokens",
            )

    def processor(self, folder: Path, reads: Processor, settings: dict[str, Any] | None = None) -> Spelling:
        """The characters, and how many frames the network gives."""
        if settings is not None:
            place = folder.parent / "bundle.json"
            spelling = vocabulary.restored(settings, place)
            if spelling.tokens != tuple(self.tokens) or spelling.blank != self.blank:
                raise not_written(
                    "target and processor have different tokens, or another blank", "the same of both", place
                )
            return spelling
        return Spelling(tuple(self.tokens), self.blank, **vocabulary.frame_settings(folder))

    def save_processor(self, processor: Processor, folder: Path) -> None:
        """Write the vocabulary beside the weights, as transformers reads it."""
        assert isinstance(processor, Spelling)
        vocabulary.save(processor, folder)

    def encode(self, value: Any, encoded: Encoded, processor: Processor) -> tuple[Array, Array]:
        """int64 [letters] and their weights.

        All weights are 0 where there is no text, where the sound is longer than a window, or where it has too few frames for
        the text, of which the loss would be infinite.
        """
        spelling = _spelling(processor)
        if self.problem_with(value):
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        numbers, _ = spelling.numbers(self.spoken(value))
        whole = int(encoded["_full_length"]) <= int(encoded["_length"])
        enough = needed_frames(numbers.tolist()) <= _frames(spelling, encoded)
        return numbers, np.full(len(numbers), float(whole and enough), np.float32)

    def has_room(self, truth: tuple[Array, Array], encoded: Encoded, processor: Processor) -> bool:
        """Whether there are frames enough: a faster recording has fewer, and the loss of the whole step would be infinite."""
        numbers, weights = truth
        return not weights.any() or needed_frames(numbers.tolist()) <= _frames(_spelling(processor), encoded)

    def collate(self, pairs: Sequence[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
        """Padded to the longest transcript: targets int64 [B, T], weights float32 [B, T]; T is 1 or more."""
        longest = max(1, max(len(p[0]) for p in pairs))
        return padded_pairs(pairs, longest)

    def needed_frames(self, value: Any, processor: Any) -> int:
        """One for each letter, and one between two of one kind."""
        return needed_frames(_spelling(processor).numbers(self.spoken(value))[0].tolist())

    def frames_of(self, seconds: float, processor: Any) -> int:
        """As the network counts them, of a recording or of a window of it."""
        rate, window = processor.for_input.heard
        samples, spelling = round(min(seconds, window) * rate), _spelling(processor)
        return spelling.frames(samples) if spelling.kernels else int(processor.for_input.length(samples))

    def unwritable(self, value: Any, processor: Any) -> str:
        """Characters that no token stands for."""
        return "".join(_spelling(processor).numbers(self.spoken(value))[1])

    def frames(self, encoded: Encoded, given: int, processor: Any) -> int:
        """How many of the frames that the network gives belong to a view."""
        return min(given, _frames(_spelling(processor), encoded))

    def program(self) -> str:
        """The most probable token of each frame, repeats made one, blanks left out."""
        return PROGRAM

    def ends(self, processor: Any) -> Ends:
        """The blank."""
        spelling = _spelling(processor)
        return Ends(text=spelling.text, blank=spelling.blank)

    def spaced(self, texts: Sequence[str], processor: Any) -> bool:
        """Unless most of the letters are of scripts without spaces: a single word holds none either."""
        whole = "".join("".join(text.split()) for text in texts)
        return 2 * len(_UNSPACED.findall(whole)) <= len(whole)

    def said(self, views: Sequence[Generated], encoded: Encoded, processor: Any) -> Decoded:
        """The transcript of the windows, joined where they agree."""
        spelling = _spelling(processor)
        texts = [spelling.text(view.ids) for view in views]
        return Decoded(
            stitched(texts, spaced=self.spaced(texts, processor), apart=bool(encoded.get(APART, 0))),
            np.zeros(0, np.float32),
            sum(view.score for view in views),
            "stop",
            sum(len(view.ids) for view in views),
            views[0].words if len(views) == 1 else (),
        )


def _frames(spelling: Spelling, encoded: Encoded) -> int:
    """Those that learn and answer; of Whisper also those of the silence that a window is filled up with."""
    return spelling.frames(int(encoded["_samples"])) if spelling.kernels else int(encoded["_length"])


def _spelling(processor: Any) -> Spelling:
    spelling = processor.for_target
    assert isinstance(spelling, Spelling)
    return spelling
