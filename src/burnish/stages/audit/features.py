"""What rows are described by: the features of a checkpoint, or plain statistics of what they hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.collecting import importing
from burnish.core.errors import InputError
from burnish.core.seeds import derive, generator
from burnish.data.looking.closer.clock import Clock
from burnish.data.looking.closer.rows import Rows
from burnish.inputs import FromFiles
from burnish.media.picture import describing as pictures
from burnish.media.picture.reading import decoded as picture_of
from burnish.media.sound import describing as sounds
from burnish.media.sound.reading import decoded as sound_of
from burnish.media.text.terms import counted

LEARNED = 20_000
"""Training texts at most that say which terms there are."""
DIMENSIONS = 64
"""Of texts, where distances are asked for."""

Notify = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Features:
    """What N rows are described by.

    Attributes:
        values: [N, D], dense or sparse; for targets with an answer for each word the words of all rows, [W, D].
        usable: [N] rows that are described.
        how: in words.
        owner: [W] the row that each word is of; None: a line is a row.
    """

    values: Any
    usable: NDArray[np.bool_]
    how: str
    owner: NDArray[np.int64] | None = None

    def dense(self, seed: int) -> NDArray[np.float32]:
        """[N, D'] where distances mean something; sparse ones are projected (latent semantic analysis)."""
        if isinstance(self.values, np.ndarray):
            return np.asarray(self.values, np.float32)
        with importing():
            from sklearn.decomposition import TruncatedSVD

        size = min(DIMENSIONS, self.values.shape[1] - 1)
        if size < 2:
            return np.asarray(self.values.todense(), np.float32)
        made = TruncatedSVD(size, n_iter=3, random_state=derive(seed, "projection") % 2**32)
        return np.asarray(made.fit_transform(self.values), np.float32)


def plain_features(rows: Rows, clock: Clock, notify: Notify) -> Features | None:
    """Word counts of texts, colours and edges of pictures, cepstra of sounds; None of rows that are none of these, or
    where the time is over."""
    reporter = rows.reporter
    if reporter.input.stored:
        return _of_texts(rows)
    if isinstance(reporter.input, FromFiles) and reporter.input.thing in _READERS:
        return _of_files(rows, clock, notify, *_READERS[reporter.input.thing])
    return None


def _of_texts(rows: Rows) -> Features:
    """Terms and their rarity are learned from the training split."""
    texts = [text for piece in rows.texts() for text in piece]
    learned: Sequence[str | None] = [texts[row] for row in np.flatnonzero(rows.split_numbers() == 0)]
    if len(learned) > LEARNED:
        chosen = np.sort(generator("terms").choice(len(learned), LEARNED, replace=False))
        learned = [learned[row] for row in chosen]
    values, names = counted(learned, texts)
    usable = np.array([bool(text and text.strip()) for text in texts], np.bool_)
    return Features(values, usable, f"TF-IDF of {len(names):,} words and pairs of words")


def _picture(data: bytes) -> NDArray[np.float32]:
    return pictures.described(picture_of(data))


def _sound(data: bytes) -> NDArray[np.float32]:
    return sounds.described(*sound_of(data))


_READERS: dict[str, tuple[Callable[[bytes], NDArray[np.float32]], str]] = {
    "image": (_picture, "colours and edges of the pictures (no network)"),
    "sound": (_sound, "cepstral coefficients of the sounds (no network)"),
}


def _of_files(
    rows: Rows, clock: Clock, notify: Notify, read: Callable[[bytes], NDArray[np.float32]], how: str
) -> Features | None:
    values: list[NDArray[np.float32] | None] = []
    for name in rows.names:
        part = rows.reporter.scans[name].part
        known = part.table.inspection
        problems = known.problems if known is not None else {}
        for number in part.rows.tolist():
            if clock.left <= 0:
                return None
            values.append(None if number in problems else _described(rows, part.table, number, read))
            notify("describing files", len(values), len(rows))
    size = next((len(value) for value in values if value is not None), 0)
    if not size:
        return None
    empty = np.zeros(size, np.float32)
    usable = np.array([value is not None for value in values], np.bool_)
    return Features(np.stack([empty if value is None else value for value in values]), usable, how)


def _described(
    rows: Rows, table: Any, number: int, read: Callable[[bytes], NDArray[np.float32]]
) -> NDArray[np.float32] | None:
    """Of one file; None where it cannot be read, which the audit says of its own."""
    input_ = rows.reporter.input
    assert isinstance(input_, FromFiles)
    example = table.arrow.slice(number, 1).select(list(input_.required_columns)).to_pylist()[0]
    file = input_.file(example)
    try:
        data = file.read_bytes() if isinstance(file, Path) else file
        return None if data is None else read(data)
    except (InputError, OSError):
        return None
