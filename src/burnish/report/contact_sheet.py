"""Contact sheets: many small pictures with captions in one PNG."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.report.drawing import RESOLUTION, canvas, shown_names

TILE = 128  # side of a picture in pixels of the sheet
GAP = 10
LINE = 15  # height of a line of caption
LONGEST = 80  # characters of a caption that are looked at
SIZE = 6.5  # points of a caption


def contact_sheet(
    pictures: Sequence[NDArray[np.uint8]],
    captions: Sequence[str],
    path: Path,
    *,
    columns: int = 8,
    title: str = "",
) -> None:
    """Write a sheet.

    Args:
        pictures: uint8 [height, width, 3] each, of any size; each is fitted into a square, its shape kept.
        captions: one a picture; each of its lines is shortened to the width of a picture.
        path: of the PNG; its folder is made.
        columns: pictures in a row of the sheet.
        title: above all of them.

    Raises:
        ValueError: no pictures, or not one caption for each.
    """
    if not pictures or len(pictures) != len(captions):
        raise ValueError(f"{len(pictures)} pictures and {len(captions)} captions")
    columns = min(columns, len(pictures))
    lines = max(len(c.split("\n")) for c in captions)
    high, wide = TILE + lines * LINE + GAP, TILE + GAP
    top = 2 * LINE if title else GAP
    rows = -(-len(pictures) // columns)
    sheet = np.full((top + rows * high, max(columns * wide, 6 * len(title)) + GAP, 3), 255, np.uint8)
    with canvas(path, sheet.shape[1] / RESOLUTION, sheet.shape[0] / RESOLUTION) as figure:
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.axis("off")
        for i, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
            y, x = top + i // columns * high, GAP + i % columns * wide
            fitted = _fitted(picture)
            h, w = fitted.shape[:2]
            sheet[y + TILE - h : y + TILE, x : x + w] = fitted
            for n, line in enumerate(caption.split("\n")):
                shown = shortened(plain(line), TILE, figure)
                axes.text(x, y + TILE + 3 + n * LINE, shown, va="top", fontsize=SIZE, color="#222222")
        axes.imshow(sheet, interpolation="nearest", aspect="auto")
        if title:
            axes.text(GAP, LINE, title, va="center", fontsize=8, color="#222222")


def plain(text: str, longest: int = LONGEST) -> str:
    """A text in one line; characters that no font here can draw become a question mark."""
    spaced = " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in text).split())
    return shown_names(["".join(c if shown_names([c])[0] == c or c == " " else "?" for c in spaced)], longest)[0]


def shortened(text: str, pixels: int, figure: Any) -> str:
    """A text cut in its middle so that it is drawn in at most so many pixels: letters differ in width, and scripts more."""
    if width(text, figure) <= pixels:
        return text
    for kept in range(len(text) - 1, 1, -1):
        head, tail = kept - kept // 2, kept // 2
        cut = f"{text[:head]}…{text[-tail:]}"
        if width(cut, figure) <= pixels:
            return cut
    return "…"


def width(text: str, figure: Any) -> float:
    """Pixels of the sheet that a caption takes."""
    from matplotlib.font_manager import FontProperties

    font = FontProperties(size=SIZE)
    wide = figure.canvas.get_renderer().get_text_width_height_descent(text, font, False)[0]
    return float(wide * RESOLUTION / figure.dpi)


def _fitted(picture: NDArray[np.uint8]) -> NDArray[Any]:
    """At most TILE x TILE, its shape kept; small pictures are enlarged without smoothing, so that pixels are seen."""
    from PIL import Image as Pillow
    from PIL.Image import Resampling

    height, width = picture.shape[:2]
    scale = TILE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resample = Resampling.NEAREST if scale >= 2 else Resampling.BILINEAR
    return np.asarray(Pillow.fromarray(picture).resize(size, resample))
