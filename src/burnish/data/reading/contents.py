"""Hashes of what rows say: the memory of a million texts is eight megabytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.data.table import Table


def content_hash(text: str | None) -> int:
    """A 64-bit hash of a text without outer white space, the same on every machine; 0 where there is no text."""
    if text is None or not (stripped := text.strip()).strip("\x1f"):
        return 0
    digest = hashlib.blake2b(stripped.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") or 1


def content_hashes(
    table: Table,
    columns: Sequence[str],
    text: Callable[[Mapping[str, Any]], str | None],
    notify: Callable[[str, int, int], None] | None = None,
    hashed: Callable[[str | None], int] = content_hash,
) -> NDArray[np.uint64]:
    """[N] a hash of each row's content, 0 where it is missing; reads some rows at a time.

    Args:
        table: the rows.
        columns: what `text` needs.
        text: the content of a row (`Input.audited_text`).
        notify: told how many rows are done.
        hashed: what makes a hash of a content.
    """
    out = np.zeros(len(table), np.uint64)
    done = 0
    for rows in table.rows(columns):
        out[done : done + len(rows)] = [hashed(text(row)) for row in rows]
        done += len(rows)
        if notify is not None:
            notify("comparing rows", done, len(table))
    return out
