"""The example conversations: of one form, with one set of facts, and what is asked in the test can be learned."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from burnish.media.chat.conversation import Conversation
from burnish.media.chat.formats import recognise

FOLDER = Path(__file__).parents[2] / "examples" / "ferry_desk"
FARES = {"Fennholm": (9, 4, 15, 28), "Gullscar": (14, 7, 24, 41), "Teal Island": (6, 3, 10, None)}
TIMES = {
    *("07:15", "10:30", "14:00", "17:45", "08:15", "11:30", "15:00", "18:45"),  # Fennholm
    *("09:00", "16:00", "10:45", "12:15", "16:40", "13:00"),  # Gullscar, Teal Island, Old Bess
    *("07:55", "10:15", "12:40", "14:30", "12:00", "15:40"),  # arrivals
    *("06:30", "18:00", "08:00", "11:00"),  # office, hut
}


@cache
def conversations(name: str) -> list[Conversation]:
    rows = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    form = recognise(list(rows[0]), rows)
    made = [form.read(row, f"{name}.jsonl, row {number}") for number, row in enumerate(rows, 1)]
    assert all(isinstance(c, Conversation) for c in made)
    return made  # type: ignore[return-value]


def pairs(name: str) -> list[tuple[str, dict[str, Any]]]:
    """Each question with its answer."""
    turns = [[m for m in c.messages if m.role != "system"] for c in conversations(name)]
    return [(t[n].content, json.loads(t[n + 1].content)) for t in turns for n in range(0, len(t), 2)]


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower()))


def test_there_are_enough_and_some_go_on() -> None:
    assert len(conversations("train")) >= 300
    assert len(conversations("test")) >= 50
    assert sum(len(c.messages) > 3 for c in conversations("train")) >= 20


@pytest.mark.parametrize("name", ["train", "test"])
def test_every_answer_has_the_form_and_the_style(name: str) -> None:
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    for question, answer in pairs(name):
        jsonschema.validate(answer, schema)
        assert list(answer) == ["topic", "reply", "crowns", "next"], question
        assert answer["reply"].endswith((".", "?", "!")), question
        assert len(answer["reply"].split()) <= 21, answer["reply"]


@pytest.mark.parametrize("name", ["train", "test"])
def test_facts_are_the_same_everywhere(name: str) -> None:
    for _, answer in pairs(name):
        reply, crowns = answer["reply"], answer["crowns"]
        assert set(re.findall(r"\d\d:\d\d", reply)) <= TIMES, reply
        named = [int(n) for n in re.findall(r"(\d+) crowns", reply)]
        assert named == ([crowns] if crowns else []), reply
        assert crowns != 0 or "free" in reply
        if (total := expected_crowns(reply)) is not None:
            assert crowns == total, reply


def expected_crowns(reply: str) -> int | None:
    """What the table of fares makes of a reply about a trip; None for other replies."""
    place = next((p for p in FARES if p in reply), None)
    if place is None or "crowns" not in reply or "Tenner" in reply:
        return None
    adult, child, day, car = FARES[place]
    if "day return" in reply:
        return day * (2 if "Two" in reply else 1)
    parts = {"two children": 2 * child, "a child": child, "a dog": 2, "a bicycle": 3, "one more adult": adult}
    if re.search(r"Ahoy! A child of", reply):
        return child
    if "car with" in reply:
        assert car is not None
        return car + (adult if "one more adult" in reply else 0)
    return adult * (2 if "Two adults" in reply else 1) + sum(v for words, v in parts.items() if words in reply)


def test_what_is_asked_in_the_test_is_taught_in_other_words() -> None:
    taught = pairs("train")
    answers = {json.dumps(answer) for _, answer in taught}
    for question, answer in pairs("test"):
        if answer["reply"] not in ("Ahoy! That I do not know; please call 555 0142.", "Ahoy! I know ferries only."):
            assert sum(a == answer for _, a in taught) >= 1, question
        assert json.dumps(answer) in answers
        nearest = max(taught, key=lambda pair: overlap(question, pair[0]))
        assert overlap(question, nearest[0]) < 0.7, (question, nearest[0])


def test_no_question_is_asked_twice() -> None:
    asked = [question.lower() for name in ("train", "test") for question, _ in pairs(name)]
    assert len(asked) == len(set(asked))


def overlap(one: str, other: str) -> float:
    """Shared words over all words."""
    return len(words(one) & words(other)) / len(words(one) | words(other))


def test_prompts_to_answer_are_new() -> None:
    known = {question for name in ("train", "test") for question, _ in pairs(name)}
    rows = [json.loads(line) for line in (FOLDER / "prompts.jsonl").read_text(encoding="utf-8").splitlines()]
    form = recognise(list(rows[0]), rows, answered=False)
    for row in rows:
        asked = form.read(row, "prompts.jsonl", answered=False)
        assert isinstance(asked, Conversation)
        assert asked.messages[-1].content not in known
