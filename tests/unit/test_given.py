"""What of the truth the network is shown while it learns, and that it is not there when it answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.core.component import Component, kinds
from burnish.core.errors import InputError
from burnish.data.feeding.encode import encode_part, fingerprint
from burnish.data.feeding.loader import Loader
from burnish.targets import Generative, OverVocabulary, Target, Taught, shows_truth, target_class
from burnish.targets.label import Label
from tests import toy_sequences as toy
from tests.sequence_cases import sequences

ROWS: list[dict[str, Any]] = [
    {"text": "abc", "answer": "CBA"},
    {"text": "a", "answer": "A"},
    {"text": "abcdefgh", "answer": None},
]


def test_a_reply_stands_behind_its_question_while_learning_only(tmp_path: Path) -> None:
    """Ids, lengths and weights by hand; without the reply where the network answers."""
    made = sequences(tmp_path, "Reply", ROWS)
    capital = toy.FIRST + len(toy.LETTERS)
    batch = made.loader.batch(np.array([0, 2]))
    assert batch.inputs["input_ids"].tolist() == [
        [4, 5, 6, toy.MARK, capital + 2, capital + 1, capital, 0, 0],
        [4, 5, 6, 7, 8, 9, 10, 11, toy.MARK],
    ]
    assert batch.targets[0, 3:].tolist() == [capital + 2, capital + 1, capital, toy.END, 0, 0]
    assert batch.weights.tolist() == [[0, 0, 0, 1, 1, 1, 1, 0, 0], [0] * 9]
    assert (batch.useful, batch.size) == (7 + 9, 18)
    assert made.encoded.lengths.tolist() == [4, 2, 9]
    assert made.encoded.given_lengths.tolist() == [7, 3, 9]
    assert made.encoded.given_full_lengths.tolist() == [7, 3, 9]
    assert made.encoded.weights.tolist() == [4, 2, 0]
    ((asked,),) = (list(views) for views in made.loader.views(np.array([0])))
    assert asked["input_ids"].tolist() == [4, 5, 6, toy.MARK]
    assert made.loader.taught(np.array([0]))[0]["_length"] == 7


def test_a_decoder_is_shown_the_letters_before_each(tmp_path: Path) -> None:
    made = sequences(tmp_path, "Shown", ROWS)
    batch = made.loader.batch(np.array([0, 1]))
    assert batch.inputs["input_ids"].shape == (2, 3)
    assert batch.inputs["decoder_input_ids"].tolist() == [[toy.BEGIN, 6, 5, 4], [toy.BEGIN, 4, 0, 0]]
    assert batch.targets.tolist() == [[6, 5, 4, toy.END], [4, toy.END, 0, 0]]
    assert batch.owner.tolist() == [[0] * 4, [1] * 4]
    assert batch.by_row(batch.weights).tolist() == [4, 2]
    inputs, _ = made.loader.collate(made.loader.encoded(np.array([0, 1])))
    assert "decoder_input_ids" not in inputs
    assert made.encoded.given_lengths is made.encoded.lengths


def test_where_nothing_is_given_nothing_is_kept(tmp_path: Path) -> None:
    made = sequences(tmp_path, "Frames", ROWS)
    assert not made.encoded.gives
    assert not shows_truth(made.target)
    assert not shows_truth(Label())
    assert made.loader.taught(np.array([0]))[0].keys() == made.loader.encoded(np.array([0]))[0].keys()


class Otherwise(toy.Shown):
    """Gives in another way."""

    def given(self, value: Any, encoded: Any, processor: Any) -> Any:
        return {"decoder_input_ids": super().given(value, encoded, processor)["decoder_input_ids"][::-1]}


class Forgotten(toy.Shown):
    """Gives what it does not pad."""

    def collate_given(self, given: Any, length: int, processor: Any) -> Any:
        return {}


class Uneven(toy.Shown):
    """Gives other names for some rows."""

    def given(self, value: Any, encoded: Any, processor: Any) -> Any:
        return super().given(value, encoded, processor) if value else {}


def test_another_way_of_giving_is_another_cache_file(tmp_path: Path) -> None:
    """Also of a target that inherits all else; and the file of its base class is part of the key."""
    made = sequences(tmp_path, "Shown", ROWS)
    part, other = made.encoded.part, Otherwise(column="answer", alphabet=made.target.alphabet)
    keys = {fingerprint(part, toy.Spelling(), t, made.processor) for t in (made.target, other)}
    assert len(keys) == 2
    again = encode_part(part, toy.Spelling(), other, made.processor, cache=tmp_path / "cache")
    assert not again.hit
    assert again.given(0)["decoder_input_ids"].tolist() == [4, 5, 6, toy.BEGIN]


def test_what_is_given_and_not_collated_is_an_error_of_the_target(tmp_path: Path) -> None:
    made = sequences(tmp_path, "Shown", ROWS)
    target = Forgotten(column="answer", alphabet=made.target.alphabet)
    rows = encode_part(made.encoded.part, toy.Spelling(), target, made.processor, cache=tmp_path / "cache")
    with pytest.raises(TypeError, match="decoder_input_ids"):
        Loader(rows, toy.Spelling(), target, made.processor).batch(np.array([0]))
    uneven = Uneven(column="answer", alphabet=made.target.alphabet)
    with pytest.raises(TypeError, match="for another"):
        encode_part(made.encoded.part, toy.Spelling(), uneven, made.processor, cache=tmp_path / "cache")


class Refusing(toy.Shown):
    """Cannot show a truth."""

    def given(self, value: Any, encoded: Any, processor: Any) -> Any:
        raise InputError("an answer that cannot be shown")


def test_a_truth_that_cannot_be_shown_is_named_by_its_row(tmp_path: Path) -> None:
    made = sequences(tmp_path, "Shown", ROWS)
    target = Refusing(column="answer", alphabet=made.target.alphabet)
    with pytest.raises(InputError, match="cannot be shown") as caught:
        encode_part(made.encoded.part, toy.Spelling(), target, made.processor, cache=tmp_path / "cache")
    assert caught.value.place.endswith("row 1")


def test_closed_labels_have_nothing_of_what_sequences_are_taught_with() -> None:
    """Every public name counts, from wherever it is inherited but `Component`: 23 are as many as one can keep in mind."""
    known = [target_class(kind) for kind in kinds("burnish.targets")]
    closed = [cls for cls in known if not issubclass(cls, OverVocabulary | Generative)]
    assert len(closed) >= 4
    assert not [cls for cls in closed if issubclass(cls, Taught)]
    above = Target.__mro__[: Target.__mro__.index(Component)]
    public = {name for cls in above for name in {**vars(cls), **cls.__annotations__} if not name.startswith("_")}
    assert not public & set(vars(Taught))
    assert len(public - {"model_config", "model_fields"}) <= 23


def test_who_has_something_of_taught_and_is_none_is_told() -> None:
    """Nobody would ask it: what it gives would be left out silently."""
    with pytest.raises(TypeError, match=r"has 'given'.*class Given\(Target, Taught\)"):

        class Given(Label):
            """Gives, and does not say so."""

            def given(self, value: Any, encoded: Any, processor: Any) -> Any:
                return {}
