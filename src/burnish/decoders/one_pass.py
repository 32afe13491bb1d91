"""One forward pass."""

from __future__ import annotations

from typing import ClassVar

from burnish.decoders import Decoder, Reads


class OnePass(Decoder):
    """One forward pass, whose logits the target turns into a prediction: labels, numbers, tags."""

    reads: ClassVar[Reads] = "logits"
