"""Tunes in ABC, written by a language model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from burnish.core.batch import Encoded
from burnish.core.errors import InputError
from burnish.core.generated import Generated
from burnish.media.chat.conversation import Conversation, row_of
from burnish.media.music.abc.headers import parted
from burnish.media.music.abc.reading import problems, read
from burnish.media.music.asked_tunes import Headed, given_header, whole_tune
from burnish.media.music.tune import Tune as Music
from burnish.targets import Decoded, Musical, Outcome
from burnish.targets._replies import Replies


class Tune(Replies, Musical):
    """A tune in ABC, written by a language model; labels and predictions are whole tunes, with their headers."""

    encodes_with: ClassVar[tuple[str, ...]] = (*Replies.encodes_with, "burnish.media.music")
    headline: ClassVar[tuple[str, ...]] = ("valid_tune", "key_as_asked", "meter_as_asked", "bits_per_byte", "stop_rate")
    usual_decoder: ClassVar[str] = "sampling"  # the most probable note each time is the same bar for ever
    header: Headed | None = Field(
        None, description="Who writes the header, as the input says it; null: learned from the training rows."
    )

    def learned(self, values: Iterable[Any]) -> Tune:
        """With who writes the header."""
        for value in values:
            row = row_of(value) if isinstance(value, str) and value.startswith('{"messages"') else None
            if isinstance(row, Conversation):
                given = bool(given_header(row.messages[0].content))
                return self.model_copy(update={"header": "given" if given else "written"})
        return self

    def truth(self, value: Any) -> str | None:
        """The tune, with the header that its prompt gives."""
        reply = super().truth(value)
        row = row_of(value) if reply is not None else None
        return whole_tune(row.messages[0].content, reply) if isinstance(row, Conversation) and reply else reply

    def measures(self, outcome: Outcome) -> Sequence[float]:
        """As of every reply; bytes are those that the model writes, without a header that is given."""
        if self.header == "given":
            outcome = replace(outcome, truth=parted(str(outcome.truth))[1])
        return super().measures(outcome)

    def music(self, answer: Any) -> Music | None:
        """What the ABC text of an answer sounds like; None where it cannot be read."""
        try:
            return read(str(answer)) if answer else None
        except InputError:
            return None

    def true_music(self, value: Any, processor: Any) -> Music | None:
        """What the ABC text of a conversation sounds like."""
        return self.music(self.truth(value))

    def notated(self, answer: Any) -> str:
        """The answer."""
        return str(answer or "")

    def faults(self, answer: Any) -> Sequence[str]:
        """What `problems` says of its text."""
        return tuple(problems(str(answer))) if answer else ("nothing was written",)

    def goes_on(self, encoded: Encoded, processor: Any) -> str:
        """The meter and the unit of length of a header that is given."""
        header = given_header(self._prompt(encoded, processor))
        fields = [line for line in header.splitlines() if line[:2] in ("M:", "L:")]
        return "\n".join(["X:1", *fields, "K:C", ""]) if header and self.header == "given" else ""

    def said(self, views: Sequence[Generated], encoded: Encoded, processor: Any) -> Decoded:
        """The tune that was written, with the header that its prompt gave."""
        decoded = super().said(views, encoded, processor)
        return replace(decoded, answer=whole_tune(self._prompt(encoded, processor), str(decoded.answer)))

    def _prompt(self, encoded: Encoded, processor: Any) -> str:
        """The prompt of a row whose header is given; empty for others, which have nothing of it in their answer."""
        return processor.for_input.text(encoded["_prompt"].tolist()) if "_prompt" in encoded else ""
