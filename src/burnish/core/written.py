"""What burnish wrote, read back: whatever stands there instead is said in words, and never an error of a library."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from burnish.core.errors import BurnishError, InputError, RunFailed

DEEPEST = 64  # objects in objects; burnish writes a few
MOST_ROWS = 10_000  # of golden examples


@contextmanager
def as_written(place: Path, what: str) -> Iterator[None]:
    """Reading what burnish wrote; a library that cannot is a file that is not what was written.

    Args:
        place: the folder or file.
        what: is read, for the message.

    Raises:
        InputError: instead of whatever a library raises.
    """
    try:
        yield
    except RunFailed as error:
        raise InputError(
            f"{what}: {error.found}", expected=EXPECTED, fix=error.fix or AGAIN, place=str(place)
        ) from error
    except (BurnishError, MemoryError):
        raise
    except Exception as error:  # every parser and library has kinds of its own
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        words = f"{type(error).__name__}{f': {said:.200}' if said else ''}"
        raise InputError(f"{what} cannot be read ({words})", expected=EXPECTED, fix=AGAIN, place=str(place)) from error


EXPECTED = "the files as they were written"
AGAIN = "copy the bundle again; if it was made so, make it again where it was trained"


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object that burnish wrote.

    Raises:
        InputError: missing, no JSON, no object, or nested without end.
    """
    value = _value(path)
    if not isinstance(value, dict):
        raise not_written(f"found {_kind(value)}", "a JSON object", path)
    return value


def read_golden(path: Path) -> list[dict[str, Any]]:
    """Golden rows: `example`, `answer` and `probabilities` of each.

    Raises:
        InputError: they are not of this form.
    """
    rows = _value(path)
    if not isinstance(rows, list) or len(rows) > MOST_ROWS:
        raise not_written(f"found {_kind(rows)}", f"a list of at most {MOST_ROWS:,} reference examples", path)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or not isinstance(row.get("example"), dict) or "answer" not in row:
            raise not_written(f"row {number} is no reference example", "example, answer and probabilities", path)
        probabilities = row.get("probabilities")
        if not isinstance(probabilities, list) or not all(map(finite, _flat(probabilities))):
            raise not_written(f"row {number}: probabilities that are no numbers", "a list of numbers", path)
        if isinstance(row["answer"], float) and not math.isfinite(row["answer"]):
            raise not_written(f"row {number}: an answer that is no number", "a number", path)
    return rows


def not_written(what: str, expected: str, place: Path) -> InputError:
    """The error for a file that burnish would not have written."""
    return InputError(what, expected=expected, fix=AGAIN, place=str(place))


def require_kinds(values: Mapping[str, Any], kinds: Mapping[str, type | tuple[type, ...]], place: Path) -> None:
    """Check that names are there and of a type; a number is no bool, and finite.

    Raises:
        InputError: one is missing or of another type.
    """
    for name, kind in kinds.items():
        value = values.get(name)
        number = kind is not bool and isinstance(value, int | float) and not finite(value)
        if name not in values or not isinstance(value, kind) or number:
            words = f"{name!r} is {_kind(value)}" if name in values else f"{name!r} is missing"
            wanted = " or ".join(_names(k) for k in (kind if isinstance(kind, tuple) else (kind,)))
            raise not_written(words, f"{name!r}: {wanted}", place)


def require_numbers(
    values: Mapping[str, Any], name: str, place: Path, *, least: int, below: int | None = None
) -> tuple[int, ...]:
    """A list of whole numbers, none less than `least`, and all less than `below`, where that is given.

    Raises:
        InputError: one is not, or it is no whole number.
    """
    found = values[name]
    wrong = next((n for n in found if type(n) is not int or n < least or (below is not None and n >= below)), None)
    if wrong is None:
        return tuple(found)
    bound = "" if below is None else f" and less than {below}"
    raise not_written(f"{name!r} holds {wrong!r:.40}", f"whole numbers, {least} or more{bound}", place)


def finite(value: Any) -> bool:
    """Whether it is a number, and neither NaN nor infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e300


def _value(path: Path) -> Any:
    with as_written(path, path.name):
        value = json.loads(path.read_text(encoding="utf-8"))
    if _deeper(value, DEEPEST):
        raise not_written("objects in objects without end", f"at most {DEEPEST} in each other", path)
    return value


def _deeper(value: Any, most: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return most == 0 or any(_deeper(one, most - 1) for one in inner)


def _flat(values: Sequence[Any]) -> Iterator[Any]:
    for value in values:
        yield from _flat(value) if isinstance(value, list) else (value,)


_KINDS: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def _names(kind: type) -> str:
    return _KINDS.get(kind, kind.__name__)


def _kind(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "no number (NaN or infinite)"
    return f"a list of {len(value):,}" if isinstance(value, list) else _names(type(value))
