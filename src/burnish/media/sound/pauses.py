"""Where nobody speaks: stretches of a long recording between pauses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from burnish.media.sound.resampling import Waveform

FRAME = 0.02  # seconds whose loudness is one value
FLOOR = 10.0  # dB above the quietest frames from which on something is heard
DEEPEST = -60.0  # dB below full scale: quieter is silence in any recording
EDGE = 0.2  # seconds kept before and behind what is heard
LONG = 1.0  # seconds of quiet that end a stretch


def spoken(waveform: Waveform, rate: int, longest: float) -> list[tuple[int, int]]:
    """First sample and end of each stretch in which something is heard, none longer than `longest` seconds, in order.

    Quiet is measured against the recording's own quietest tenth, so that noise of a room is quiet as well. A stretch that is
    too long is cut at the quietest place of its last third. Where nothing is heard, the whole recording is one stretch, cut
    likewise.

    Args:
        waveform: float32 [samples].
        rate: in Hz.
        longest: seconds.
    """
    frame = max(1, round(FRAME * rate))
    loud = _loudness(waveform, frame)
    heard = loud > max(DEEPEST, float(np.quantile(loud, 0.1)) + FLOOR)
    stretches = _joined(heard, round(LONG / FRAME)) or [(0, len(loud))]
    edge, most = round(EDGE / FRAME), max(1, int(longest / FRAME))
    out: list[tuple[int, int]] = []
    for start, end in stretches:
        start, end = max(0, start - edge), min(len(loud), end + edge)
        start = max(start, out[-1][1] if out else 0)
        while end - start > most:
            third = start + most - most // 3
            cut = third + int(np.argmin(loud[third : start + most]))
            out.append((start, max(cut, start + 1)))
            start = out[-1][1]
        if end > start:
            out.append((start, end))
    return [(start * frame, min(end * frame, len(waveform))) for start, end in out]


def _loudness(waveform: Waveform, frame: int) -> NDArray[np.float64]:
    """dB of each frame, the last one short."""
    padded = np.pad(waveform.astype(np.float64), (0, -len(waveform) % frame))
    power = (padded.reshape(-1, frame) ** 2).mean(axis=1)
    return np.asarray(10 * np.log10(np.maximum(power, 1e-12)))


def _joined(heard: NDArray[np.bool_], gap: int) -> list[tuple[int, int]]:
    """Stretches of frames in which something is heard, those joined that less than `gap` frames lie between."""
    places = np.flatnonzero(heard)
    if not len(places):
        return []
    breaks = np.flatnonzero(np.diff(places) > gap)
    starts, ends = np.append(places[0], places[breaks + 1]), np.append(places[breaks], places[-1])
    return [(int(start), int(end) + 1) for start, end in zip(starts, ends, strict=True)]
