"""The characters of a checkpoint of CTC, from the files that people have beside their weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.core.errors import InputError
from burnish.media.transcript.vocabulary import Spelling, learned_tokens, needed_frames, restored, stated_tokens


def written(folder: Path, table: Any, added: dict[str, int] | None = None, **config: Any) -> Path:
    named = {"architectures": ["Wav2Vec2ForCTC"], "pad_token_id": 0, **config}
    (folder / "config.json").write_text(json.dumps(named), encoding="utf-8")
    (folder / "vocab.json").write_text(json.dumps(table), encoding="utf-8")
    if added is not None:
        (folder / "added_tokens.json").write_text(json.dumps(added), encoding="utf-8")
    return folder


def test_tokens_stand_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    assert stated_tokens(written(tmp_path, {"b": 2, "<pad>": 0, "a": 1}, vocab_size=3)) == (("<pad>", "a", "b"), 0)


def test_tokens_that_were_added_later_count(tmp_path: Path) -> None:
    """As checkpoints have them whose vocabulary was learned from texts: the marks of sentences stand in another file."""
    folder = written(tmp_path, {"[PAD]": 2, "a": 0, "b": 1}, {"<s>": 3, "</s>": 4}, vocab_size=5, pad_token_id=2)
    assert stated_tokens(folder) == (("a", "b", "[PAD]", "<s>", "</s>"), 2)


def test_of_several_languages_the_first(tmp_path: Path) -> None:
    folder = written(tmp_path, {"eng": {"<pad>": 0, "a": 1}, "fra": {"<pad>": 0, "é": 1}}, vocab_size=2)
    assert stated_tokens(folder) == (("<pad>", "a"), 0)


@pytest.mark.parametrize("table", [["a"], {"a": 1}, {"a": 0, "b": 2}])
def test_what_is_no_table_is_refused(table: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no table of tokens"):
        stated_tokens(written(tmp_path, table))


def test_a_vocabulary_of_another_head_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 tokens, and the head of the checkpoint 32 outputs") as error:
        stated_tokens(written(tmp_path, {"<pad>": 0, "a": 1}, vocab_size=32))
    assert "target.tokens" in error.value.fix


def test_a_tokenizer_of_words_is_no_vocabulary_of_ctc(tmp_path: Path) -> None:
    assert stated_tokens(written(tmp_path, {"the": 0}, architectures=["BertForMaskedLM"])) is None


def test_texts_become_numbers_and_back() -> None:
    spelling = Spelling(learned_tokens(["a rope", "é|"]))
    assert spelling.tokens == ("<pad>", "<unk>", "|", "a", "e", "o", "p", "r", "é")
    numbers, lost = spelling.numbers("  a  rope? ")
    assert spelling.text(numbers) == "a rope"
    assert lost == ["?"]
    assert spelling.characters() == set(" aeopré")
    again = restored(json.loads(json.dumps(spelling.settings())), Path("bundle.json"))
    assert again == spelling
    assert again.fingerprint() == spelling.fingerprint()


def test_frames_that_a_text_needs() -> None:
    """One for each letter, one more between two equal ones."""
    assert [needed_frames(ids) for ids in ([], [1], [1, 2], [1, 1], [1, 1, 1, 2])] == [0, 1, 2, 3, 6]


def test_frames_of_convolutions_by_hand() -> None:
    """wav2vec 2.0: 25 ms a frame, every 20 ms."""
    spelling = Spelling(("<pad>",), kernels=(10, 3, 3, 3, 3, 2, 2), strides=(5, 2, 2, 2, 2, 2, 2))
    assert [spelling.frames(n) for n in (0, 399, 400, 719, 720, 16000)] == [0, 0, 1, 1, 2, 49]
    assert [Spelling(("<pad>",)).frames(n) for n in (1, 320, 321, 16000)] == [1, 1, 2, 50]
    assert np.all(np.diff([spelling.frames(n) for n in range(0, 4000, 7)]) >= 0)
