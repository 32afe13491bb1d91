from __future__ import annotations

from typing import ClassVar

from burnish.metrics._header_as_asked import HeaderAsAsked


class KeyAsAsked(HeaderAsAsked):
    """Share of answers that say the key of the true tune in their header, tonic and mode, of the rows whose truth has one.

    It compares what is written, and does not listen: a tune may say D and be in G.
    """

    says: ClassVar[str] = "key"
