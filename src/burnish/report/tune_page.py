"""Tunes to look at and to listen to: one page of HTML that holds all it needs."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from burnish.core.files import write_text
from burnish.media.music.drawn import piano_roll, staff
from burnish.media.music.synthesis import mp3
from burnish.media.music.tune import Tune

_POLICY = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>body {{ font: 16px sans-serif; max-width: 90em; margin: 2em auto; padding: 0 1em; color: #222 }}
article {{ border-top: 1px solid #ccc; padding: 1em 0 }} h2 {{ font-size: 1.1em; margin: 0 0 .6em }}
.sides {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22em), 1fr)); gap: 1.5em }}
section {{ min-width: 0 }} h3 {{ font-size: 1em; margin: 0 0 .4em }} audio {{ width: 100%; display: block }}
.drawn {{ overflow-x: auto }} svg {{ width: 100%; min-width: 25em; height: auto; display: block }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85em }}
.ok {{ color: #145c2b }} .bad {{ color: #9b1c1c }}
small {{ color: #555; display: block; margin-bottom: .8em }} summary {{ cursor: pointer }}</style></head>
<body><h1>{title}</h1><p>{note}</p>
{items}
</body></html>
"""


@dataclass(frozen=True)
class Side:
    """One tune beside others.

    Attributes:
        name: what it is, such as `after`.
        abc: as it was written; empty where nothing was.
        tune: None where it cannot be read.
        problems: why it is not valid.
    """

    name: str
    abc: str
    tune: Tune | None
    problems: tuple[str, ...]


@dataclass(frozen=True)
class ShownTune:
    """What was asked for, where that stands, and what was written."""

    caption: str
    place: str
    sides: Sequence[Side]


def tune_page(path: Path, title: str, note: str, shown: Sequence[ShownTune]) -> None:
    """Write the page; pictures and sounds are in it, so that it can be sent to somebody."""
    items = "\n".join(map(_item, shown))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, _PAGE.format(policy=_POLICY, title=escape(title), note=escape(note), items=items))


def _item(one: ShownTune) -> str:
    sides = "".join(map(_side, one.sides))
    return (
        f"<article><h2>{escape(one.caption)}</h2><small>{escape(one.place)}</small>"
        f'<div class="sides">{sides}</div></article>'
    )


def _side(side: Side) -> str:
    said = '<span class="ok">valid</span>'
    if side.problems:
        said = f'<span class="bad">{escape(side.problems[0][:200])}</span>'
    heard = "" if side.tune is None or not side.tune.notes else player(mp3(side.tune))
    drawn = ""
    if side.tune is not None:
        roll = f'<details><summary>piano roll</summary><div class="drawn">{piano_roll(side.tune)}</div></details>'
        drawn = f'<div class="drawn">{staff(side.tune)}</div>{roll}'
    text = f"<details{'' if side.tune else ' open'}><summary>ABC</summary><pre>{escape(side.abc)}</pre></details>"
    text = text if side.abc else ""
    return f"<section><h3>{escape(side.name)}: {said}</h3>{heard}{drawn}{text}</section>"


def player(sound: bytes) -> str:
    """A player of an MP3 file."""
    data = base64.b64encode(sound).decode("ascii")
    return f'<audio controls preload="none" src="data:audio/mpeg;base64,{data}"></audio>'
