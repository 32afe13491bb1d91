"""A sound: a player, and its waveform on the same time axis."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from burnish.media.sound.reading import decoded
from burnish.report.page.budget import Budget
from burnish.report.page.cards import Card, Row
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Html, both, join, tag

SECONDS = 5.0
"""Of a sound that are on the page; of a longer one its beginning."""
OPUS = (8000, 12000, 16000, 24000, 48000)
"""Rates Opus has; sounds of others become Vorbis."""
COLUMNS = 150
PLAYED = 100
"""Sounds with a player, the worst mistakes first."""


class SoundCard(Card):
    """What the example sounds like."""

    order: ClassVar[int] = 20

    def __init__(self, contents: Contents, budget: Budget) -> None:
        self._contents, self._budget, self._played = contents, budget, 0

    @classmethod
    def of(cls, contents: Contents, rows: Sequence[Row], budget: Budget) -> SoundCard | None:
        """Of examples that can be heard."""
        return cls(contents, budget) if contents.audible else None

    def body(self, row: Row) -> Html | None:
        """Player and waveform, or the name alone where there was no room."""
        assert self._contents.heard is not None
        wav = self._contents.heard(row.row) if self._played < PLAYED else None
        self._played += 1
        name = tag("p", tag("bdi", self._contents.shown(row.row).rpartition("/")[2]), class_="soft name")
        if wav is None:
            self._budget.refuse("sounds")
            return name
        samples, rate, whole = _read(wav)
        address = self._budget.data("audio/ogg", encoded(samples, rate), "sounds")
        if address is None:
            return name
        label = both("Sound of {name}", "{name} 的声音", name=self._contents.shown(row.row).rpartition("/")[2])
        player = tag("audio", controls=True, preload="metadata", src=address, aria_label=label)
        cut = None
        if whole > SECONDS:
            cut = both("the first {n} of {whole} s", "共 {whole} 秒，前 {n} 秒", n=f"{SECONDS:g}", whole=f"{whole:.1f}")
        seconds = len(samples) / rate
        wave = tag("div", waveform(samples), tag("i", class_="head"), class_="wave", data_seconds=f"{seconds:.3f}")
        explained = self._contents.effects(row.row) if self._contents.effects is not None else None
        told = moments(explained, seconds) if explained and seconds else None
        return tag(
            "div", wave, told, player, join(name, tag("p", cut, class_="soft name") if cut else None), class_="heard"
        )


def moments(effects: Sequence[tuple[float, float, float]], seconds: float) -> Html:
    """A strip under the waveform: orange where a moment raised the prediction, blue where it lowered it, by size.

    Args:
        effects: (start, end, effect) in seconds of the whole sound.
        seconds: of the sound that is on the page; what lies behind it is left out.
    """
    most = max(abs(effect) for _, _, effect in effects) or 1.0
    parts = []
    for start, end, effect in sorted(effects):
        if start >= seconds or not effect:
            continue
        left, wide = 100 * start / seconds, 100 * (min(end, seconds) - start) / seconds
        side = "for" if effect > 0 else "against"
        said = f"{start:.2f}–{end:.2f} s: {effect:+.2f}".replace("-", "\u2212")
        style = f"left:{left:.2f}%;width:{wide:.2f}%;opacity:{0.15 + 0.85 * abs(effect) / most:.2f}"
        parts.append(tag("i", class_=side, style=style, title=said))
    strongest = max(effects, key=lambda one: abs(one[2]))
    label = both(
        "What each moment did for the prediction; most from {a} to {b} s: {e}.",
        "每个时刻对预测的作用；{a} 至 {b} 秒最大：{e}。",
        a=f"{strongest[0]:.2f}",
        b=f"{strongest[1]:.2f}",
        e=f"{strongest[2]:+.2f}".replace("-", "\u2212"),
    )
    return tag("div", *parts, tag("span", label, class_="vh"), class_="moments")


def _read(wav: bytes) -> tuple[NDArray[np.float32], int, float]:
    """Mono samples of the beginning, their rate, and the seconds of the whole."""
    mono, rate = decoded(wav)
    return mono[: int(SECONDS * rate)], int(rate), len(mono) / rate


def encoded(samples: NDArray[np.float32], rate: int) -> bytes:
    """Samples as a small file that browsers play."""
    import soundfile

    stream = io.BytesIO()
    subtype = "OPUS" if rate in OPUS else "VORBIS"
    soundfile.write(
        stream, samples, rate, format="OGG", subtype=subtype, compression_level=0.9 if subtype == "OPUS" else 0.7
    )
    return stream.getvalue()


def waveform(samples: NDArray[np.float32], columns: int = COLUMNS) -> Html:
    """The least and the greatest of each column, so that no peak is lost; [N] from -1 to 1."""
    parts = np.array_split(samples, min(columns, max(1, len(samples))))
    peak = max(0.05, float(np.abs(samples).max(initial=0.0)))
    path = []
    for i, part in enumerate(parts):
        low, high = (float(part.min()) / peak, float(part.max()) / peak) if len(part) else (0.0, 0.0)
        path.append(f"M{i} {19.5 - 18 * high:.1f}V{20.5 - 18 * low:.1f}")
    return tag(
        "svg",
        tag("path", d="".join(path)),
        viewBox=f"-1 0 {len(parts) + 1} 40",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
