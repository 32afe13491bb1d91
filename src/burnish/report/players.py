"""The worst mistakes as sounds that can be played: one page of HTML that holds all it needs."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from burnish.core.files import write_text
from burnish.media.transcript.edits import AlignedPair

PLAYED = 15
"""Mistakes on the page."""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>body {{ font: 16px sans-serif; max-width: 50em; margin: 2em auto; padding: 0 1em }}
li {{ margin: 1.5em 0 }} small {{ color: #555 }}
.words {{ line-height: 1.9 }} del {{ color: #9b1c1c; background: #fdeaea }}
ins {{ color: #145c2b; background: #e6f5ea; text-decoration: underline }} .both {{ white-space: nowrap }}
img {{ height: 14em; max-width: 100%; display: block; margin: .3em 0 }}</style></head>
<body><h1>{title}</h1>{key}<ol>
{items}
</ol></body></html>
"""


_KEY = "<p>Words after normalisation: <del>said</del> and not transcribed, <ins>transcribed</ins> and not said.</p>"


@dataclass(frozen=True)
class PlayedMistake:
    """One mistake.

    Attributes:
        words: truth and answer, in one line or more.
        name: where the sound is from.
        sound: a WAV file.
        picture: uint8 [height, width, 3] of what the network hears, or None.
        aligned: of a transcript the words of truth and answer side by side.
    """

    words: str
    name: str
    sound: bytes
    picture: Any = None
    aligned: Sequence[AlignedPair] = ()


def players(path: Path, title: str, mistakes: Sequence[PlayedMistake]) -> None:
    """Write the page; sounds and pictures are in it, so that it can be sent to somebody."""
    key = _KEY if any(mistake.aligned for mistake in mistakes) else ""
    write_text(path, _PAGE.format(title=escape(title), key=key, items="\n".join(map(_item, mistakes))))


def _item(mistake: PlayedMistake) -> str:
    picture = (
        f'<img alt="spectrogram" src="{_data("image/png", _png(mistake.picture))}">'
        if mistake.picture is not None
        else ""
    )
    words = escape(mistake.words).replace("\n", "<br>")
    return (
        f"<li>{words}{_words(mistake.aligned) or '<br>'}<small>{escape(mistake.name)}</small>{picture}"
        f'<audio controls preload="metadata" src="{_data("audio/wav", mistake.sound)}"></audio></li>'
    )


def _words(aligned: Sequence[AlignedPair]) -> str:
    """What was said and what was written in one line: struck out what was said otherwise, underlined what was written."""
    if not aligned:
        return ""
    marked = " ".join(map(_marked, aligned))
    return f'<div class="words" dir="auto">{marked}</div>'


def _marked(pair: AlignedPair) -> str:
    said, written = escape(pair.reference), escape(pair.hypothesis)
    return {
        "hit": said,
        "substitution": f'<span class="both"><del>{said}</del>&#8202;<ins>{written}</ins></span>',
        "deletion": f"<del>{said}</del>",
        "insertion": f"<ins>{written}</ins>",
    }[pair.kind]


def _png(picture: Any) -> bytes:
    from PIL import Image as Pillow

    stream = io.BytesIO()
    Pillow.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()


def _data(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
