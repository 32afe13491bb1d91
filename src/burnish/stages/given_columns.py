"""The columns of rows that are given beside a trained model, which may be called otherwise than in training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from burnish.core.errors import InputError, nearest
from burnish.inputs import Assembled, Input, asked_of, lacking


@dataclass(frozen=True)
class GivenColumns:
    """What each column that a model knows is called in the rows it is given.

    Attributes:
        read: names that its input reads, in the order in which they are named.
        target: the name of its target; None where no truth is wanted.
        called: of each name that differs, what it is called in the given rows.
        assembler: an input that puts rows together from the columns of several forms; then no names are needed.
    """

    read: tuple[str, ...]
    target: str | None = None
    called: Mapping[str, str] = field(default_factory=dict)
    assembler: Input | None = None

    @staticmethod
    def of(
        input: Input, target: str | None = None, *, input_columns: Sequence[str] = (), target_column: str | None = None
    ) -> GivenColumns:
        """By the names that a user gave, all of the input or none.

        Raises:
            InputError: another number of columns than the model reads, or one column for two.
        """
        if isinstance(input, Assembled):
            if input_columns or target_column is not None:
                raise InputError(
                    f"--input and --target do not name columns of {input.thing}s",
                    expected="rows of a usual form",
                    fix="leave them out",
                    place="--input",
                )
            return GivenColumns((), assembler=input)
        read = tuple(asked_of(input).required_columns)
        if input_columns and len(input_columns) != len(read):
            raise InputError(
                f"found {len(input_columns)} --input columns",
                expected=f"{len(read)}: the model reads {' and '.join(map(repr, read))}",
                fix=" ".join(f"--input {name}" for name in read) + ", each as it is called in the given rows",
                place="--input",
            )
        names = dict(zip(read, input_columns, strict=True)) if input_columns else {}
        if target is not None and target_column is not None:
            names[target] = target_column
        every = [names.get(name, name) for name in ([*read, target] if target is not None else read)]
        if names and (twice := next((name for name in every if every.count(name) > 1), None)) is not None:
            raise InputError(
                f"column {twice!r} is named twice",
                expected="a column of its own for each that the model knows",
                place="--input",
            )
        return GivenColumns(read, target, {name: other for name, other in names.items() if other != name})

    @property
    def names(self) -> tuple[str, ...]:
        """What must be there, as the given rows call it."""
        wanted = self.read if self.target is None else (*self.read, self.target)
        return tuple(self.called.get(name, name) for name in wanted)

    def require(self, columns: Sequence[str], *, place: str) -> None:
        """Check that they are there.

        Raises:
            InputError: naming the first that is not, the nearest spelling, and the option that names another.
        """
        if self.assembler is not None and (lacks := lacking(self.assembler, columns)):
            raise InputError(
                f"these columns hold no {self.assembler.thing}s: {', '.join(columns)}",
                expected=f"{lacks[0]}, or another usual form",
                place=place,
            )
        missing = next((name for name in self.names if name not in columns), None)
        if missing is None:
            return
        guess = nearest(missing, [name for name in columns if name not in self.names])
        asked = f"did you mean {guess!r}? Then name it: " if guess else "add it, or name the column that holds it: "
        raise InputError(
            f"there is no column {missing!r}",
            expected="one of " + ", ".join(columns),
            fix=asked + self._option(missing, guess or "COLUMN"),
            place=place,
        )

    def _option(self, missing: str, instead: str) -> str:
        """How it is said on the command line that a column is called otherwise."""
        if self.target is not None and missing == self.called.get(self.target, self.target):
            return f"--target {instead}"
        names = [self.called.get(name, name) for name in self.read]
        return " ".join(f"--input {instead if name == missing else name}" for name in names)

    def renamed(self, columns: Iterable[str]) -> dict[str, str]:
        """Given columns and the names a model knows them by; one in the place of a name that is taken is left out."""
        known = {other: name for name, other in self.called.items()}
        return {name: known.get(name, name) for name in columns if name in known or name not in self.called}

    def rows(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Rows with the columns a model knows, beside all others."""
        return [{**row, **{name: row.get(other) for name, other in self.called.items()}} for row in rows]
