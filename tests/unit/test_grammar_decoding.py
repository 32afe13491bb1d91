"""Decoding held to tunes in ABC, with a network that says anything: random logits over bytes and some longer tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.generated import Ends
from burnish.decoders._grammar import HURRY, held
from burnish.decoders.beam import Beam
from burnish.decoders.greedy import Greedy
from burnish.decoders.sampling import Sampling
from burnish.media.music.abc import problems
from burnish.runtimes.ctranslate2 import Ctranslate2, settings_of
from burnish.runtimes.gguf import Gguf
from burnish.targets.tune import Tune

HEADER = "X:1\nT:Noise\nM:3/4\nL:1/8\nK:D\n"


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """A token for each byte, some of several, and one that ends."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: n for n, letter in enumerate(letters)}
    merges = [("d", "2"), ("A", "B"), ("AB", "c"), ("|", "|"), ("Ċ", "M"), ("t", "h"), ("|", "Ċ"), ("a", "2")]
    for pair in merges:
        vocabulary["".join(pair)] = len(vocabulary)
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken("<stop>", special=True)])
    return made


def ends(tokenizer: Tokenizer) -> Ends:
    stop = tokenizer.token_to_id("<stop>")
    return Ends(frozenset({stop}), lambda ids: tokenizer.decode(list(ids)), tokenizer=tokenizer)


class Noise:
    """Random logits: no network is worse. It likes bar lines and short notes, as networks that saw tunes do."""

    def __init__(self, tokenizer: Tokenizer, seed: int) -> None:
        self.random, self.size = np.random.default_rng(seed), tokenizer.get_vocab_size()
        self.liked = [tokenizer.token_to_id(token) for token in ("d2", "AB", "|", "||", "d", "Ċ", "|Ċ", "G", "K", "M")]

    def __call__(self, ids: Any, cache: Any) -> tuple[Any, Any]:
        logits = self.random.normal(size=(2 if ids is None else len(ids), self.size)).astype(np.float32)
        logits[:, self.liked] += 3
        return logits, cache

    def picked(self, cache: Any, rows: Any) -> Any:
        return cache


class Nothing(Noise):
    """Noise that likes nothing."""

    def __init__(self, tokenizer: Tokenizer, seed: int) -> None:
        super().__init__(tokenizer, seed)
        self.liked = []


DECODERS = [
    Greedy(grammar="abc", grammar_begun=HEADER, max_new_tokens=120),
    Sampling(grammar="abc", grammar_begun=HEADER, max_new_tokens=120),
    Beam(grammar="abc", grammar_begun=HEADER, max_new_tokens=70, width=2),
]


@pytest.mark.parametrize("decoder", DECODERS, ids=["greedy", "sampling", "beam"])
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_tunes_are_valid_whatever_the_network_says(tokenizer: Tokenizer, decoder: Any, seed: int) -> None:
    for written in decoder.written(Noise(tokenizer, seed), 2, ends(tokenizer), [1, 2]):
        tune = HEADER + tokenizer.decode(written.ids.tolist())
        assert written.ended == "stop", tune
        assert problems(tune) == [], tune
        assert np.isfinite(written.score)


@pytest.mark.slow
def test_a_network_that_likes_nothing_is_not_cut_off_either(tokenizer: Tokenizer) -> None:
    decoder = Sampling(grammar="abc", grammar_begun=HEADER, max_new_tokens=90)
    for seed in range(4):
        for written in decoder.written(Nothing(tokenizer, seed), 2, ends(tokenizer), [1, 2]):
            tune = HEADER + tokenizer.decode(written.ids.tolist())
            assert written.ended == "stop", tune
            assert problems(tune) == [], tune


def test_without_a_grammar_the_same_network_writes_no_tune(tokenizer: Tokenizer) -> None:
    written = Greedy(max_new_tokens=60).written(Noise(tokenizer, 0), 2, ends(tokenizer))
    assert all(problems(HEADER + tokenizer.decode(one.ids.tolist())) for one in written)


@pytest.mark.slow
def test_a_network_writes_the_header_as_well(tokenizer: Tokenizer) -> None:
    (written, _) = Greedy(grammar="abc", max_new_tokens=700).written(Noise(tokenizer, 3), 2, ends(tokenizer))
    tune = tokenizer.decode(written.ids.tolist())
    assert tune.startswith("X:")
    assert problems(tune) == []


