"""What targets over the vocabulary of a checkpoint must do: each place learns the next token of what the network is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from burnish.core.batch import Encoded
from burnish.core.component import build, component_class, kinds
from burnish.evaluation.scores import metrics_for
from burnish.inputs.chat import Chat
from burnish.media.chat.conversation import Conversation, Message, TokenIds
from burnish.media.chat.processor import ChatProcessor
from burnish.targets import OverVocabulary, Target, Taught, shows_truth
from burnish.targets.response import Response
from tests.checkpoints import chat_checkpoint

AXIS = "burnish.targets"
OVER_VOCABULARY = [k for k in kinds(AXIS) if issubclass(component_class(AXIS, k), OverVocabulary)]


def chat(*texts: str, weights: tuple[float, ...] = ()) -> Conversation:
    """User and assistant in turn."""
    roles = ("user", "assistant")
    given = (*weights, *(1.0 for _ in texts))
    return Conversation(tuple(Message(roles[n % 2], text, weight=given[n]) for n, text in enumerate(texts)))


VALUES = {
    "one reply": chat("where is the fox ?", "the lazy dog"),
    "two replies": chat("the fox ?", "a dog", "and now ?", "a cat"),
    "first reply without weight": chat("the fox ?", "a dog", "and now ?", "a cat", weights=(1, 0, 1, 1)),
    "half weight": chat("the fox ?", "a dog", weights=(1, 0.5)),
    "no weight": chat("the fox ?", "a dog", weights=(1, 0)),
}


@pytest.fixture(scope="module")
def processor(tmp_path_factory: pytest.TempPathFactory) -> ChatProcessor:
    return Chat().processor(chat_checkpoint(tmp_path_factory.mktemp("checkpoint") / "chat"))


def encoded(conversation: Conversation | TokenIds, processor: ChatProcessor) -> Encoded:
    return Chat().encode([{"conversation": conversation.to_text()}], processor)[0]


def learned_text(target: Response, conversation: Conversation, processor: ChatProcessor) -> str:
    ids, weights = target.encode(conversation.to_text(), encoded(conversation, processor), processor)
    return processor.marked_text(ids[weights > 0].tolist())


@pytest.mark.parametrize("kind", OVER_VOCABULARY)
def test_is_written_and_read_back_and_names_a_loss_and_metrics_that_take_it(kind: str) -> None:
    target = cast(Target, build(AXIS, kind))
    assert build(AXIS, json.loads(json.dumps(target.model_dump()))) == target
    assert target.sentence()
    assert target.shape in ("sequence", "element")
    assert target.default_loss in kinds("burnish.losses")
    assert target.decides in {metric.label for metric in metrics_for(target)} | {"loss"}
    assert set(target.headline) <= set(kinds("burnish.metrics"))
    assert target.learned(iter(["anything"])) == target


@pytest.mark.parametrize("name", VALUES)
def test_each_place_learns_the_next_token_of_what_is_shown(name: str, processor: ChatProcessor) -> None:
    target, value = Response(), VALUES[name].to_text()
    assert isinstance(target, Taught)
    assert shows_truth(target)
    asked = encoded(VALUES[name], processor)
    shown = target.given(value, asked, processor)
    ids, weights = target.encode(value, asked, processor)
    assert len(shown["input_ids"]) == len(ids) == len(weights) == int(shown["_length"])
    np.testing.assert_array_equal(shown["input_ids"][1:], ids[:-1])
    assert ids.dtype == np.int64
    assert weights.dtype == np.float32
    if weights.any():
        assert int(ids[-1]) in processor.stops
        np.testing.assert_array_equal(shown["input_ids"][: len(asked["input_ids"])], asked["input_ids"])
        assert len(asked["input_ids"]) == np.flatnonzero(weights[:-1] == 0)[-1] + 2, (
            "the last reply is what is asked for"
        )


def test_what_is_learned_is_the_replies_and_their_ends(processor: ChatProcessor) -> None:
    both = learned_text(Response(), VALUES["two replies"], processor)
    assert both == "a dog<|im_end|>a cat<|im_end|>"
    assert learned_text(Response(), VALUES["first reply without weight"], processor) == "a cat<|im_end|>"
    assert learned_text(Response(last_reply_only=True), VALUES["two replies"], processor) == "a cat<|im_end|>"
    assert "and now" in learned_text(
        build(AXIS, {"kind": "response", "learn": "all"}), VALUES["two replies"], processor
    )  # type: ignore[arg-type]
    half = Response().encode(VALUES["half weight"].to_text(), encoded(VALUES["half weight"], processor), processor)[1]
    assert set(half.tolist()) == {0.0, 0.5}


@pytest.mark.parametrize("value", [None, "", chat("only a question").to_text(), VALUES["no weight"].to_text()])
def test_nothing_is_learned_where_there_is_nothing_to_learn(value: Any, processor: ChatProcessor) -> None:
    asked = encoded(chat("only a question"), processor)
    ids, weights = Response().encode(value, asked, processor)
    shown = Response().given(value, asked, processor)["input_ids"]
    assert len(shown) == len(ids)
    assert not weights.any()


def test_problems_and_truths(processor: ChatProcessor) -> None:
    target = Response()
    assert target.problem_with(None) == "no conversation"
    assert target.problem_with(chat("only a question").to_text()) == "no reply at its end"
    assert target.truth(chat("only a question").to_text()) is None
    assert target.problem_with(VALUES["one reply"].to_text()) == ""
    assert target.truth(VALUES["one reply"].to_text()) == "the lazy dog"
    call = {"id": "1", "type": "function", "function": {"name": "time", "arguments": {"port": "oak"}}}
    calls = Conversation((Message("user", "when ?"), Message("assistant", "", tool_calls=json.dumps([call]))))
    truth = target.truth(calls.to_text())
    assert json.loads(str(truth)) == {"content": "", "tool_calls": [{"name": "time", "arguments": {"port": "oak"}}]}


def test_batch_pads_with_weight_zero(processor: ChatProcessor) -> None:
    target = Response()
    pairs = [target.encode(v.to_text(), encoded(v, processor), processor) for v in VALUES.values()]
    length = max(len(ids) for ids, _ in pairs) + 3
    targets, weights = target.collate(pairs, length)
    assert targets.shape == weights.shape == (len(pairs), length)
    for row, (ids, weight) in enumerate(pairs):
        np.testing.assert_array_equal(targets[row, : len(ids)], ids)
        np.testing.assert_array_equal(weights[row, : len(ids)], weight)
        assert not weights[row, len(ids) :].any()


@pytest.mark.parametrize(
    ("learn", "words"), [("teacher", "roles are"), ([], "roles are"), (["user", "robot"], "roles are")]
)
def test_unknown_roles_to_learn_are_refused(learn: Any, words: str) -> None:
    with pytest.raises(Exception, match=words):
        build(AXIS, {"kind": "response", "learn": learn})


def test_a_bundle_keeps_the_words_of_what_was_written(processor: ChatProcessor, tmp_path: Path) -> None:
    """Processor saved and read back renders the same ids and stops at the same tokens."""
    Chat().save_processor(processor, tmp_path)
    again = Chat().processor(tmp_path, json.loads(json.dumps(processor.settings())))
    assert again.stops == processor.stops
    assert again.fingerprint() == processor.fingerprint()
    for conversation in VALUES.values():
        np.testing.assert_array_equal(
            encoded(conversation, processor)["input_ids"], encoded(conversation, again)["input_ids"]
        )
