"""In which language a checkpoint is told to write, where a recipe does not say it: the one it hears itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from burnish.core.batch import Array
from burnish.core.errors import InputError
from burnish.data.table import Part
from burnish.inputs.speech import Speech
from burnish.media.transcript.decoder_tokens import languages
from burnish.recipe.recipe import Settled
from burnish.targets.transcript import Transcript

LISTENED = 8
"""Training recordings that are heard: each takes as long as a prediction of it begins."""
ALIKE = 0.6
"""Share of them that must be in one language."""


def with_language(
    settled: Settled,
    train: Part,
    folder: Path,
    say: Callable[[str], None],
    notify: Callable[[str, int, int], None],
) -> Settled:
    """The recipe with the language of the transcripts; the same where it names one, or the checkpoint is told none.

    Args:
        settled: the recipe.
        train: the training rows.
        folder: of the checkpoint.
        say: told before it listens, which takes seconds, and what was heard.
        notify: told how many recordings were heard.

    Raises:
        InputError: the checkpoint hears several.
    """
    target, input_ = settled.target, settled.input
    if not (isinstance(target, Transcript) and isinstance(input_, Speech)) or target.language is not None:
        return settled
    if not languages(folder):
        return settled
    say(f"target: no language is named, so the checkpoint listens to {min(LISTENED, len(train))} training recordings")
    heard = Counter(_heard(input_, train, folder, notify))
    language, count = heard.most_common(1)[0]
    total = heard.total()
    if count < ALIKE * total:
        found = ", ".join(f"{name} ({n})" for name, n in heard.most_common())
        raise InputError(
            f"the checkpoint hears several languages in {total} training recordings: {found}",
            expected="one language, which is forced in training and in every prediction",
            fix="name it: target.language=en",
            place="target.language",
        )
    say(
        f"target: language {language}, which the checkpoint hears in {count} of {total} training recordings; it is forced "
        "(target.language names another)"
    )
    return settled.model_copy(update={"target": target.model_copy(update={"language": language})})


def _heard(input_: Speech, train: Part, folder: Path, notify: Callable[[str, int, int], None]) -> list[str]:
    """The language of some training recordings; those that cannot be read are passed over, the audit names them."""
    from burnish.models.transformers.spoken import languages_heard

    whole = input_.model_copy(update={"window": "full"})
    processor = whole.processor(folder)
    rows = train.rows[np.linspace(0, len(train) - 1, min(4 * LISTENED, len(train))).astype(np.int64)]
    features: list[Array] = []
    for example in train.table.take(rows, list(input_.required_columns)).to_pylist():
        try:
            features.append(whole.encode([example], processor)[0][processor.name])
        except InputError:
            continue
        if len(features) == LISTENED:
            break
    if not features:
        raise InputError("no training recording can be read", fix="see the findings of `burnish audit`", place="input")
    return languages_heard(folder, np.stack(features), notify)
