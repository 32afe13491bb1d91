"""Plain texts, without columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from burnish.data.reading.encodings import open_text
from burnish.data.sources import PIECE_CHARACTERS, PIECE_ROWS, Rows, Source

COLUMN = "text"
_BLANK = re.compile(r"(?:[ \t]*\n){2,}")


class PlainText(Source):
    """Plain text without columns: a file is one document, or holds several, one a paragraph or one a line."""

    documents: Literal["file", "paragraph", "line"] = Field(
        "file", description="What a document is: the file, what stands between blank lines, or each line."
    )
    encoding: str | None = Field(None, description="Text encoding; found when left out.")

    def read(self, where: Any) -> Iterator[Rows]:
        """One column, `text`; what is blank is left out.

        Raises:
            InputError: empty, or not text.
        """
        path = Path(where)
        with open_text(path, self.encoding) as text:
            whole = text.stream.read().replace("\r\n", "\n")
            name = text.encoding.name
        parts = [whole]
        if self.documents != "file":
            parts = whole.split("\n") if self.documents == "line" else _BLANK.split(whole)
        texts = [part for part in parts if part.strip()]
        piece, size = list[str](), 0
        for one in texts:
            piece.append(one)
            size += len(one)
            if len(piece) == PIECE_ROWS or size > PIECE_CHARACTERS:
                yield Rows({COLUMN: piece}, name)
                piece, size = [], 0
        if piece:
            yield Rows({COLUMN: piece}, name)
