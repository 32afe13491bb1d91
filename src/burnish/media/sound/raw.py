"""Sounds for a graph that cuts them into views and makes of them what the network reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from burnish.core.batch import Array, apart
from burnish.media.sound.processor import SoundProcessor
from burnish.media.sound.resampling import Waveform

if TYPE_CHECKING:
    from burnish.media.sound.graph import Heard, Window

NAME = "waveform"
WHOLE = 1 << 62  # samples: more than any sound has


class RawSounds(SoundProcessor):
    """For a graph with all of it inside: `waveform`, float32 [samples] at the network's rate, of any length."""

    @property
    def name(self) -> str:
        """What the graph calls it."""
        return NAME

    @property
    def samples(self) -> int:
        """The graph is given the whole sound."""
        return WHOLE

    def starts(self, samples: int) -> Iterator[int]:
        """One view, the whole sound."""
        yield 0

    def numbers(self, view: Waveform) -> Array:
        """float32 [samples]: the sound as it is."""
        return np.ascontiguousarray(view, np.float32)

    def batch(self, rows: Sequence[Array]) -> dict[str, Array]:
        """`waveform`: objects [B], a sound each."""
        return {NAME: apart(rows)}

    def front(self) -> Heard:
        """What the graph must do. Needs torch."""
        from burnish.media.sound.graph import Heard

        return Heard(SoundProcessor(**self.settings()))


class RawWindows(RawSounds):
    """For a graph that makes of one window what the network reads, and no windows: what is said in each is joined behind it."""

    @property
    def samples(self) -> int:
        """Of the longest window."""
        return max(1, round(self.seconds * self.sampling_rate))

    def starts(self, samples: int) -> Iterator[int]:
        """Where windows begin, as without such a graph."""
        return SoundProcessor.starts(self, samples)

    def front(self) -> Window:
        """What the graph must do. Needs torch."""
        from burnish.media.sound.graph import Window

        return Window(SoundProcessor(**self.settings()))
