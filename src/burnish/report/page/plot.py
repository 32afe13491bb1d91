"""A chart as SVG, 400 units wide: a frame with ticks, lines in units of the data, points, bars and bands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from burnish.report.page.markup import Both, Child, Html, Value, join, tag

WIDTH = 400


@dataclass
class Plot:
    """One chart that is being drawn.

    Attributes:
        x, y: ends of the axes, in units of the data.
        height: of the picture.
        left, right, top, bottom: margins.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    height: int = 320
    left: int = 40
    right: int = 14
    top: int = 26
    bottom: int = 46
    _parts: list[Html] = field(default_factory=list)

    def at_x(self, value: float) -> float:
        """Where an abscissa lies."""
        return self.left + (value - self.x[0]) / (self.x[1] - self.x[0]) * (WIDTH - self.left - self.right)

    def at_y(self, value: float) -> float:
        """Where an ordinate lies."""
        return self.height - self.bottom - (value - self.y[0]) / (self.y[1] - self.y[0]) * self._tall

    @property
    def _tall(self) -> float:
        return self.height - self.top - self.bottom

    def add(self, name: str, *inside: Child, **attributes: Value) -> None:
        """An element of SVG."""
        self._parts.append(tag(name, *inside, **attributes))

    def frame(
        self, xs: Sequence[float], ys: Sequence[float], *, below: Both, beside: Both | None = None, digits: str = "g"
    ) -> None:
        """Horizontal grid, ticks, names of the axes; `beside` stands above the vertical one."""
        for value in ys:
            y = round(self.at_y(value), 1)
            self.add("line", class_="g", x1=self.left, x2=WIDTH - self.right, y1=y, y2=y)
            self.text(self.left - 6, y + 4, tick(value, digits), anchor="end")
        for value in xs:
            self.text(self.at_x(value), self.height - self.bottom + 16, tick(value, "g"), anchor="middle")
        bottom = self.height - self.bottom
        self.add("line", class_="a", x1=self.left, x2=WIDTH - self.right, y1=bottom, y2=bottom)
        self.text(WIDTH - self.right, self.height - 6, below, anchor="end")
        if beside is not None:
            self.text(4, 11, beside)

    def text(
        self, x: float, y: float, words: Child, *, anchor: str = "start", class_: str | None = None, **more: Value
    ) -> None:
        """Words at a place in the picture; both languages are two `tspan`."""
        if isinstance(words, Both):
            words = join(tag("tspan", words.en, lang="en"), tag("tspan", words.zh, lang="zh"))
        where = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text_anchor": None if anchor == "start" else anchor}
        self.add("text", words, class_=class_, **where, **more)

    def line(
        self, points: NDArray[np.float64], *, name: str | None = None, digits: int = 4, **attributes: Value
    ) -> None:
        """A line in units of the data, from which page.js makes CSV where it has a name; [P, 2]."""
        if not len(points):
            return
        wide = (WIDTH - self.left - self.right) / (self.x[1] - self.x[0])
        tall = self._tall / (self.y[1] - self.y[0])
        across, down = self.left - self.x[0] * wide, self.height - self.bottom + self.y[0] * tall
        matrix = f"matrix({wide:.6g} 0 0 {-tall:.6g} {across:.6g} {down:.6g})"
        path = "M" + "L".join(f"{number(x, digits)} {number(y, digits)}" for x, y in points.tolist())
        self.add(
            "path",
            d=path,
            transform=matrix,
            fill="none",
            vector_effect="non-scaling-stroke",
            data_series=name,
            **attributes,
        )

    def band(self, band: NDArray[np.float64], **attributes: Value) -> None:
        """The area between two lines, [G, 3] abscissa, lower and upper end."""
        if not len(band):
            return
        there = [(x, high) for x, _, high in band.tolist()]
        back = [(x, low) for x, low, _ in band[::-1].tolist()]
        path = "L".join(f"{self.at_x(x):.0f} {self.at_y(y):.0f}" for x, y in [*there, *back])
        self.add("path", d=f"M{path}Z", **attributes)

    def svg(self, label: Both, **attributes: Value) -> Html:
        """The picture, with what it shows in words for who does not see it."""
        return tag(
            "svg",
            *self._parts,
            class_="ch",
            viewBox=f"0 0 {WIDTH} {self.height}",
            role="img",
            aria_label=label,
            **attributes,
        )


def number(value: float, digits: int = 4) -> str:
    """A coordinate, as short as it can be."""
    if digits >= 9:
        return f"{value:.5g}"
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    sign, size = ("-", text[1:]) if text.startswith("-") else ("", text)
    if size in ("", "0"):
        return "0"
    return sign + (size[1:] if size.startswith("0.") else size)


def tick(value: float, digits: str = "g") -> str:
    """A number beside an axis."""
    if digits == "g" and (abs(value) >= 10_000):
        return f"{value / 1000:g}k" if abs(value) < 1e6 else f"{value / 1e6:g}M"
    return f"{value:{digits}}".replace("-", "\u2212")


def even_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers from at or below `low` to at or above `high`."""
    width = high - low
    if not width > 0:
        return [low, low + 1]
    raw = width / max(1, most - 1)
    size = 10 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]
