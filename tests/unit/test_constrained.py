"""Answers that are held to a JSON schema, with a network that says anything: random logits over a vocabulary of bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from tokenizers import Tokenizer, models, pre_tokenizers

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.generated import Ends
from burnish.decoders.greedy import Greedy
from burnish.decoders.sampling import Sampling

pytest.importorskip("llguidance")
STOP = 256


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """A token for each byte, and one that ends."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(vocab={letter: n for n, letter in enumerate(letters)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    from tokenizers import AddedToken, decoders

    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken("<stop>", special=True)])
    return made


class Noise:
    """Random logits, other ones at each step: no network is worse."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def __call__(self, ids: Any, cache: Any) -> tuple[Any, Any]:
        rows = 3 if ids is None else len(ids)
        return self.random.normal(size=(rows, 257)).astype(np.float32), cache

    def picked(self, cache: Any, rows: Any) -> Any:
        return cache


def ends(tokenizer: Tokenizer) -> Ends:
    return Ends(frozenset({STOP}), lambda ids: tokenizer.decode(list(ids)), tokenizer=tokenizer)


SCHEMA = {
    "type": "object",
    "properties": {"kind": {"enum": ["ferry", "train"]}, "price": {"type": "integer", "minimum": 0, "maximum": 999}},
    "required": ["kind", "price"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "decoder", [Greedy(json_schema=SCHEMA), Sampling(json_schema=SCHEMA)], ids=["greedy", "sampling"]
)
@pytest.mark.parametrize("seed", range(4))
def test_answers_fit_whatever_the_network_says(tokenizer: Tokenizer, decoder: Any, seed: int) -> None:
    for written in decoder.written(Noise(seed), 3, ends(tokenizer), [1, 2, 3]):
        assert written.ended == "stop"
        value = json.loads(tokenizer.decode(written.ids.tolist()))
        assert value["kind"] in ("ferry", "train")
        assert 0 <= value["price"] <= 999
        assert set(value) == {"kind", "price"}
        assert np.isfinite(written.score)


def test_without_a_schema_the_same_network_says_no_json(tokenizer: Tokenizer) -> None:
    written = Greedy(max_new_tokens=20).written(Noise(0), 3, ends(tokenizer))
    assert not any(tokenizer.decode(one.ids.tolist()).startswith("{") for one in written)


def test_a_schema_travels_as_itself(tmp_path: Path) -> None:
    place = tmp_path / "schema.json"
    place.write_text(json.dumps(SCHEMA))
    decoder = Greedy.model_validate({"json_schema": str(place)})
    assert decoder.json_schema == SCHEMA
    assert build("burnish.decoders", decoder.model_dump()).json_schema == SCHEMA  # type: ignore[attr-defined]
    assert Greedy.model_validate({"json_schema": True}).json_schema == {}


@pytest.mark.parametrize(
    ("given", "said"),
    [("nowhere.json", "there is no file"), ({"type": "nonsense"}, "cannot be used"), ([1], "is an object")],
)
def test_a_schema_that_is_none(given: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Greedy.model_validate({"json_schema": given})


def test_answers_that_are_no_texts() -> None:
    with pytest.raises(InputError, match="no JSON schema can hold them"):
        Greedy(json_schema=SCHEMA).written(Noise(0), 3, Ends(frozenset({STOP})))
