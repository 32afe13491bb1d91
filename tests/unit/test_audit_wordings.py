"""Prompts of two splits in nearly the same words: found in conversations, and exactly those that comparing all finds."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from burnish.data.looking.audit import Finding, examine
from burnish.data.looking.audit.wordings import alike, said
from burnish.data.table import Part
from burnish.inputs.chat import Chat
from burnish.media.chat.conversation import COLUMN, Conversation, Message
from burnish.targets.response import Response
from tests.data_cases import label_target, table, text_input

FLIGHT = "Can you please book a flight for me from New York to London tomorrow?"
PAINTED = "How long does it take to paint a wooden fence of twelve metres"


def chats(*prompts: str) -> list[dict[str, Any]]:
    """A conversation for each prompt, put together."""
    return [
        {COLUMN: Conversation((Message("user", prompt), Message("assistant", f"Reply {n}"))).to_text()}
        for n, prompt in enumerate(prompts)
    ]


def found(**splits: list[dict[str, Any]]) -> list[Finding]:
    parts = {name: Part(t := table(rows, f"{name}.jsonl"), np.arange(len(t))) for name, rows in splits.items()}
    return [f for f in examine(parts, Chat(), Response()).findings if f.code.startswith("reworded")]


def test_a_prompt_with_a_word_changed_is_found_between_splits() -> None:
    train = chats(PAINTED, FLIGHT, "Name three rivers of France.")
    test = chats("Name three poets of Spain.", FLIGHT.replace("please ", ""))
    (finding,) = found(train=train, test=test)
    assert (finding.code, finding.severity, finding.count) == ("reworded_test_rows_in_train", "warning", 1)
    assert finding.message == "1 of 2 test prompts are in train in nearly the same words"
    assert [(row.row, row.detail) for row in finding.rows] == [(1, "like train.jsonl, row 2 in train")]


def test_every_pair_of_splits_is_looked_at() -> None:
    other = FLIGHT.replace("tomorrow", "today")
    again = FLIGHT.replace("please ", "")
    codes = {f.code for f in found(train=chats(FLIGHT), validation=chats(other), test=chats(again))}
    assert codes == {
        "reworded_validation_rows_in_train",
        "reworded_test_rows_in_train",
        "reworded_test_rows_in_validation",
    }


def test_what_is_equal_but_for_punctuation_is_another_finding() -> None:
    assert not found(train=chats(FLIGHT), test=chats(FLIGHT.lower().replace("?", " ...")))


def test_only_prompts_are_compared() -> None:
    """Tables of texts with labels are full of lines that are nearly alike; replies may be."""
    rows = [{"text": FLIGHT, "label": "a"}], [{"text": FLIGHT.replace("please ", ""), "label": "b"}]
    parts = {n: Part(table(r, n), np.arange(1)) for n, r in zip(("train", "test"), rows, strict=True)}
    examined = examine(parts, text_input(), label_target("a", "b"))
    assert not [f for f in examined.findings if f.code.startswith("reworded")]


@pytest.mark.parametrize("seed", range(4))
def test_the_filter_loses_nothing(seed: int) -> None:
    """Sentences of twelve words, some changed in up to four places: as comparing all with all."""
    drawn = random.Random(seed)
    words = [f"w{n}" for n in range(40)]
    base = [drawn.choices(words, k=12) for _ in range(12)]
    train, test = ([_changed(drawn, words, sentence) for sentence in base * 3] for _ in range(2))
    letters = {sentence.replace(" ", "") for sentence in train}
    slow = [n for n, t in enumerate(test) if t.replace(" ", "") not in letters and any(_alike(t, o) for o in train)]
    finding = found(train=chats(*train), test=chats(*test))[0]
    assert finding.count == len(slow) > 3
    assert [row.row for row in finding.rows] == slow[:20]


def _changed(drawn: random.Random, words: list[str], sentence: list[str]) -> str:
    out = list(sentence)
    for _ in range(drawn.randint(0, 4)):
        out[drawn.randrange(len(out))] = drawn.choice(words)
    return " ".join(out)


def _alike(one: str, other: str) -> bool:
    return alike(said(one), said(other))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (PAINTED, PAINTED.replace("twelve", "thirty"), True),
        (PAINTED, "How long does it take to build a wooden bridge of twelve metres", False),
        ("What is the capital of France?", "What is the capital of Spain?", False),
        ("请问明天从上海到北京的火车几点出发呢", "请问今天从上海到北京的火车几点出发呢", True),
        ("", "", False),
    ],
)
def test_what_counts_as_nearly_the_same(one: str, other: str, same: bool) -> None:
    assert _alike(one, other) is same
