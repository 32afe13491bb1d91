from __future__ import annotations

from typing import ClassVar

from burnish.metrics._header_as_asked import HeaderAsAsked


class MeterAsAsked(HeaderAsAsked):
    """Share of answers that say the meter of the true tune in their header, of the rows whose truth has one.

    Whether bars fill that meter is the matter of `valid_tune`.
    """

    says: ClassVar[str] = "meter"
