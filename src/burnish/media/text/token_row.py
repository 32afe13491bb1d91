"""One row of token ids, as everything after the tokenizer passes it on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from burnish.core.batch import Array, Encoded


def token_row(ids: Array | Sequence[int], full: int | None = None) -> Encoded:
    """`input_ids` int32 [L], and their lengths.

    Args:
        ids: of one row.
        full: how long it was before it was cut, or how long it was at least; None: it was not cut.
    """
    kept = np.asarray(ids, np.int32)
    whole = len(kept) if full is None else full
    return {"input_ids": kept, "_length": np.int32(len(kept)), "_full_length": np.int32(whole)}  # type: ignore[dict-item]
