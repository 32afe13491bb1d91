"""Tokens that a checkpoint's tokenizer does not have yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tokenizers import AddedToken, Tokenizer

from burnish.core.errors import InputError

PLACE = "input.new_tokens"


def extended(tokenizer: Tokenizer, tokens: Sequence[str]) -> Tokenizer:
    """A copy with these tokens behind its vocabulary: each is one piece wherever it stands, and is seen in answers.

    Raises:
        InputError: one is empty or blank, named twice, or there already.
    """
    longer = Tokenizer.from_str(tokenizer.to_str())
    for token in tokens:
        if not token.strip():
            raise InputError("a new token without a letter or sign", expected="such as '<order>'", place=PLACE)
        if (number := tokenizer.token_to_id(token)) is not None:
            raise InputError(
                f"{token!r} is a token of the checkpoint already ({number})",
                fix=f"take it out, and name it so that it learns: adapter.trainable_token_indices=[{number}]",
                place=PLACE,
            )
        if longer.token_to_id(token) is not None:
            raise InputError(f"{token!r} is named twice", fix="name it once", place=PLACE)
        longer.add_tokens([_added(token)])
    return longer


def ids(tokenizer: Tokenizer, tokens: Sequence[str]) -> tuple[int, ...]:
    """The ids of tokens that were added."""
    return tuple(number for token in tokens if (number := tokenizer.token_to_id(token)) is not None)


def add_to(loaded: Any, tokens: Sequence[str]) -> None:
    """Add them to a tokenizer of transformers in the same way."""
    for token in tokens:
        loaded.add_tokens([_added(token)])


def _added(token: str) -> AddedToken:
    return AddedToken(token, normalized=False, special=False)
