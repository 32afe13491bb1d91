"""ABC text cut into tokens that together are the whole text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# What music lines are made of; the first that fits is taken.
_PATTERNS = {
    "comment": r"%[^\n]*",
    "symbol": r'"[^"\n]*"',
    "inline": r"\[[A-Za-z]:[^\]\n]*\]",
    "volta": r"\[\s*\d[\d,\-]*",
    "bar": r"\[\|\]|\[\|:*|:+\|+[:\]|]*|\.?\|+\]?:*|::+",
    "chord_open": r"\[",
    "chord_close": r"\](?P<chord_length>[\d/]*)",
    "grace_open": r"\{/?",
    "grace_close": r"\}",
    "tuplet": r"\((?P<tuplet>\d+)(?::(?P<time>\d*))?(?::(?P<count>\d*))?",
    "slur": r"\.?\(|\)",
    "note": r"(?P<accidental>\^\^|\^|__|_|=)?(?P<letter>[A-Ga-g])(?P<octave>[,']*)(?P<length>[\d/]*)",
    "rest": r"(?P<rest>[zx])(?P<rest_length>[\d/]*)",
    "bars_of_rest": r"[ZX](?P<rest_bars>\d*)",
    "spacer": r"y[\d/]*",
    "broken": r">{1,3}|<{1,3}",
    "tie": r"\.?-",
    "decoration": r"![^!\s]+!|[.~H-Wh-w](?!:)",
    "overlay": r"&",
    "space": r"[ \t\r`]+|\\[ \t\r]*(?=\n|$|%)|[!$]|\n",
}
_MUSIC = re.compile("|".join(f"(?P<{kind}_>{pattern})" for kind, pattern in _PATTERNS.items()))
_NAMED = {kind: re.findall(r"\(\?P<(\w+)>", pattern) for kind, pattern in _PATTERNS.items()}
# A line `G:|` is a note and a bar line.
_FIELD = re.compile(r"[ \t]*([A-Za-z+]):(?![|:])([^\r\n%]*)")
_VOLTA_BEHIND_BAR = re.compile(r"\d[\d,\-]*")


@dataclass(frozen=True)
class Token:
    """A piece of an ABC text.

    Attributes:
        kind: what it is; `unknown` where it means nothing.
        text: as it is written.
        line, character: where it begins, both from 1.
        groups: the named parts of a token of music; of a field, `name` and `value`.
    """

    kind: str
    text: str
    line: int
    character: int
    groups: dict[str, str | None]

    @property
    def place(self) -> str:
        """Line and character in words."""
        return f"line {self.line}, character {self.character}"


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a text, in their order; their texts joined are the text."""
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        yield from _of_line(line, number)


def _of_line(line: str, number: int) -> Iterator[Token]:
    if line.startswith("%"):
        end = line.rstrip("\r\n")
        yield Token("directive" if line.startswith("%%") else "comment", end, number, 1, {})
        if line != end:
            yield Token("space", line[len(end) :], number, len(end) + 1, {})
        return
    if not line.strip():
        yield Token("blank", line, number, 1, {})
        return
    field, start = _FIELD.match(line), 0
    if field is not None:
        yield Token("field", field[0], number, 1, {"name": field[1], "value": field[2]})
        start = field.end()
    yield from _of_music(line, start, number)


def _of_music(line: str, start: int, number: int) -> Iterator[Token]:
    behind_bar = False
    while start < len(line):
        found = _VOLTA_BEHIND_BAR.match(line, start) if behind_bar else None
        if found is not None:
            token = Token("volta", found[0], number, start + 1, {})
        else:
            found = _MUSIC.match(line, start)
            token = _token(found, line, start, number)
        yield token
        start += len(token.text)
        behind_bar = token.kind == "bar"


def _token(found: re.Match[str] | None, line: str, start: int, number: int) -> Token:
    if found is None:
        return Token("unknown", line[start], number, start + 1, {})
    assert found.lastgroup is not None  # the outermost group, which closes last
    kind = found.lastgroup.removesuffix("_")
    groups = {name: found[name] for name in _NAMED.get(kind, ())}
    if kind == "inline":
        groups = {"name": found[0][1], "value": found[0][3:-1]}
    return Token(kind, found[0], number, start + 1, groups)
