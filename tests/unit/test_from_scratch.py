"""Networks of transformers from random weights: drawn from the seed, as large as the tokenizer needs, and all of them learn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from burnish.adapters import require_all_learning
from burnish.adapters.full import Full
from burnish.adapters.lora import Lora
from burnish.core.errors import InputError
from burnish.inputs.document import Document
from burnish.inputs.music_file import MusicFile
from burnish.inputs.text import Text
from burnish.models.transformers import Transformers
from burnish.stages.prepare.usual_settings import usual
from burnish.stages.train.baselines import answers_itself
from burnish.targets.label import Label
from burnish.targets.midi import Midi
from burnish.targets.next_token import NextToken
from tests.checkpoints import byte_tokenizer, tiny_checkpoint
from tests.midi_cases import configuration

DOCUMENT = Document(column="text", layout="causal")


def with_tokenizer(folder: Path, kind: str = "gpt2") -> Path:
    byte_tokenizer(("some words", "and others")).save_pretrained(configuration(folder, kind))
    return folder


def built(folder: Path, seed: int = 0, input_: Any = DOCUMENT, target: Any = None, **more: Any) -> Any:
    model = Transformers(name=str(folder), random_weights=True, **more)
    return model.build(input_, target or NextToken(column="text"), seed=seed)


def weights(network: Any) -> dict[str, np.ndarray[Any, Any]]:
    return {name: value.detach().numpy().copy() for name, value in network.named_parameters()}


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_weights_are_drawn_from_the_seed_alone(kind: str, tmp_path: Path) -> None:
    folder = with_tokenizer(tmp_path, kind)
    torch.manual_seed(1)
    first = weights(built(folder, 0))
    state = torch.get_rng_state()
    again, other = weights(built(folder, 0)), weights(built(folder, 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert first.keys() == again.keys()
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert any(not np.array_equal(first[name], other[name]) for name in first)


def test_the_vocabulary_is_that_of_the_tokenizer_and_it_is_said(tmp_path: Path) -> None:
    folder = with_tokenizer(tmp_path)
    network = built(folder)
    size = len(byte_tokenizer(("some words", "and others")))
    assert network.model.config.vocab_size == network.vocabulary.weight.shape[0] == size
    assert network.model.config.eos_token_id < size
    said = " ".join(network.notes)
    assert "nothing is pretrained" in said
    assert f"vocabulary of {size:,} tokens" in said


def test_events_are_the_whole_vocabulary_where_there_is_no_tokenizer(tmp_path: Path) -> None:
    folder = configuration(tmp_path)
    for caption, more in (("", 0), ("caption", 256)):
        input_ = MusicFile(caption=caption)
        network = built(folder, input_=input_, target=Midi(column="music"))
        processor = input_.processor(folder)
        assert network.model.config.vocab_size == processor.size == len(processor.events) + more
        assert network.new_tokens == ()
        assert network.model.config.eos_token_id is network.model.config.pad_token_id is None


def test_events_stand_behind_the_vocabulary_of_a_checkpoint(tmp_path: Path) -> None:
    """A pretrained network gets rows for them; its own stay as they were, bit for bit."""
    folder = tiny_checkpoint(tmp_path, "llama")
    input_ = MusicFile(caption="caption")
    processor = input_.processor(folder)
    before = Transformers(name=str(folder)).build(DOCUMENT, NextToken(column="text"), seed=0)
    network: Any = Transformers(name=str(folder)).build(input_, Midi(column="music"), seed=0)
    assert network.new_tokens == tuple(range(processor.first, processor.first + len(processor.events)))
    table = network.model.get_input_embeddings().weight
    old: Any = before.model.get_input_embeddings().weight  # type: ignore[union-attr]
    assert torch.equal(table[: processor.first], old[: processor.first])
    assert processor.captions == "tokenizer"
    assert processor.prompt("some words")[-1] == processor.begin
    assert not network.from_scratch


def test_a_head_of_classes_is_drawn_as_well(tmp_path: Path) -> None:
    folder = with_tokenizer(tmp_path)
    target = Label(column="label", labels=["a", "b", "c"])
    network = built(folder, input_=Text(columns=["text"]), target=target)
    assert network.model.config.num_labels == 3
    assert network.fresh_head


def test_weights_that_would_stay_noise_are_refused(tmp_path: Path) -> None:
    folder = with_tokenizer(tmp_path)
    whole = built(folder)
    Full().prepare(whole)
    require_all_learning(whole, Full())
    frozen = built(folder)
    Lora().prepare(frozen)
    with pytest.raises(InputError, match="random weights"):
        require_all_learning(frozen, Lora())
    partly = Full(freeze=["wte.*"])
    still = built(folder)
    partly.prepare(still)
    with pytest.raises(InputError, match=r"wte"):
        require_all_learning(still, partly)
    with pytest.raises(InputError, match="four bits"):
        built(folder, quantized="4bit")


def test_the_usual_rate_is_that_of_random_weights(tmp_path: Path) -> None:
    folder = with_tokenizer(tmp_path)
    family = Transformers(name=str(folder), random_weights=True).family(DOCUMENT)
    assert (family.kind, family.pretrained) == ("decoder", False)
    own = sum(v.numel() for n, v in built(folder).named_parameters() if "wte" not in n and "wpe" not in n)
    assert family.weights == own
    assert usual(family, "full", 1.0).learning_rate == 5e-4


def test_there_is_no_checkpoint_as_it_was(tmp_path: Path) -> None:
    assert not answers_itself(NextToken(column="text"), built(with_tokenizer(tmp_path)))


@pytest.mark.parametrize(
    ("settings", "said"), [({"n_head": 5}, "config.json"), ({"model_type": "nothing"}, "config.json cannot be used")]
)
def test_what_no_network_can_be_made_of(settings: dict[str, Any], said: str, tmp_path: Path) -> None:
    byte_tokenizer(("some words",)).save_pretrained(configuration(tmp_path, "gpt2", **settings))
    with pytest.raises(InputError, match=said):
        built(tmp_path)


def test_without_the_setting_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    folder = with_tokenizer(tmp_path)
    with pytest.raises(InputError, match="no weights"):
        Transformers(name=str(folder)).build(DOCUMENT, NextToken(column="text"), seed=0)
