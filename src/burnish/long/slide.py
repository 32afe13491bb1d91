"""Windows that slide over a text."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from burnish.long import JoiningKind, Windowed


class Slide(Windowed):
    """Reads a text in windows that slide over it, and joins what the network says of each to one prediction.

    Learned attention: Ilse et al. 2018, arXiv 1802.04712, section 2.4: a window counts by a softmax over a small layer's score
    of what the network sees of it. Noisy-or: Pearl 1988, Probabilistic Reasoning in Intelligent Systems, 4.3.2.
    """

    off: ClassVar[dict[str, Any]] = {"max_windows": 1, "window": None, "joining": "mean"}
    joining: Literal["mean", "max", "noisy_or", "attention"] = Field(
        "mean",
        description="How the logits of windows become those of the example: mean; max, where one window decides; noisy_or, of "
        "labels that do not exclude each other; attention, a mean whose weights are learned.",
    )

    @property
    def joined_by(self) -> JoiningKind | None:
        """As named."""
        return self.joining
