"""What targets of recognised speech share beside their scores: how a column and a checkpoint are recognised."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.targets._capabilities import ByCheckpoint, Generative, Recognised
from burnish.targets._taught import Taught
from burnish.targets._timed import Timed
from burnish.targets._transcripts import Transcribed

_CHARACTERS = 3  # of a text in the middle of a column that is what was said, and no name of a class


class Spoken(Transcribed, Generative, Taught, Recognised, ByCheckpoint, Timed):
    """A target whose answers are what was said, by a network that hears."""

    has_processor: ClassVar[bool] = True
    recognition_order: ClassVar[int] = 90
    """Behind all others: nearly every column is text."""
    case: Literal["as_written", "lower", "upper"] = Field(
        "as_written", description="In which letters transcripts are learned; scores compare texts by `texts`."
    )

    def spoken(self, value: Any) -> str:
        """A transcript as it is learned."""
        text = " ".join(str(value).split())
        return {"as_written": text, "lower": text.lower(), "upper": text.upper()}[self.case]

    def recognises(self, values: Sequence[Any]) -> bool:
        """Texts, most of them of several characters."""
        known = [value for value in values if value is not None]
        texts = [value for value in known if isinstance(value, str)]
        if not texts or len(texts) < len(known):
            return False
        return sorted(map(len, texts))[len(texts) // 2] >= _CHARACTERS

    def of_checkpoint(self, folder: Path) -> tuple[Spoken, list[str]]:
        """As the checkpoint writes: a decoder, or frames.

        Raises:
            InputError: it does neither.
        """
        wanted = _way(folder)
        if wanted == self.kind() or self.explicit:
            return self.as_stated(folder)
        if wanted is None:
            raise InputError(
                "this checkpoint writes no transcripts",
                expected="a network that hears and writes, such as Whisper, or one with a head of CTC, such as wav2vec 2.0",
                fix="choose such a checkpoint; for CTC with a fresh head name the target: "
                f"target={{kind: ctc_transcript, column: {self.column}}}",
                place=str(folder),
            )
        shared = {name: getattr(self, name) for name in Spoken.model_fields if name in self.model_fields_set}
        other = build("burnish.targets", {"kind": wanted, **shared})
        assert isinstance(other, Spoken)
        settled, said = other.as_stated(folder)
        return settled, [f"target: {wanted}, because that is how this checkpoint writes", *said]

    @abstractmethod
    def spaced(self, texts: Sequence[str], processor: Any) -> bool:
        """Whether the words of transcripts such as these are written apart."""

    @property
    def explicit(self) -> bool:
        """Whether it was chosen by name, with settings that only this kind has."""
        return False

    @abstractmethod
    def as_stated(self, folder: Path) -> tuple[Spoken, list[str]]:
        """With what the checkpoint states of its tokens, and what is to be said of it."""


def _way(folder: Path) -> str | None:
    """The kind of target that a checkpoint was trained for; None where it is neither."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    names = [str(name) for name in config.get("architectures") or ()]
    if any(name.endswith("ForCTC") for name in names):
        return "ctc_transcript"
    return "transcript" if config.get("is_encoder_decoder") else None
