"""What a tune is asked for with: captions made from headers, and captions whose key moves with the tune."""

from __future__ import annotations

import re

from burnish.media.music.abc.headers import AbcHeader

_MODES = r"major|minor|maj|min|mixolydian|mix|dorian|dor|phrygian|phr|lydian|lyd|locrian|loc"
_NAMED = re.compile(
    r"(?<![A-Za-z])(?P<before>(?:[Ii]n|[Kk]ey of|[Kk]ey:?|K:)\s*(?:the key of\s+)?)(?P<tonic>[A-G])"
    r"(?P<raised>#|b(?![a-z])|♯|♭|[ -]?(?:sharp|flat)(?![a-z]))?"
    rf"(?P<mode>m(?![A-Za-z])|[ -]?(?i:{_MODES})(?![A-Za-z]))?(?![A-Za-z#♯♭])"
)
_QUOTED = re.compile(r'"[^"]*"')
_SIGNS = {"#": "#", "b": "b", "♯": "#", "♭": "b", "sharp": "#", "flat": "b"}


def caption_of(header: AbcHeader) -> str:
    """A caption from the fields of a header, such as `A waltz in D major, 3/4 time.`"""
    kind = " ".join(header.kind.split()).lower() or "tune"
    words = f"{'An' if kind[0] in 'aeiou' else 'A'} {kind}"
    if header.key is not None:
        words += f" in {header.tonic} {header.key.mode}"
    if header.meter is not None:
        words += f", {header.meter[0]}/{header.meter[1]} time"
    return f"{words}."


def moved_caption(caption: str, before: AbcHeader, after: AbcHeader) -> str:
    """A caption with the key of the tune, wherever it names it, as that of the moved tune; titles in quotes stay."""
    if before.key is None or after.key is None:
        return caption
    quoted = [found.span() for found in _QUOTED.finditer(caption)]

    def written(found: re.Match[str]) -> str:
        inside = any(start <= found.start() < end for start, end in quoted)
        return found[0] if inside or not _names(found, before) else _moved(found, after)

    return _NAMED.sub(written, caption)


def _names(found: re.Match[str], header: AbcHeader) -> bool:
    assert header.key is not None
    sign = _SIGNS[found["raised"].strip(" -")] if found["raised"] else ""
    mode = (found["mode"] or "").strip(" -").lower()
    wanted = {"m": "minor", "maj": "major", "min": "minor"}.get(mode, mode)
    return found["tonic"] + sign == header.tonic and (not wanted or header.key.mode.startswith(wanted))


def _moved(found: re.Match[str], after: AbcHeader) -> str:
    sign, raised = after.tonic[1:], found["raised"] or ""
    if sign and ("♯" in raised or "♭" in raised):
        sign = {"#": "♯", "b": "♭"}[sign]
    elif sign and len(raised) > 1:
        sign = raised[: len(raised) - len(raised.lstrip(" -"))] + {"#": "sharp", "b": "flat"}[sign]
    return f"{found['before']}{after.tonic[0]}{sign}{found['mode'] or ''}"
