"""Several labellings at once."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
from pydantic import Field, model_validator

from burnish.core.batch import Array
from burnish.core.errors import InputError
from burnish.core.generated import Ends, Generated
from burnish.decoders import Framewise
from burnish.decoders._language_model import language_model
from burnish.decoders._prefixes import Fluency, search
from burnish.decoders._stepwise import log_softmax


class CtcBeam(Framewise):
    """The `width` most probable labellings at once, each with all of its paths, and a language model beside them if wished.

    Prefix search: Hannun et al. 2014, arXiv 1408.2873. With a language model the best labelling is that with the greatest
    `log P(network) + language_model_weight x log P(words) + word_bonus x words`, in nats.
    """

    width: int = Field(16, ge=1, description="Labellings that are followed at once.")
    tokens_per_frame: int | None = Field(
        None,
        ge=1,
        description="Only so many of the most probable tokens of a frame make labellings longer: faster; null: all, exactly.",
    )
    language_model: str | None = Field(
        None,
        description="Path of an ARPA file (or .gz) of words as the network writes them, casing too; it is copied into the "
        "bundle.",
    )
    language_model_weight: float = Field(
        0.5, ge=0, le=100, description="How much the language model counts beside the network; 0: not at all."
    )
    word_bonus: float = Field(
        0.0, ge=-100, le=100, description="Added for each word, in nats: a language model alone prefers few words."
    )

    @model_validator(mode="after")
    def _bonus_of_words(self) -> CtcBeam:
        if self.word_bonus and self.language_model is None:
            raise ValueError("word_bonus counts the words of a language model: name language_model as well")
        return self

    def labelled(self, frames: Array, ends: Ends) -> Generated:
        """The best labelling of those that were followed.

        Its score is what the network gives it, and not a number where the network gives none.
        """
        if np.isnan(scores := log_softmax(frames)).any():
            return Generated(np.zeros(0, np.int64), math.nan, "stop")
        ids, score = search(
            scores, ends.blank, width=self.width, tokens=self.tokens_per_frame, fluency=self._fluency(ends)
        )
        return Generated(np.array(ids, np.int64), score, "stop")

    def check(self) -> None:
        """Read the language model."""
        if self.language_model is not None:
            language_model(self.language_model)

    def save_files(self, folder: Path) -> CtcBeam:
        """Copy the language model."""
        if self.language_model is None:
            return self
        self.check()
        source = Path(self.language_model).expanduser()
        name = "language_model.arpa" + ".gz" * source.name.endswith(".gz")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / name)
        return self.model_copy(update={"language_model": name})

    def with_files(self, folder: Path) -> CtcBeam:
        """With the path of the copy."""
        if self.language_model is None:
            return self
        if Path(self.language_model).name != self.language_model:
            raise InputError(
                f"the bundle names a language model outside of it: {self.language_model!r}",
                expected="the name of a file in its folder",
                place=str(folder),
            )
        return self.model_copy(update={"language_model": str(folder / self.language_model)})

    def _fluency(self, ends: Ends) -> Fluency | None:
        if self.language_model is None or not (self.language_model_weight or self.word_bonus):
            return None
        if ends.text is None:
            raise InputError(
                "predictions of this target are no texts, so no language model can judge them",
                fix="leave language_model out",
                place="decoder.language_model",
            )
        return Fluency(language_model(self.language_model), self.language_model_weight, self.word_bonus, ends.text)
