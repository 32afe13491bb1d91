"""Cells of the columns that conversations come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from burnish.core.errors import InputError
from burnish.media.chat.tool_json import from_json

_FIX = "repair the row where it comes from, or leave it out"


def listed(cell: Any, what: str, place: str) -> list[Any]:
    """A list, or the JSON text of one.

    Raises:
        InputError: neither.
    """
    value = from_json(cell, what, place) if isinstance(cell, str) else cell
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise InputError(f"{what} is {kind(cell)}", expected="a list, or the JSON text of one", fix=_FIX, place=place)
    return list(value)


def text_of(cell: Any, what: str, place: str) -> str:
    """A text; nothing where the cell is empty; the texts of OpenAI's content parts, joined.

    Raises:
        InputError: another value, or a content part that is no text.
    """
    if cell is None or (isinstance(cell, float) and cell != cell):
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Sequence):
        return "".join(_part(part, what, place) for part in cell)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return str(cell)  # a table reads a column of short answers as numbers
    raise InputError(f"{what} is {kind(cell)}", expected="a text", fix=_FIX, place=place)


def _part(part: Any, what: str, place: str) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Mapping) and isinstance(part.get("text"), str) and part.get("type", "text") == "text":
        return str(part["text"])
    kind_of_part = part.get("type", "no type") if isinstance(part, Mapping) else kind(part)
    raise InputError(
        f"{what} has a part that is no text ({kind_of_part})",
        expected='parts {"type": "text", "text": ...}',
        fix="leave the row out: only texts are read",
        place=place,
    )


def filled(cell: Any) -> bool:
    """Whether a cell holds anything."""
    return not (
        cell is None or (isinstance(cell, float) and cell != cell) or (isinstance(cell, str) and not cell.strip())
    )


def kind(value: Any) -> str:
    """What a value is, in words."""
    if value is None:
        return "missing"
    names = {
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        dict: "an object",
        list: "a list",
    }
    return names.get(type(value), f"of the type {type(value).__name__}")
