"""Which ways with long rows go with which inputs, and what a graph cannot do of them."""

from __future__ import annotations

from collections.abc import Sequence

from burnish.core.errors import InputError
from burnish.long import Long

THINGS = {"text": "texts", "picture": "pictures"}
"""What rows are read as, in words."""


def require_long_of(long: Long | None, read_as: str) -> None:
    """That a way is one of such rows.

    Raises:
        InputError: it is not.
    """
    if long is not None and long.of != read_as:
        raise InputError(
            f"long: {long.kind()} is of {THINGS[long.of]}, and this input reads {THINGS[read_as]}",
            expected="tiles for pictures; truncate, slide, hierarchical or context for texts",
            place="long",
        )


def require_one_text(long: Long | None, columns: Sequence[str]) -> None:
    """That a row is one text, where a text is taken apart.

    Raises:
        InputError: it is a pair.
    """
    if len(columns) > 1 and long is not None and not long.is_off and not long.of_pairs:
        raise InputError(
            f"long: {long.kind()} with a pair of texts ({', '.join(columns)}): which of the two is cut, nobody said",
            expected="one text column",
            fix="join the two in a column of their own, or leave `long` out: of a pair the longer text is cut first",
            place="long",
        )


def require_one_limit(long: Long | None, max_length: int | None) -> None:
    """That how long a text may be is said once.

    Raises:
        InputError: as `long.tokens` and as `max_length`.
    """
    tokens = getattr(long, "tokens", None)
    if tokens is not None and max_length is not None and tokens != max_length:
        raise InputError(
            f"long.tokens is {tokens:,}, and input.max_length {max_length:,}",
            fix="leave input.max_length out",
            place="long.tokens",
        )


def require_beginning(long: Long | None, option: str = "--raw") -> None:
    """That nothing but the beginning of a row is read.

    Raises:
        InputError: more is.
    """
    if long is not None and not long.is_off and not long.of_pairs:
        raise InputError(
            f"a graph that reads rows as they are reads their beginnings, and this model reads long ones by {long.kind()}",
            fix=f"export without {option}: burnish cuts rows in the lean install, without torch",
            place=option,
        )
