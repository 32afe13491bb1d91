"""The most probable token of each frame."""

from __future__ import annotations

import numpy as np

from burnish.core.batch import Array
from burnish.core.generated import Ends, Generated
from burnish.decoders import Framewise
from burnish.decoders._stepwise import log_softmax


class CtcGreedy(Framewise):
    """The most probable token of each frame, repeats made one, then blanks left out; the score is that of this one path."""

    def labelled(self, frames: Array, ends: Ends) -> Generated:
        """First repeats, then blanks: a blank between two equal tokens keeps both."""
        if not len(frames):
            return Generated(np.zeros(0, np.int64), 0.0, "stop")
        path = frames.argmax(axis=-1)
        score = float(log_softmax(frames)[np.arange(len(frames)), path].sum())
        changes = np.append(True, path[1:] != path[:-1])
        return Generated(path[changes & (path != ends.blank)].astype(np.int64), score, "stop")
