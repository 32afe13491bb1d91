"""Lists that a table holds as text: what Python, JSON and numpy print, read back.

A table of text has no lists, so whoever writes one gets `"['a', 'b']"`. Targets and inputs read it by the same rule.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from typing import Any

_BRACKETS = {"[": "]", "(": ")", "{": "}"}
_WRAPPERS = re.compile(r"^(?:np\.|numpy\.|pd\.)?(?:array|list|tuple|set|frozenset)\((.*)\)$", re.DOTALL)
_WRAPPED_END = re.compile(r",\s*dtype\s*=\s*[^\[\](){}]+$")
_QUOTED = r"'(?:[^'\\]|\\.)*'" + r'|"(?:[^"\\]|\\.)*"'
_ITEM = re.compile(
    rf"\s*(?:(?:np|numpy)\.\w+\(\s*(?P<scalar>{_QUOTED}|[^\s()'\"]+)\s*\)|[ub]?(?P<quoted>{_QUOTED})"
    r"|(?P<bare>[^\s,'\"\[\](){}]+))\s*",
    re.DOTALL,
)
_WORDS = {"none": None, "null": None, "nan": None, "na": None, "true": True, "false": False}
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def written_list(text: str) -> list[Any] | None:
    """The values of a list written as text; None where it is none, or where its texts have no quotes.

    Python (`['a', 'b']`, tuples and sets too), JSON (`["a", "b"]`) and numpy (`['a' 'b']`, `[0 1 0]`, `array([...])`).
    """
    inside = _inside(text)
    if inside is None:
        return None
    items: list[Any] = []
    commas: set[bool] = set()
    at = 0
    while inside[at:].strip():
        match = _ITEM.match(inside, at)
        if match is None:
            return None
        value = _value(match)
        if value is _NOTHING:
            return None
        items.append(value)
        at = match.end()
        if inside[at:]:
            comma = inside[at] == ","
            commas.add(comma)
            at += comma
            if not comma and not inside[at - 1].isspace():
                return None  # two quoted texts that touch: Python would join them
    return items if len(commas) < 2 or _one_trailing(inside, commas, len(items)) else None


def bare_list(text: str) -> list[str] | None:
    """The texts of a list written without quotes, such as `[a, b]`; None where it is none."""
    inside = _inside(text)
    if inside is None or any(c in inside for c in "'\"[](){}") or "..." in inside:
        return None  # numpy leaves the middle of long lists out
    return [part.strip() for part in inside.split(",") if part.strip()]


def as_list(text: str) -> list[Any] | None:
    """The values of a list written as text, with or without quotes; None where it is none or cannot be read."""
    values = written_list(text)
    return bare_list(text) if values is None else values


def in_brackets(text: str) -> bool:
    """Whether a text begins and ends as a list does."""
    return _inside(text) is not None


def are_written_lists(values: Sequence[Any]) -> bool:
    """Whether the cells of a column are lists written as text.

    One list with quotes is enough: nobody's label is `['a', 'b']`. Without quotes every cell must stand in brackets, and
    one of them must hold several values: `[x]` alone may be a name.
    """
    texts = [v for v in values if isinstance(v, str) and v.strip()]
    if not texts or not any(v.strip()[0] in "[({anlstf" for v in texts):
        return False
    if any(has_quoted_list(v) for v in texts):
        return True
    if not all(in_brackets(v) for v in texts):
        return False
    return any("..." in v or len(as_list(v) or ()) > 1 for v in texts)


def has_quoted_list(text: str) -> bool:
    """Whether a text is a list with quotes in it, also one that cannot be read to its end."""
    inside = _inside(text)
    return inside is not None and _OPENS.match(inside) is not None


_OPENS = re.compile(r"[\s\[({]*(?:(?:np|numpy)\.\w+\(|[ub]?['\"])")
_NOTHING = object()


def _inside(text: str) -> str | None:
    """What stands between the outer brackets; None where there are none."""
    text = text.strip()
    wrapped = _WRAPPERS.match(text)
    if wrapped is not None:
        text = _WRAPPED_END.sub("", wrapped[1].strip()).strip()
        if not text:
            return ""  # set()
    if len(text) < 2 or _BRACKETS.get(text[0]) != text[-1]:
        return None
    return text[1:-1]


def _value(match: re.Match[str]) -> Any:
    scalar = match["scalar"]
    quoted = scalar if scalar is not None and scalar[0] in "'\"" else match["quoted"]
    if quoted is not None:
        return _unquoted(quoted)
    bare = scalar if scalar is not None else match["bare"]
    if bare.lower() in _WORDS:
        return _WORDS[bare.lower()]
    if _NUMBER.fullmatch(bare) is None:
        return _NOTHING
    number = float(bare)
    return int(number) if number.is_integer() and not any(c in bare for c in ".eE") else number


def _unquoted(quoted: str) -> str:
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(quoted)
        except (ValueError, SyntaxError):
            continue
        if isinstance(value, str):
            return value
    return quoted[1:-1]


def _one_trailing(inside: str, commas: set[bool], items: int) -> bool:
    """Whether the only comma is the one behind a single value, as in `('a',)`."""
    return False if commas == {True, False} and items > 1 else inside.rstrip().endswith(",")
