"""One forward pass."""

from __future__ import annotations

from typing import ClassVar, Literal

from burnish.decoders import Decoder


class OnePass(Decoder):
    """One forward pass, whose logits the target turns into a prediction: labels, numbers, tags."""

    reads: ClassVar[Literal["logits", "steps", "frames"]] = "logits"
