"""The stream that a run learns from."""

from __future__ import annotations

from functools import partial

import numpy as np

from burnish.data.feeding.encode import encode_in_memory
from burnish.data.reading.contents import content_hashes
from burnish.data.streaming.plan import StreamPlan
from burnish.data.streaming.stream import Stream
from burnish.stages.prepare.prepare import Prepared


def stream_of(prepared: Prepared) -> Stream | None:
    """The stream that a run learns from; None where it learns from a table."""
    recipe, shards = prepared.recipe, prepared.shards
    if shards is None or recipe.data.stream is None:
        return None
    held = [
        content_hashes(part.table, recipe.input.audited_columns, recipe.input.audited_text)[part.rows]
        for name, part in prepared.parts.items()
        if name != "train" and f"{name}_rows_in_train" not in recipe.allow
    ]
    batch = recipe.batch_size
    window = -(-recipe.data.stream.window // batch) * batch
    columns = dict.fromkeys([*recipe.input.required_columns, recipe.target.column])
    known = np.unique(np.concatenate([np.zeros(0, np.uint64), *held]))
    return Stream(
        shards=shards,
        plan=StreamPlan(shards.sizes, window, recipe.seed),
        columns=[name for name in columns if name in prepared.parts["train"].table.columns],
        encode=partial(encode_in_memory, input=recipe.input, target=recipe.target, processor=prepared.processor),
        contents=partial(content_hashes, columns=recipe.input.audited_columns, text=recipe.input.audited_text),
        held=known[known != 0],  # 0: nothing is there to be compared
    )
