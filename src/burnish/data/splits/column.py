"""By a column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.core.errors import InputError, nearest
from burnish.data.dealing.columns import cells
from burnish.data.splits import NAMES, TEST, TRAIN, VALIDATION, Split

if TYPE_CHECKING:
    from burnish.data.table import Table

_WORDS = {"train": TRAIN, "training": TRAIN, "test": TEST, "testing": TEST}
_WORDS |= dict.fromkeys(("validation", "valid", "val", "dev", "development"), VALIDATION)


class Column(Split):
    """By a column that says train, validation (val, valid, dev) or test in each row."""

    column: str = Field("split", description="Column that names the split of each row.")
    values: dict[str, Literal["train", "validation", "test"]] = Field(
        default_factory=dict, description="Other words of the column and the split they mean, such as {holdout: test}."
    )

    def assign(
        self,
        table: Table,
        contents: NDArray[np.uint64],
        strata: NDArray[np.int64],
        *,
        seed: int,
        parts: tuple[bool, bool],
    ) -> NDArray[np.int8]:
        """[N] splits.

        Raises:
            InputError: no such column; a row that names no split; a row of a split that a file was given for.
        """
        words = _WORDS | {word.strip().lower(): NAMES.index(name) for word, name in self.values.items()}
        out = np.zeros(len(table), np.int8)
        for row, value in enumerate(cells(table, self.column, "split.column")):
            word = str(value).strip().lower()
            if value is None or word not in words:
                guess = nearest(word, list(words)) if value is not None else ""
                raise InputError(
                    f"column {self.column!r} holds "
                    + ("nothing" if value is None else f"{value!r}, which is no split"),
                    expected="one of " + ", ".join(words),
                    fix=f"did you mean {guess!r}?" if guess else "name the split, or map the word with `split.values`",
                    place=table.place(row),
                )
            out[row] = words[word]
            if out[row] != TRAIN and not parts[out[row] - 1]:
                name = NAMES[out[row]]
                raise InputError(
                    f"the row is for {name}, but a file is given for {name} as well",
                    fix=f"leave out `data.{name}`, or the row",
                    place=table.place(row),
                )
        return out
