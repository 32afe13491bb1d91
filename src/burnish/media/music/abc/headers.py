"""What the header of an ABC text says, as far as it can be read; headers parted from the music, and tidied."""

from __future__ import annotations

import re
from dataclasses import dataclass

from burnish.media.music.abc._fields import read_meter
from burnish.media.music.abc._keys import Signature, read_key, tonic_text
from burnish.media.music.abc._tokens import tokens
from burnish.media.music.tune import Key

_KEY_LINE = re.compile(r"^[ \t]*K:.*$", re.MULTILINE)
_FIELD_LINE = re.compile(r"[A-Za-z]:(?![|:])|%")
_KEPT_FIELDS = frozenset("XTMLQKVCRw")
_LEFT_OUT, _FIELD_LEFT_OUT = "\x00", "\x01"  # of a line that is left out whole
_KEPT_DIRECTIVES = ("%%MIDI", "%%propagate-accidentals")


@dataclass(frozen=True)
class AbcHeader:
    """Fields of a header.

    Attributes:
        title: of `T:`; empty where none is written.
        kind: of `R:`, such as `jig`; empty where none is written.
        meter: beats and unit; None where none is written, it is free, or it cannot be read.
        key: None where none is written, or it cannot be read.
        tonic: as it is spelled, such as `F#`; empty without a key.
    """

    title: str = ""
    kind: str = ""
    meter: tuple[int, int] | None = None
    key: Key | None = None
    tonic: str = ""


def header_of(text: str) -> AbcHeader:
    """The header of a tune; what cannot be read is missing."""
    found: dict[str, str] = {}
    for token in tokens(parted(text)[0]):
        if token.kind == "field":
            found.setdefault(token.groups["name"] or "", (token.groups["value"] or "").strip())
    meter = read_meter(found.get("M", ""))
    signature = read_key(found.get("K", ""))
    keyed = isinstance(signature, Signature) and signature.key is not None
    return AbcHeader(
        title=found.get("T", ""),
        kind=found.get("R", ""),
        meter=None if isinstance(meter, str) else meter,
        key=signature.key if isinstance(signature, Signature) else None,
        tonic=tonic_text(signature.tonic) if isinstance(signature, Signature) and keyed else "",
    )


def parted(text: str) -> tuple[str, str]:
    """The header to the end of its `K:` line, and the music behind it; all is header where no key is written."""
    found = _KEY_LINE.search(text)
    return (text, "") if found is None else (text[: found.end()], text[found.end() :].lstrip("\r\n"))


def tidied(text: str) -> str:
    """A tune without what says nothing of its music: comments, sources, notes, numbers, and line ends that go on.

    It sounds as before. What cannot be read stays as it is.
    """
    kept: list[str] = []
    for token in tokens(text.strip()):
        if token.kind in ("field", "inline"):
            kept.append(_field(token.kind, token.groups["name"] or "", (token.groups["value"] or "").strip()))
        elif token.kind == "directive":
            kept.append(token.text if token.text.startswith(_KEPT_DIRECTIVES) else _LEFT_OUT)
        elif token.kind == "space" and token.text.startswith("\\"):
            kept.append("\\")
        elif token.kind == "comment":
            kept.append(_LEFT_OUT if token.character == 1 else "")
        else:
            kept.append(token.text.replace("\r", "").replace("`", ""))
    joined: list[str] = []
    for line in (line.rstrip() for line in "".join(kept).split("\n")):
        if _FIELD_LEFT_OUT in line and joined:
            joined[-1] = joined[-1].removesuffix("\\")  # parts stay lines of their own
        elif _LEFT_OUT in line or _FIELD_LEFT_OUT in line:
            continue
        elif joined and joined[-1].endswith("\\") and not _FIELD_LINE.match(line):
            joined[-1] = joined[-1][:-1] + line
        else:
            joined.append(line)
    return "\n".join(line.removesuffix("\\") for line in joined)


def _field(kind: str, name: str, value: str) -> str:
    if name not in _KEPT_FIELDS:
        return "" if kind == "inline" else _FIELD_LEFT_OUT
    if kind == "inline":
        return f"[{name}:{value}]"
    return "X:1" if name == "X" else f"{name}:{value}"
