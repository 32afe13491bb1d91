"""The first lines of a file, to tell what it is."""

from __future__ import annotations

import gzip
from pathlib import Path

from burnish.data.reading.encodings import open_bytes

_LOOKED_AT = 1 << 16  # bytes


def first_lines(path: Path) -> list[str]:
    """The whole lines at the beginning of a file in UTF-8; none where it cannot be read or is no such text.

    What is wrong with it is said when it is read.
    """
    try:
        with open_bytes(path) as file:
            head = file.read(_LOOKED_AT)
    except (OSError, EOFError, gzip.BadGzipFile):
        return []
    if b"\0" in head:
        return []
    lines = head.decode("utf-8-sig", "replace").splitlines()
    return lines[:-1] if len(head) == _LOOKED_AT else lines
