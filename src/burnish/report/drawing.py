"""What all pictures share: size, colours that colour-blind readers can tell apart, and labels in any script."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from burnish.core.collecting import importing

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#8A8A8A"
"""Of the palette of Okabe and Ito (2008)."""
SCALE = "Blues"
RESOLUTION = 130  # dots an inch
LONGEST_NAME = 28
_OTHER_SCRIPTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "WenQuanYi Zen Hei", "PingFang SC",
    "Hiragino Sans", "Microsoft YaHei", "Yu Gothic", "Arial Unicode MS", "Noto Sans Arabic", "Noto Sans Devanagari",
)  # fmt: skip


PAD = 0.07  # inches around the figure: descenders of the lowest words stay inside


@contextmanager
def canvas(path: Path, width: float, height: float) -> Iterator[Any]:
    """A figure of so many inches, written as PNG to `path` at the end; its folder is made.

    No pyplot: nothing is shown, and nothing is left behind in the process.
    """
    with importing():
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine

    settings: dict[str, Any] = {
        "font.family": _fonts(),
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": "#555555",
        "axes.axisbelow": True,
        "grid.color": "#E2E2E2",
        "grid.linewidth": 0.7,
        "text.usetex": False,
        "text.parse_math": False,
        "legend.frameon": False,
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=(width, height), dpi=RESOLUTION, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        path.parent.mkdir(parents=True, exist_ok=True)
        # Saving a figure that still has its layout to find would lay out and draw it twice.
        layout = figure.get_layout_engine()
        if layout is not None:
            if isinstance(layout, ConstrainedLayoutEngine):
                layout.set(w_pad=PAD, h_pad=PAD)
            layout.execute(figure)
            figure.set_layout_engine(None)
        figure.savefig(path, dpi=RESOLUTION, facecolor="white", metadata={"Software": None})


@cache
def _fonts() -> list[str]:
    from matplotlib import font_manager

    there = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(name for name in _OTHER_SCRIPTS if name in there)]


@cache
def _drawable() -> frozenset[int]:
    """Every character that the fonts on this machine can draw."""
    from matplotlib import font_manager
    from matplotlib.font_manager import FontProperties
    from matplotlib.ft2font import FT2Font

    characters: set[int] = set()
    for name in _fonts():
        characters |= set(FT2Font(font_manager.findfont(FontProperties(family=name))).get_charmap())
    return frozenset(characters)


def shown_names(names: Sequence[str], longest: int = LONGEST_NAME) -> list[str]:
    """Names as they fit on an axis: shortened in the middle; one in a script no font here can draw becomes its number."""
    shown = []
    for i, name in enumerate(names):
        plain = " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in name).split())
        if any(ord(c) not in _drawable() for c in plain):
            plain = f"#{i + 1}"
        if len(plain) > longest:
            half = (longest - 1) // 2
            plain = plain[: longest - 1 - half] + "…" + plain[-half:]
        shown.append(plain or f"#{i + 1}")
    return shown
