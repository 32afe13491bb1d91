"""What burnish says when something is wrong.

BurnishError            anything burnish raises on purpose (exit code 1)
├── InputError          bad usage or bad input: nothing has been written (exit code 2)
├── RunFailed           a run that started and could not go on (exit code 1)
│   └── NonFinite       a loss or gradient that is not a number
└── Interrupted         Ctrl-C or SIGTERM; the run is saved and can be resumed (exit code 130)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class BurnishError(Exception):
    """An error in three parts: what was found, what was expected, what to do about it.

    Args:
        found: one sentence that says what was found.
        expected: what would have been right; may be empty.
        fix: what the user can do now; may be empty.
        place: where: a file and row, or a dotted place in the recipe; may be empty.
    """

    exit_code = 1

    def __init__(self, found: str, *, expected: str = "", fix: str = "", place: str = "") -> None:
        self.found, self.expected, self.fix, self.place = found, expected, fix, place
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [f"{self.place}: {self.found}" if self.place else self.found]
        if self.expected:
            lines.append(f"  expected: {self.expected}")
        if self.fix:
            lines.append(f"  what to do: {self.fix}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.found, self.expected, self.fix, self.place))


def _rebuild(kind: type[BurnishError], found: str, expected: str, fix: str, place: str) -> BurnishError:
    return kind(found, expected=expected, fix=fix, place=place)


class InputError(BurnishError):
    """Bad usage or bad input; raised before anything is written."""

    exit_code = 2


class RunFailed(BurnishError):
    """A run that started and could not go on; what is safe on disk is said in `fix`."""


class NonFinite(RunFailed):
    """A loss or gradient that is not a finite number, with the rows that caused it."""


class Interrupted(BurnishError):
    """The user or the system asked the run to stop; its state is saved."""

    exit_code = 130


def nearest(word: str, choices: Iterable[str]) -> str:
    """The choice spelled most like `word`, or an empty string when none is close."""
    close = difflib.get_close_matches(word.lower(), {c.lower(): c for c in choices}, n=1, cutoff=0.55)
    if not close:
        return ""
    return next(c for c in choices if c.lower() == close[0])


def unknown(what: str, word: str, choices: Sequence[str], *, place: str = "") -> InputError:
    """The error for a name that is not among the legal ones, with the nearest spelling."""
    guess = nearest(word, choices)
    return InputError(
        f"unknown {what} {word!r}",
        expected="one of " + ", ".join(choices) if choices else f"no {what} is known here",
        fix=f"did you mean {guess!r}?" if guess else "",
        place=place,
    )
