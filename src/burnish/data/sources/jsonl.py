"""JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from burnish.core.errors import InputError
from burnish.data.reading.encodings import open_text
from burnish.data.sources import (
    DEEPEST,
    PIECE_CHARACTERS,
    PIECE_ROWS,
    Rows,
    Source,
    columns_of,
    too_deep,
    without_repeats,
)


class Jsonl(Source):
    """JSON Lines: one JSON object a line; a key that a line leaves out is missing in that row."""

    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
    optional_columns: ClassVar[bool] = True
    encoding: str | None = Field(None, description="Text encoding; found when left out.")

    def read(self, where: Any) -> Iterator[Rows]:
        """The rows in pieces; blank lines are left out and said.

        Raises:
            InputError: a line that is not JSON, not an object, or has a key twice (line named).
        """
        path = Path(where)
        objects: list[dict[str, Any]] = []
        blank = size = 0
        with open_text(path, self.encoding) as text:
            for number, line in enumerate(text.stream, 1):
                if not line.strip():
                    blank += 1
                    continue
                objects.append(_object(line, path, number))
                size += len(line)
                if len(objects) == PIECE_ROWS or size > PIECE_CHARACTERS:
                    yield Rows(columns_of(objects), text.encoding.name)
                    objects, size = [], 0
            notes = (f"{blank} blank {'line' if blank == 1 else 'lines'} skipped",) if blank else ()
            yield Rows(columns_of(objects), text.encoding.name, notes)


def _object(line: str, path: Path, number: int) -> dict[str, Any]:
    place = f"{path}, line {number}"
    try:
        value = json.loads(line, object_pairs_hook=without_repeats)
    except json.JSONDecodeError as error:
        raise InputError(
            f"not JSON: {error.msg} at character {error.pos + 1}",
            expected="one JSON object a line",
            fix="use the ending .json for one document that spans lines",
            place=place,
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(str(error), expected="one JSON object a line", place=place) from error
    if not isinstance(value, dict):
        raise InputError(f"found a {type(value).__name__}", expected="one JSON object a line", place=place)
    if too_deep(value):
        raise InputError(
            f"lists or objects in each other more than {DEEPEST} times",
            expected="texts, numbers, and short lists of them",
            fix="leave that column out",
            place=place,
        )
    return value