def test_tokens_are_those_that_the_grammar_allows(tokenizer: Tokenizer) -> None:
    def allowed(text: str) -> set[str]:
        tune = held(ends(tokenizer), tokenizer.get_vocab_size(), 500, HEADER + text)
        return {str(tokenizer.id_to_token(token)) for token in tune.allowed.tolist()}

    assert {"AB", "d2", "G", "|"} <= allowed("d4")  # a pickup so far
    assert "ABc" not in allowed("d4")
    behind = allowed("d6|ABA d2")
    assert "|Ċ" not in behind
    assert "A" in behind
    assert not {"AB", "ABc", "a2", "d2", "<stop>"} & behind
    assert "<stop>" in allowed("d6||")
    assert "<stop>" not in allowed("d6|")
    assert allowed("d6|d6||") > {"<stop>", "A"}


def test_a_text_that_does_not_end_is_ended(tokenizer: Tokenizer) -> None:
    tune = held(ends(tokenizer), tokenizer.get_vocab_size(), 500, "X:1\nT:")
    letter = tokenizer.token_to_id("x")
    for _ in range(47):
        assert letter in tune.allowed
        tune.took(letter)
    tune.took(letter)
    assert letter not in tune.allowed
    assert tokenizer.token_to_id("Ċ") in tune.allowed


def test_a_tune_ends_before_it_is_cut_off(tokenizer: Tokenizer) -> None:
    size, note = tokenizer.get_vocab_size(), tokenizer.token_to_id("A")
    tune = held(ends(tokenizer), size, HURRY + 7, HEADER)
    for _ in range(6):
        tune.took(note)
    assert tokenizer.token_to_id("|Ċ") in tune.allowed
    late = held(ends(tokenizer), size, HURRY + 6, HEADER)
    for _ in range(6):
        late.took(note)
    said = {tokenizer.decode([token]) for token in late.allowed.tolist()}
    assert said == {"|", "||", ":"}
    late.took(tokenizer.token_to_id("||"))
    assert [tokenizer.id_to_token(token) for token in late.allowed.tolist()] == ["<stop>"]


def test_a_beam_of_width_1_is_greedy(tokenizer: Tokenizer) -> None:
    settings: dict[str, Any] = {"grammar": "abc", "grammar_begun": HEADER, "max_new_tokens": 80}
    greedy = Greedy(**settings).written(Noise(tokenizer, 5), 2, ends(tokenizer))
    beam = Beam(**settings, width=1).written(Noise(tokenizer, 5), 2, ends(tokenizer))
    assert [one.ids.tolist() for one in beam] == [one.ids.tolist() for one in greedy]


def test_it_travels_with_its_settings() -> None:
    decoder = Sampling(grammar="abc", temperature=0.7)
    assert build("burnish.decoders", decoder.model_dump() | {"kind": "sampling"}) == decoder


def test_a_grammar_or_a_schema() -> None:
    with pytest.raises(ValidationError, match="not to both"):
        Greedy(grammar="abc", json_schema={})


def test_answers_that_are_no_texts() -> None:
    with pytest.raises(InputError, match="no grammar can hold them"):
        Greedy(grammar="abc").line(Ends(frozenset({1}))).took(np.zeros(3, np.float32))


def test_a_header_that_the_grammar_does_not_cover(tokenizer: Tokenizer) -> None:
    with pytest.raises(InputError, match="no tune that the grammar covers begins"):
        held(ends(tokenizer), tokenizer.get_vocab_size(), 9, "X:1\nM:none\nK:C\n")


def test_ctranslate2_has_no_grammar() -> None:
    with pytest.raises(InputError, match="hold predictions to a grammar"):
        settings_of(Greedy(grammar="abc"))


def test_a_grammar_is_refused_before_anything_is_opened_or_exported(tokenizer: Tokenizer) -> None:
    """Of a target's own orders too, which the decoder does not name; what torch computes has it all."""
    own = Ends(frozenset({0}), orders=lambda most: held(ends(tokenizer), tokenizer.get_vocab_size(), most))
    for decoder, ends_ in ((Greedy(grammar="abc"), ends(tokenizer)), (Greedy(), own)):
        with pytest.raises(InputError, match="shows no logits") as refused:
            Ctranslate2().require(decoder, Tune(), ends_)
        assert "runtime: torch" in str(refused.value)
        Gguf().require(decoder, Tune(), ends_)
    Ctranslate2().require(Greedy(grammar="free"), Tune(), own)
