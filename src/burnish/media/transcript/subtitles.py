"""Transcripts with times as subtitles: SubRip (SRT) and WebVTT."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cue:
    """A text and the seconds between which it is shown."""

    start: float
    end: float
    text: str


def srt(cues: Sequence[Cue]) -> str:
    """SubRip: numbered, times with a comma; empty texts are left out."""
    blocks = [f"{number}\n{_span(cue, ',')}\n{_lines(cue.text)}\n" for number, cue in enumerate(_shown(cues), 1)]
    return "\n".join(blocks)


def vtt(cues: Sequence[Cue]) -> str:
    """WebVTT: times with a point; `-->`, `<` and `&` in a text are escaped, as they would be read as marks."""
    blocks = [f"{_span(cue, '.')}\n{_escaped(_lines(cue.text))}\n" for cue in _shown(cues)]
    return "\n".join(["WEBVTT\n", *blocks])


WRITTEN: dict[str, Callable[[Sequence[Cue]], str]] = {"srt": srt, "vtt": vtt}
"""How cues are written, by the ending of their files."""


def _shown(cues: Sequence[Cue]) -> list[Cue]:
    return [cue for cue in cues if cue.text.strip()]


def _lines(text: str) -> str:
    """Without empty lines, each of which would end the cue."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _span(cue: Cue, point: str) -> str:
    return f"{_time(cue.start, point)} --> {_time(max(cue.start, cue.end), point)}"


def _time(seconds: float, point: str) -> str:
    thousandths = round(max(0.0, seconds) * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{point}{rest % 1000:03}"
