from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from burnish.core.errors import InputError
from burnish.data.reading.encodings import open_text
from burnish.data.sources import PIECE_CHARACTERS, PIECE_ROWS, Rows, Source
from burnish.media.music.abc import problems, tunes_in
from burnish.media.music.abc.headers import header_of
from burnish.media.music.captions import caption_of

_COLUMNS = ("caption", "abc", "title", "key", "meter", "kind", "line")
_NAMED = 10  # tunes with problems that are named


class Abc(Source):
    """ABC files, one tune or many in each; a row is a tune, with a caption made of its header.

    Rows have `caption`, `abc`, `title`, `key`, `meter`, `kind` (of the field R:) and `line`, on which the tune begins.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".abc", ".abc.gz")
    encoding: str | None = Field(None, description="Text encoding; found when left out.")

    def read(self, where: Any) -> Iterator[Rows]:
        """The tunes in pieces; tunes that cannot be read are rows as well, and named with file and line.

        Raises:
            InputError: not text, or no tune.
        """
        path = Path(where)
        with open_text(path, self.encoding) as text:
            whole, encoding = text.stream.read().replace("\r\n", "\n"), text.encoding.name
        if "\0" in whole:
            raise InputError("not text: it has a NUL byte", place=str(path))
        tunes = tunes_in(whole)
        if not tunes:
            raise InputError("no tune", expected="tunes in ABC, each beginning with X:", place=str(path))
        rows, size, before, line = list[dict[str, Any]](), 0, 0, 1
        wrong: list[str] = []
        for offset, tune in tunes:
            line, before = line + whole.count("\n", before, offset), offset
            rows.append(_row(tune, line))
            if found := problems(tune):
                wrong.append(f"the tune that begins on line {line}: its {found[0]}")
            size += len(tune)
            if len(rows) == PIECE_ROWS or size > PIECE_CHARACTERS:
                yield _piece(rows, encoding)
                rows, size = [], 0
        yield _piece(rows, encoding, _said(path, wrong, len(tunes)))


def _said(path: Path, wrong: list[str], total: int) -> tuple[str, ...]:
    """Which tunes are not in order, the first of them named."""
    if not wrong:
        return ()
    more = [f"{len(wrong) - _NAMED:,} further tunes"] if len(wrong) > _NAMED else []
    named = "; ".join([*wrong[:_NAMED], *more])
    return (f"{path}: {len(wrong):,} of {total:,} tunes cannot be read or have bars that do not add up: {named}",)


def _row(tune: str, line: int) -> dict[str, Any]:
    header = header_of(tune)
    return {
        "caption": caption_of(header),
        "abc": tune,
        "title": header.title or None,
        "key": f"{header.tonic} {header.key.mode}" if header.key is not None else None,
        "meter": None if header.meter is None else f"{header.meter[0]}/{header.meter[1]}",
        "kind": header.kind or None,
        "line": line,
    }


def _piece(rows: list[dict[str, Any]], encoding: str, notes: tuple[str, ...] = ()) -> Rows:
    return Rows({name: [row[name] for row in rows] for name in _COLUMNS}, encoding, notes)
