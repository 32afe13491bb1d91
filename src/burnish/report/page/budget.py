"""How many bytes of pictures, sounds and rows a page may hold."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from burnish.report.page.markup import Html

MEDIA = 3_000_000
"""Pictures and sounds together, as they stand in the page."""
CARDS = 1_600_000
"""Texts of rows with all that stands around them."""


@dataclass
class Budget:
    """What is left.

    Attributes:
        left: bytes.
        refused: what did not fit, by what it is called.
    """

    left: int = MEDIA
    refused: dict[str, int] = field(default_factory=dict)

    def data(self, kind: str, content: bytes, what: str) -> Html | None:
        """A `data:` address of a file; None where there is no room for it.

        Args:
            kind: its media type.
            content: the file.
            what: what it is called where it is said that it was left out.
        """
        address = f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
        if len(address) > self.left:
            self.refuse(what)
            return None
        self.left -= len(address)
        return Html(address)

    def refuse(self, what: str) -> None:
        """Count something that is left out."""
        self.refused[what] = self.refused.get(what, 0) + 1
