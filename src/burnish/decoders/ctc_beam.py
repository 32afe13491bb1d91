"""Several labellings at once."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
from pydantic import Field

from burnish.core.batch import Array
from burnish.core.generated import Ends, Generated
from burnish.decoders import Framewise
from burnish.decoders._stepwise import log_softmax

_Prefix = tuple[int, ...]
_NOTHING = -math.inf


class CtcBeam(Framewise):
    """The `width` most probable labellings at once, each with all of its paths.

    Prefix search: Hannun et al. 2014, arXiv 1408.2873.
    """

    width: int = Field(16, ge=1, description="Labellings that are followed at once.")

    def labelled(self, frames: Array, ends: Ends) -> Generated:
        """The labelling whose paths are together the most probable, of those that were followed.

        Its score is not a number where the network gives none.
        """
        # log of the probability of all paths of a prefix that end in a blank, and that do not
        beams: dict[_Prefix, tuple[float, float]] = {(): (0.0, _NOTHING)}
        if np.isnan(scores := log_softmax(frames)).any():
            return Generated(np.zeros(0, np.int64), math.nan, "stop")
        for frame in scores:
            grown: dict[_Prefix, list[float]] = defaultdict(lambda: [_NOTHING, _NOTHING])
            for prefix, (blank, other) in beams.items():
                _grow(grown, prefix, blank, other, frame, ends.blank)
            best = sorted(grown.items(), key=lambda beam: (-np.logaddexp(beam[1][0], beam[1][1]), beam[0]))[
                : self.width
            ]
            beams = {prefix: (values[0], values[1]) for prefix, values in best}
        prefix = max(beams, key=lambda beam: float(np.logaddexp(*beams[beam])))
        return Generated(np.array(prefix, np.int64), float(np.logaddexp(*beams[prefix])), "stop")


def _grow(
    grown: dict[_Prefix, list[float]], prefix: _Prefix, blank: float, other: float, frame: Array, nothing: int
) -> None:
    """Add what one prefix becomes with one more frame."""
    both = float(np.logaddexp(blank, other))
    scores = grown[prefix]
    scores[0] = float(np.logaddexp(scores[0], both + frame[nothing]))
    if prefix:
        scores[1] = float(np.logaddexp(scores[1], other + frame[prefix[-1]]))  # a repeat is the same token
    for token in np.flatnonzero(np.isfinite(frame)):
        if token == nothing:
            continue
        before = blank if prefix and token == prefix[-1] else both  # twice the same needs a blank between
        if before > _NOTHING:
            longer = grown[(*prefix, int(token))]
            longer[1] = float(np.logaddexp(longer[1], before + frame[token]))
