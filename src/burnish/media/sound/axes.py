"""Spectrograms as people see them: with seconds below and hertz beside them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from burnish.media.sound.spectrograms import place_of

LEFT, BELOW, ABOVE, RIGHT = 80, 40, 10, 14  # pixels of the margins
WIDE, HIGH = 246, 230  # pixels of the spectrogram: a contact sheet halves them, so letters have twice their size
LETTERS = 21
_HERTZ = (50, 100, 200, 500, 1000, 2000, 4000, 8000, 16000, 32000)
_APART = 30  # pixels between labels
_INK = (60, 60, 60)


def with_axes(
    shades: NDArray[np.uint8], seconds: float, scale: str, lowest: float, highest: float
) -> NDArray[np.uint8]:
    """The picture of a spectrogram on white, with axes.

    Args:
        shades: uint8 [bands, frames, 3], the highest band first.
        seconds: that it lasts.
        scale: of its bands, as of `mel_filters`.
        lowest, highest: of its bands, in Hz.
    """
    from PIL import Image as Pillow
    from PIL import ImageDraw, ImageFont
    from PIL.Image import Resampling

    canvas = Pillow.new("RGB", (LEFT + WIDE + RIGHT, ABOVE + HIGH + BELOW), "white")
    canvas.paste(Pillow.fromarray(shades).resize((WIDE, HIGH), Resampling.BILINEAR), (LEFT, ABOVE))
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(LETTERS)
    for place, text in _frequencies(scale, lowest, highest):
        y = ABOVE + round((1 - place) * (HIGH - 1))
        draw.line((LEFT - 6, y, LEFT - 1, y), fill=_INK, width=2)
        draw.text((LEFT - 9, y), text, fill=_INK, font=font, anchor="rm")
    for place, text, anchor in ((0.0, "0", "mt"), (1.0, f"{seconds:.3g} s", "rt")):
        x = LEFT + round(place * (WIDE - 1))
        draw.line((x, ABOVE + HIGH, x, ABOVE + HIGH + 5), fill=_INK, width=2)
        at = x + (RIGHT if anchor == "rt" else 0)
        draw.text((at, ABOVE + HIGH + 10), text, fill=_INK, font=font, anchor=anchor)
    picture: NDArray[np.uint8] = np.asarray(canvas)
    return picture


def _frequencies(scale: str, lowest: float, highest: float) -> Iterator[tuple[float, str]]:
    """Round frequencies with their place from the lowest band (0) to the highest (1), no two labels in one place."""
    last = -1.0
    for hertz in _HERTZ:
        place = place_of(scale, hertz, lowest, highest)
        if 0 <= place <= 1.001 and (place - last) * HIGH >= _APART:
            last = place
            yield min(place, 1.0), _hertz(hertz)


def _hertz(value: int) -> str:
    return f"{value // 1000} kHz" if value >= 1000 else f"{value} Hz"
