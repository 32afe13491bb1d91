"""Answers that are JSON of a schema: at each step only tokens are allowed after which that is still possible (llguidance)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from burnish.core.batch import Array
from burnish.core.errors import InputError
from burnish.core.generated import Ends

ANY_JSON: dict[str, Any] = {}
"""The schema that every JSON value fits."""


def schema_of(given: Any) -> dict[str, Any]:
    """The schema itself, of a schema, of the path of a file that holds one, or of `true` for any JSON.

    Raises:
        ValueError: no such file, no JSON, no JSON schema, or one that tokens cannot be held to.
    """
    schema = given
    if given is True:
        schema = ANY_JSON
    elif isinstance(given, str):
        path = Path(given).expanduser()
        if not path.is_file():
            raise ValueError(f"there is no file {given!r} with a JSON schema")
        try:
            schema = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{given} is not JSON: {error}") from error
    if not isinstance(schema, dict):
        raise ValueError(f"a JSON schema is an object, or the path of a file with one; found {schema!r:.60}")
    library = _library()
    wrong = library.LLMatcher.validate_grammar(library.LLMatcher.grammar_from_json_schema(json.dumps(schema)), None)
    if wrong:
        raise ValueError(f"the JSON schema cannot be used: {wrong.splitlines()[0]}")
    return schema


class Constraint:
    """What one sequence may go on with.

    Args:
        schema: of the answer.
        ends: the tokenizer that answers are written with, and its stop tokens.
        size: how many tokens the network has logits for.
        around: token ids before the JSON, and behind it.
    """

    def __init__(
        self,
        schema: dict[str, Any],
        ends: Ends,
        size: int,
        around: tuple[Sequence[int], Sequence[int]] = ((), ()),
    ) -> None:
        if ends.tokenizer is None:
            raise InputError(
                "predictions of this target are no texts, so no JSON schema can hold them", place="decoder.json_schema"
            )
        library = _library()
        tokenizer = _tokenizer(ends.tokenizer.to_str(), tuple(sorted(ends.stop)), size)
        grammar = library.LLMatcher.grammar_from_json_schema(json.dumps(schema))
        self._matcher = library.LLMatcher(tokenizer, grammar, log_level=0)
        self._before, self._behind = list(around[0]), list(around[1])

    def masked(self, logits: Array) -> Array:
        """Logits [V] with minus infinity for every token after which the answer could no longer fit."""
        if due := self._due:
            out = np.full_like(logits, -np.inf)
            out[due[0]] = max(0.0, logits[due[0]])  # a number, even where the network rules it out
            return out
        allowed = np.frombuffer(self._matcher.compute_logit_bias(), np.uint8)[: len(logits)] > 0
        if not allowed.any():  # nothing fits: told by the answer, which is cut off here
            return logits
        out = np.full_like(logits, -np.inf)
        out[: len(allowed)][allowed] = logits[: len(allowed)][allowed]
        return out

    def took(self, token: int) -> None:
        """This token was chosen."""
        if due := self._due:
            due.pop(0)
        else:
            self._matcher.consume_token(token)

    @property
    def _due(self) -> list[int]:
        """Tokens that come now, whatever the network says; empty where the schema decides, or the end."""
        if self._before:
            return self._before
        return self._behind if self._behind and self._matcher.is_accepting() else []


@lru_cache(maxsize=4)
def _tokenizer(text: str, stops: tuple[int, ...], size: int) -> Any:
    library = _library()
    return library.LLTokenizer(text, n_vocab=size, eos_token=list(stops))


def _library() -> Any:
    try:
        import llguidance
    except ImportError as error:
        raise InputError(
            "predictions in a JSON schema need the package llguidance", fix="pip install 'burnish[constrained]'"
        ) from error
    return llguidance
