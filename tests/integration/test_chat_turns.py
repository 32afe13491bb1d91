"""Conversations of several turns: what each split makes of them, and that each reply is learned as it is asked for."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.data.feeding.loader import Loader
from burnish.data.unfolding import as_written
from burnish.media.chat.conversation import Conversation
from burnish.stages.prepare.prepare import Prepared
from tests.chat_cases import LLAMA3, QWEN3
from tests.chat_rows import chat_rows
from tests.integration.chat_ready import Ready

SPLIT = {"split": {"kind": "column", "column": "part"}}
LLAMA = (
    LLAMA3.replace("<|start_header_id|>", "<|im_start|>")
    .replace("<|end_header_id|>", " ")
    .replace("<|eot_id|>", "<|im_end|>")
)


@pytest.fixture
def ready(tmp_path: Path, chat: Path) -> Ready:
    made = Ready(tmp_path, chat)
    made.rows = several(3)
    made.settings |= SPLIT
    return made


def several(turns: int) -> list[dict[str, Any]]:
    """18 conversations, each in a split."""
    rows = chat_rows(turns=turns)[:18]
    return [{**row, "part": ("train", "train", "validation", "test")[n % 4]} for n, row in enumerate(rows)]


def cells(made: Prepared, split: str) -> list[Conversation]:
    part = made.parts[split]
    texts = part.table.take(part.rows, ["conversation"])["conversation"].to_pylist()
    return [Conversation.from_text(text) for text in texts]


def test_held_out_conversations_are_one_row_a_reply_and_belong_together(ready: Ready) -> None:
    made = ready.prepared()
    for split in ("validation", "test"):
        part = made.parts[split]
        assert len(part) == 3 * len(as_written(part))
        groups = part.table.take(part.rows, [part.table.group])[part.table.group].to_pylist()
        assert [groups.count(group) for group in dict.fromkeys(groups)] == [3] * len(as_written(part))
        for first, second in pairwise(cells(made, split)):
            assert [m.weight for m in first.messages if m.role == "assistant"][:-1] in ([], [0.0], [0.0, 0.0])
            assert first.messages[-1].weight == 1
            assert len(second.messages) in (len(first.messages) + 2, 3)
    assert len(made.parts["train"]) == len(as_written(made.parts["train"]))
    assert "test 4 in 12" in ready.texts("note")


def learned_replies(made: Prepared, split: str) -> list[tuple[list[int], list[int]]]:
    """Of each learned reply of a split, the tokens before it as the network is shown them, and the reply's own."""
    recipe, rows = made.recipe, made.encoded[split]
    loader, out = Loader(rows, recipe.input, recipe.target, made.processor), []
    for position in range(len(rows)):
        shown = loader.taught(np.array([position]))[0]["input_ids"].tolist()
        targets, weights = rows.target(position)
        learned = np.flatnonzero(weights > 0)
        for run in np.split(learned, np.flatnonzero(np.diff(learned) > 1) + 1):
            out.append((shown[: run[0] + 1], targets[run].tolist()))
    return out


@pytest.mark.parametrize(
    ("template", "thoughts"), [("own", False), ("qwen3", False), ("qwen3", True), ("llama3", False)]
)
def test_each_reply_is_learned_behind_the_prompt_that_service_gives_it(
    ready: Ready, template: str, thoughts: bool
) -> None:
    """Token for token, in every split; the reply ends with a token that ends it in service."""
    if template != "own":
        ready.settings["input"] = {"kind": "chat", "template": {"qwen3": QWEN3, "llama3": LLAMA}[template]}
    if thoughts:
        for row in ready.rows:
            for message in row["messages"]:
                if message["role"] == "assistant":
                    message["reasoning_content"] = "let me look"
    made = ready.prepared()
    chat = made.processor.for_input
    asked: dict[str, list[list[int]]] = {}
    for split in made.parts:
        prompts = []
        for row in as_written(made.parts[split]).rows.tolist():
            messages = ready_messages(made, row)
            prompts += [
                chat.prompt(Conversation(messages[:n])) for n, m in enumerate(messages) if m.role == "assistant"
            ]
        asked[split] = prompts
        replies = learned_replies(made, split)
        assert [prompt for prompt, _ in replies] == prompts
        assert all(written[-1] in chat.stops for _, written in replies)
    assert len(asked["train"]) > 10


def ready_messages(made: Prepared, row: int) -> Any:
    """The messages of a row as it was assembled."""
    part = as_written(made.parts["train"])
    return Conversation.from_text(part.table.arrow["conversation"][row].as_py()).messages


def test_a_template_that_drops_earlier_thoughts_makes_one_example_a_reply_and_says_the_growth(ready: Ready) -> None:
    ready.settings["input"] = {"kind": "chat", "template": QWEN3}
    for row in ready.rows:
        for message in row["messages"]:
            if message["role"] == "assistant":
                message["reasoning_content"] = "let me look"
    made = ready.prepared()
    train = made.parts["train"]
    assert len(train) == 3 * len(as_written(train))
    said = ready.texts("note")
    assert "one example for each reply" in said
    assert "times the tokens" in said


def test_of_long_conversations_the_earliest_exchanges_leave_and_lost_replies_are_counted_by_cause(ready: Ready) -> None:
    ready.settings["input"] = {"kind": "chat", "max_length": 64}
    ready.rows[0]["messages"][-1]["content"] = "the red boat leaves oak at ten " * 12
    made = ready.prepared()
    said = ready.texts("note")
    assert "without their earliest exchanges" in said
    assert "tokens of replies are lost: the reply is longer than the limit" in said
    assert int(made.encoded["train"].lengths.max()) <= 64
    # Of all other replies of the training split none is lost, and none is learned twice.
    learned = [json.dumps(written) for _, written in learned_replies(made, "train")]
    rows = as_written(made.parts["train"]).rows.tolist()
    assert len(learned) == 3 * len(rows) - 1
