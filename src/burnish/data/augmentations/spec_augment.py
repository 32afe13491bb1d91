"""SpecAugment."""

from __future__ import annotations

from pydantic import Field

from burnish.data.augmentations._sounds import BANDS, TIMES, Sounds


class SpecAugment(Sounds):
    """Masks over time and frequency of what the network reads of a sound (Park et al., 2019, arXiv:1904.08779).

    Without time warping, which the authors found to add little. Masks never exceed a share of the view.
    """

    frequency_masks: int = Field(2, ge=0, le=10, description=BANDS)
    time_masks: int = Field(2, ge=0, le=10, description=TIMES)
