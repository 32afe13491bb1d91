"""What a library that decodes itself asks of a decoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from burnish.core.generated import Ends


class Stepwise(Protocol):
    """What is asked of a decoder that writes."""

    stop: list[str]
    max_new_tokens: int

    def cut_at(self, ids: Sequence[int], ends: Ends) -> int | None:
        """Where a stop text begins."""
