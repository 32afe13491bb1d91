"""A hash of what rows hold, the same wherever they lie and in whatever order."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from burnish.data.table import Part

BATCH = 10_000


def rows_hash(part: Part, truths: str) -> str:
    """sha256 over the rows of a split, in no order: equal for the same rows under another file name.

    Of rows that are files, the contents and the truth count; of others every column.

    Args:
        part: the split.
        truths: column of the truths.
    """
    inspection = part.table.inspection
    columns = [truths] if inspection is not None and truths in part.table.columns else sorted(part.table.columns)
    digests: list[bytes] = []
    for start in range(0, len(part), BATCH):
        places = np.asarray(part.rows[start : start + BATCH], np.int64)
        cells = part.table.take(places, columns).to_pylist()
        contents = [0] * len(places) if inspection is None else inspection.contents[places].tolist()
        for row, content in zip(cells, contents, strict=True):
            said = json.dumps([content, row], sort_keys=True, ensure_ascii=False, default=str)
            digests.append(hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest())
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()
