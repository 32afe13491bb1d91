"""What the targets share whose answers are transcripts: how texts are compared, and what is counted of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from burnish.core.batch import Array
from burnish.media.transcript.edits import AlignedPair, aligned, distance, edits
from burnish.media.transcript.normalising import VERSION, Form, normalised, words_of
from burnish.targets._answers import Mistakes, Outcome, Wrong
from burnish.targets._capabilities import Judged
from burnish.targets._target import Target

if TYPE_CHECKING:
    import pyarrow as pa


class Transcribed(Target, Judged):
    """A target whose truth is what was said, as text; answers are judged by word errors after normalisation."""

    decides: ClassVar[str] = "wer"
    headline: ClassVar[tuple[str, ...]] = ("wer", "cer", "raw_wer", "sentence_accuracy")
    mistakes: ClassVar[Mistakes] = Mistakes("Worst utterances", "word errors", "said", "transcribed")
    column: str = Field("text", description="Column with what was said.")
    texts: Form = Field(
        "basic",
        description="How texts are written alike before words are compared: none (as they are), basic (small letters, no "
        "punctuation, any language) or english (contractions, numbers, spelling as well).",
    )

    @property
    def texts_version(self) -> str:
        """Of the rules of normalisation, which stand beside every score."""
        return VERSION

    def words(self, text: str | None) -> list[str]:
        """The words of a transcript as an error rate counts them."""
        return words_of(text or "", self.texts)

    def compared(self, truth: str | None, answer: str | None) -> list[AlignedPair]:
        """The words of both, normalised, each beside the one in its place."""
        return aligned(self.words(truth), self.words(answer))

    def problem_with(self, value: Any) -> str:
        """Missing, blank, or no text."""
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return "no transcript"
        if not isinstance(value, str):
            return f"a transcript is text, and this is {type(value).__name__}"
        return "" if value.strip() else "the transcript is blank"

    def strata(self, value: Any) -> str | None:
        """None: transcripts have no classes."""
        return None

    def truth(self, value: Any) -> str | None:
        """The transcript, white space at its ends aside; None where there is none."""
        return None if self.problem_with(value) else str(value).strip()

    def arrow_type(self) -> pa.DataType:
        """A text."""
        import pyarrow as pa

        return pa.string()

    def columns(self) -> tuple[str, ...]:
        """Word edits and words of the reference, character errors and characters, all normalised; word errors of the texts
        as they are; whether all is right; loss in nats and its tokens; tokens written, and whether it ended by itself."""
        return (
            *("word_substitutions", "word_deletions", "word_insertions", "words"),
            *("character_errors", "characters", "raw_word_errors", "raw_words"),
            *("right", "nats", "tokens", "written", "stopped"),
        )

    def measures(self, outcome: Outcome) -> Sequence[float]:
        """The columns of a row; not a number of what was not answered."""
        return (*self._edits(str(outcome.truth), outcome.decoded.answer), *outcome.cost()[:2], *outcome.ending())

    def _edits(self, truth: str, answer: str | None) -> tuple[float, ...]:
        words, raw = self.words(truth), words_of(truth, "none")
        characters = normalised(truth, self.texts)
        if answer is None:
            nan = math.nan
            return (nan, nan, nan, float(len(words)), nan, float(len(characters)), nan, float(len(raw)), nan)
        found = edits(words, self.words(answer))
        wrong = distance(characters, normalised(answer, self.texts))
        raw_wrong = distance(raw, words_of(answer, "none"))
        counts = (found.substitutions, found.deletions, found.insertions, found.reference)
        return (
            *map(float, (*counts, wrong, len(characters), raw_wrong, len(raw))),
            float(found.errors == 0),
        )

    def wrong(self, truth: Any, answer: Any, probabilities: Array, names: Sequence[str]) -> Wrong | None:
        """What was said and what was written, where a word differs after normalisation."""
        errors = distance(self.words(truth), self.words(answer))
        return Wrong(str(truth), str(answer or ""), float(errors)) if errors else None
