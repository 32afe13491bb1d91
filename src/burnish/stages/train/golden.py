"""Reference examples of a bundle."""

from __future__ import annotations

from typing import Any

import numpy as np

from burnish.core.seeds import generator
from burnish.stages.prepare.prepare import Prepared


def golden_examples(prepared: Prepared) -> list[dict[str, Any]]:
    """A few training rows: only the columns the input reads."""
    recipe, part = prepared.recipe, prepared.parts["train"]
    count = min(recipe.golden_examples, len(part))
    rows = part.rows[np.sort(generator(recipe.seed, "golden").choice(len(part), count, replace=False))]
    examples = part.table.arrow.select(list(recipe.input.required_columns)).take(rows).to_pylist()
    return [recipe.input.portable(example) for example in examples]
