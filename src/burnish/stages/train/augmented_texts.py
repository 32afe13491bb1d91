"""Whether a network sees anything of how texts are changed."""

from __future__ import annotations

import numpy as np

from burnish.core.errors import InputError
from burnish.data.augmentations import Augmentation
from burnish.inputs import Augmentable
from burnish.stages.prepare.prepare import Prepared

TRIED, SEEDS = 32, 16
"""Training rows, and changes of each, of which one must be seen."""


def require_seen(augmentation: Augmentation, prepared: Prepared) -> None:
    """That some changed training rows are other tokens than before, and that rows may have other lengths than before.

    Raises:
        InputError: they never are (case, by a tokenizer that does not tell it), or rows share lines.
    """
    recipe, part = prepared.recipe, prepared.parts["train"]
    if recipe.sampler.packs():
        raise InputError(
            f"augmentation {augmentation.kind()!r} changes how long examples are, and sampler {recipe.sampler.kind()!r} "
            "packs them by their lengths",
            fix="sampler: length_bucketed",
            place="augmentation",
        )
    if not isinstance(recipe.input, Augmentable):
        return
    numbers = part.rows[:TRIED]
    examples = part.table.take(numbers, list(recipe.input.required_columns)).to_pylist()
    processor = prepared.processor.for_input
    before = recipe.input.encode(examples, processor)
    for seed in range(SEEDS):
        after = recipe.input.augmented(examples, processor, augmentation, [seed] * len(examples))
        if any(not np.array_equal(a["input_ids"], b["input_ids"]) for a, b in zip(before, after, strict=True)):
            return
    off = any(value == 0 for name, value in augmentation.model_dump().items() if name in ("share", "probability"))
    if not off:
        raise InputError(
            f"augmentation {augmentation.kind()!r} changes nothing that this checkpoint reads",
            expected="another augmentation, or for case a checkpoint that tells upper from lower case",
            fix="leave `augmentation` out",
            place="augmentation",
        )
